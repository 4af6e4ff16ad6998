"""Holds the kept sums against the sessions that they are made of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from charging.models import MonthChange, Session
from charging.services import month_of
from drivers.models import Fleet
from reports.measures import COLUMNS, Source
from reports.models import MonthTotal
from reports.months import add_months
from reports.summing.sessions import sum_sessions

Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a month whose kept sum is not that of its sessions."""

    fleet: Fleet
    month: date
    dimension: str
    subject: int
    currency: str
    kept: dict[str, object]
    summed: dict[str, object]


def differences(fleet: Fleet, month: date) -> list[Difference]:
    """Compare a month's sums with its sessions, to the last digit."""
    rows = MonthTotal.objects.filter(fleet=fleet, month=month)
    kept = {_key(row): _sums(row) for row in rows}
    summed = {_key(row): _sums(row) for row in sum_sessions(fleet, month)}
    return [
        Difference(fleet, month, *key, kept=kept.get(key, {}), summed=summed.get(key, {}))
        for key in sorted(kept.keys() | summed.keys())
        if kept.get(key) != summed.get(key)
    ]


def months_with_sums(fleet: Fleet) -> Iterator[date]:
    """Yield all months that have sessions or sums, but those that wait to be summed anew."""
    found = set(MonthTotal.objects.filter(fleet=fleet).values_list("month", flat=True).distinct())
    days = Session.objects.filter(fleet=fleet).order_by("started_at")
    first, last = days.first(), days.last()
    if first is not None and last is not None:
        month = month_of(first.local_day)
        while month <= add_months(month_of(last.local_day), 1):
            found.add(month)
            month = add_months(month, 1)
    marked = MonthChange.objects.filter(fleet=fleet).values_list("month", flat=True)
    yield from sorted(found - set(marked))


def _key(row: MonthTotal) -> Key:
    return row.dimension, row.subject, row.currency


def _sums(row: MonthTotal) -> dict[str, object]:
    return {name: getattr(row, name) for name in COLUMNS[Source.SESSIONS]}
