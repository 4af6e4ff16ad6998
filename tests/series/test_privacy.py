"""What series tell of a driver comes out, and does not outlive the rest."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from privacy.erasure import erase_driver
from privacy.export import sections
from privacy.retention import clear_old_data, due
from series.models import Series

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(nights):
    series = nights(reference="Job for Ana", name="Ana's nights")
    series.save()
    series.dates.create(day=series.first_day, state="not-free", problem="Ana is late.")
    return series


def test_a_drivers_series_are_exported_and_erased(kept, driver):
    told = {name: list(rows) for name, rows in sections(driver, now=now())}
    assert "Job for Ana" in json.dumps(told["series"], default=str)
    erase_driver(driver=driver, email=driver.email)
    kept.refresh_from_db()
    assert (kept.state, kept.reference, kept.name) == (Series.State.ENDED, "", "")
    assert kept.dates.get().problem == ""


def test_a_series_goes_when_its_last_day_is_long_over(kept):
    assert due().series == 0
    long_ago = kept.last_day - timedelta(days=3 * 366)
    Series.objects.update(first_day=long_ago, last_day=long_ago)
    assert due().series == 1
    assert clear_old_data().series == 1
    assert not Series.objects.exists()
