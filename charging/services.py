"""What is done with sessions, and what else has to happen with it."""

from collections.abc import Iterable
from datetime import date

from django.db.models import F

from charging.models import MonthChange


def month_of(day: date) -> date:
    return day.replace(day=1)


def mark_months(changed: Iterable[tuple[int, date]]) -> None:
    """Say of which fleets (by id) which months (by any day in them) are to be summed anew.

    Within the transaction that changes the sessions. A session that moves from one month, fleet
    or cost centre to another marks both.
    """
    wanted = {(fleet_id, month_of(day)) for fleet_id, day in changed}
    rows = [MonthChange(fleet_id=fleet_id, month=month) for fleet_id, month in sorted(wanted)]
    MonthChange.objects.bulk_create(rows, ignore_conflicts=True)
    for fleet_id, month in sorted(wanted):
        MonthChange.objects.filter(fleet_id=fleet_id, month=month).update(version=F("version") + 1)
