"""How the sums of a month take the place of the ones before, whoever else sums it meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from drivers.models import Fleet
from reports.models import MonthMade, MonthRow

AT_ONCE = 1000


@contextmanager
def held(
    fleet: Fleet, month: date, what: MonthMade.What, *, wait: bool
) -> Iterator[MonthMade | None]:
    """Hold a month in a transaction, so that nobody replaces its sums with older ones.

    What is read from here on is at least as new as what the last to hold it has read. Yields None
    where somebody else holds it and nobody is to `wait`.
    """
    MonthMade.objects.bulk_create(
        [MonthMade(fleet=fleet, month=month, what=what)], ignore_conflicts=True
    )
    with transaction.atomic():
        rows = MonthMade.objects.filter(fleet=fleet, month=month, what=what)
        yield rows.select_for_update(skip_locked=not wait).first()


def replace(
    made: MonthMade, model: type[MonthRow], rows: list[MonthRow], *, now: datetime | None = None
) -> None:
    """Put sums in the place of those that there are; for whoever holds the month."""
    manager = model._default_manager
    manager.filter(fleet=made.fleet_id, month=made.month).delete()
    manager.bulk_create(rows, batch_size=AT_ONCE)
    made.made_at = now or timezone.now()
    made.save(update_fields=["made_at"])
