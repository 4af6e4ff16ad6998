"""What is done with sessions, and what else has to happen with it."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db.models import F, Q

from charging.models import MonthChange


def month_of(day: date) -> date:
    return day.replace(day=1)


def last_day_of(month: date) -> date:
    """Return the last day of a month, by any day in it."""
    return month_of(month_of(month) + timedelta(days=31)) - timedelta(days=1)


def mark_months(changed: Iterable[tuple[int, date]]) -> None:
    """Say of which fleets (by id) which months (by any day in them) are to be summed anew.

    Within the transaction that changes the sessions. A session that moves from one month, fleet
    or cost centre to another marks both.
    """
    wanted = sorted({(fleet_id, month_of(day)) for fleet_id, day in changed})
    if not wanted:
        return
    these = reduce(or_, (Q(fleet=fleet_id, month=month) for fleet_id, month in wanted))
    # Locked in one order, so that two who mark the same months wait for each other.
    locked = MonthChange.objects.filter(these).order_by("fleet_id", "month").select_for_update()
    missing, keys = set(wanted), list[int]()
    while missing:
        rows = [MonthChange(fleet_id=fleet_id, month=month) for fleet_id, month in sorted(missing)]
        MonthChange.objects.bulk_create(rows, ignore_conflicts=True)
        # Whoever has summed a month meanwhile has taken away the mark that was there.
        found = {(row.fleet_id, row.month): row.pk for row in locked.all()}
        missing, keys = set(wanted) - set(found), list(found.values())
    MonthChange.objects.filter(pk__in=keys).update(version=F("version") + 1)
