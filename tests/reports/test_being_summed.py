"""Whether a report waits for sums of its sessions."""

from datetime import date

import pytest
import time_machine
from django.utils import timezone

from reports.models import MonthMade
from reports.months import Period
from reports.selectors import is_being_summed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_march():
    with time_machine.travel("2027-03-14T12:00Z", tick=False):
        yield


def test_months_to_come_are_looked_for_nowhere(fleet, django_assert_num_queries):
    """A look for their sessions would go through all of the year's."""
    for month in (1, 2, 3):
        MonthMade.objects.create(
            fleet=fleet,
            month=date(2027, month, 1),
            what=MonthMade.What.SESSIONS,
            made_at=timezone.now(),
        )
    period = Period.parse("2027")
    # Of marks, and of months that were summed.
    with django_assert_num_queries(2):
        assert not is_being_summed(fleet, period)
