"""Reads of the sums of a fleet. Every read starts at the fleet."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Aggregate, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from charging.mirroring.reach import read_since
from charging.mirroring.run import may_read_sessions
from charging.models import CostCentre, MonthChange
from charging.selectors.filters import SessionFilter, narrowed_sessions
from charging.services import last_day_of, month_of
from drivers.models import Driver, Fleet
from reports.measures import COLUMNS, GREATEST, TOPICS, Source, Sums, Topic
from reports.models import BookingTotal, Dimension, MonthMade, MonthRow, MonthTotal
from reports.months import Period, add_months, this_month
from reports.summing.sessions import FARTHEST
from sites.models import Location
from vehicles.models import Vehicle

MOST_YEARS = 10


@dataclass(frozen=True, slots=True)
class Known:
    """Of what a fleet has figures, and since when.

    `whole_since` is the first month of which all sessions have been read; None while the operator's
    are read for the first time.
    """

    sources: frozenset[Source]
    first: date
    whole_since: date | None

    @property
    def topics(self) -> list[Topic]:
        return [topic for topic in TOPICS.values() if topic.source in self.sources]

    def compares_from(self, source: Source) -> date:
        """Return the first month that others may be compared with."""
        if source is not Source.SESSIONS:
            return date.min
        return self.whole_since or date.max


def known_to(fleet: Fleet) -> Known:
    """Return which reports there are for a fleet; costs five queries.

    Sessions are left out where the operator does not let them be read; what Ampcontrol would tell,
    where it has told nothing.
    """
    firsts = {
        source: source.model._default_manager.filter(fleet=fleet, dimension=Dimension.ALL)
        .order_by("month")
        .values_list("month", flat=True)
        .first()
        for source in Source
    }
    sources = {Source.BOOKINGS} | {source for source, first in firsts.items() if first is not None}
    if Source.SESSIONS not in sources and may_read_sessions():
        sources.add(Source.SESSIONS)
    return Known(
        frozenset(sources),
        min((first for first in firsts.values() if first), default=this_month()),
        _whole_since(fleet),
    )


def _whole_since(fleet: Fleet) -> date | None:
    since = read_since(fleet)
    if since is None:
        return None
    # Some site's clock may have been in the month before.
    month = month_of(since.astimezone(UTC).date())
    while datetime.combine(month, time(), UTC) - FARTHEST < since:
        month = add_months(month, 1)
    return month


def first_shown(fleet: Fleet) -> Period:
    """Return what is shown where nothing was chosen: the last full month, if that has anything."""
    last = add_months(this_month(), -1)
    for model in (MonthTotal, BookingTotal):
        if model.objects.filter(fleet=fleet, dimension=Dimension.ALL, month=last).exists():
            return Period(last, 1)
    return Period(this_month(), 1)


def is_being_summed(fleet: Fleet, period: Period) -> bool:
    """Return whether sessions of a period have changed since they were summed, or never were."""
    within = {"fleet": fleet, "month__gte": period.start, "month__lte": period.last_month}
    if MonthChange.objects.filter(**within).exists():
        return True
    made = MonthMade.objects.filter(
        **within, what=MonthMade.What.SESSIONS, made_at__isnull=False
    ).values_list("month", flat=True)
    current = this_month()
    missing = sorted(month for month in set(period.each_month()) - set(made) if month <= current)
    if not missing:
        return False
    days = (Q(local_day__gte=each, local_day__lt=add_months(each, 1)) for each in missing)
    # No more of the sessions than may be missing: the months of a large fleet have many.
    around = SessionFilter(since=missing[0], until=last_day_of(missing[-1]))
    return narrowed_sessions(fleet, around).filter(reduce(or_, days)).exists()


def count_sessions(fleet: Fleet, period: Period) -> int:
    """Return how many sessions are known, summed or not."""
    within = SessionFilter(since=period.start, until=period.end)
    return narrowed_sessions(fleet, within).filter(continues="").count()


def monthly_sums(
    fleet: Fleet, source: Source, *, first: date, last: date
) -> dict[tuple[date, str], Sums]:
    """Return the sums of the whole fleet by month and currency; "" where there is none."""
    rows = source.model._default_manager.filter(
        fleet=fleet, dimension=Dimension.ALL, month__gte=first, month__lte=last
    )
    columns = (*COLUMNS[source], *GREATEST.get(source, ()))
    keys = ("month", "currency") if source is Source.SESSIONS else ("month",)
    return {
        (row.pop("month"), row.pop("currency", "")): row for row in rows.values(*keys, *columns)
    }


def added_up(source: Source, several: Iterable[Sums]) -> dict[str, Any]:
    """Add sums up; nothing gives zeros."""
    rows = list(several)
    sums: dict[str, Any] = {name: sum(row[name] for row in rows) for name in COLUMNS[source]}
    for name in GREATEST.get(source, ()):
        sums[name] = max((row[name] for row in rows), default=0)
    return sums


def sums_by(
    fleet: Fleet, topic: Topic, dimension: Dimension, period: Period
) -> QuerySet[MonthRow, dict[str, Any]]:
    """Return the sums of each driver, vehicle, … in a period, in the order of the topic's table.

    Each row has its `subject`, and its `currency` where the topic is by that.
    """
    source = topic.source
    keys = ("currency", "subject") if topic.by_currency else ("subject",)
    rows = source.model._default_manager.filter(
        fleet=fleet,
        dimension=dimension,
        month__gte=period.start,
        month__lte=period.last_month,
    )
    if topic.by_currency:
        # Only sums of sessions have a currency.
        rows = rows.exclude(Q(("currency", "")))
    sums: dict[str, Aggregate] = {f"{name}_sum": Sum(name) for name in COLUMNS[source]}
    sums |= {f"{name}_sum": Max(name) for name in GREATEST.get(source, ())}
    first = ("currency",) if topic.by_currency else ()
    return (
        rows.order_by()
        .values(*keys)
        .annotate(**sums)
        .order_by(*first, f"-{topic.first}_sum", "subject")
    )


def plain(row: dict[str, Any]) -> Sums:
    """Return a row of `sums_by` under the names that the columns have."""
    return {name.removesuffix("_sum"): value for name, value in row.items()}


def names_of(dimension: Dimension, subjects: Iterable[int]) -> dict[int, str]:
    """Return what drivers, vehicles, sites or cost centres are called, by key; one query.

    The keys have to come from the fleet's own sums.
    """
    keys = set(subjects) - {0}
    nothing = {
        Dimension.DRIVER: _("Without a driver"),
        Dimension.VEHICLE: _("Without a vehicle"),
        Dimension.SITE: _("Site not known"),
        Dimension.COST_CENTRE: _("Without a cost centre"),
        Dimension.ALL: _("Whole fleet"),
    }
    match dimension:
        case Dimension.DRIVER:
            found = {row.pk: row.display_name for row in Driver.objects.filter(pk__in=keys)}
        case Dimension.VEHICLE:
            found = {row.pk: row.name for row in Vehicle.objects.filter(pk__in=keys)}
        case Dimension.SITE:
            found = {row.pk: row.name for row in Location.objects.filter(pk__in=keys)}
        case Dimension.COST_CENTRE:
            found = {row.pk: str(row) for row in CostCentre.objects.filter(pk__in=keys)}
        case _:
            found = {}
    gone = _("No longer known")
    return {0: nothing[dimension]} | {key: found.get(key, gone) for key in keys}
