"""What a fleet may read of its series, and how its dates stand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from bookings.models import Booking
from drivers.models import Fleet
from series.asking import with_facts
from series.days.rhythm import Occurrence
from series.models import Series, SeriesDate

State = SeriesDate.State
# What did not work out, and may yet: nobody may overlook it.
CLASHES = Q(dates__state=State.NOT_FREE) | Q(
    dates__state=State.ASKED, dates__booking__status__in=Booking.DID_NOT_WORK_OUT
)


def series_of(fleet: Fleet) -> QuerySet[Series]:
    return with_facts(Series.objects.filter(fleet=fleet))


def one_series_of(fleet: Fleet, pk: int) -> Series:
    """Return one of a fleet's series. Raises Series.DoesNotExist."""
    return series_of(fleet).get(pk=pk)


def counted(series: QuerySet[Series], *, since: date) -> QuerySet[Series]:
    """Add how many dates are still to come (`ahead`), and how many of them clash (`clashes`).

    `since` is the first day ahead, as below.
    """
    ahead = Q(dates__day__gte=since)
    return series.annotate(
        ahead=Count(
            "dates",
            filter=ahead & Q(dates__state__in=[State.WAITING, State.ASKED, State.NOT_FREE]),
        ),
        clashes=Count("dates", filter=ahead & CLASHES),
    )


def first_day_ahead(now: datetime) -> date:
    """Return the day before which all is over, whatever the zone of a site."""
    return (now - timedelta(hours=12)).date()


@dataclass(frozen=True, slots=True)
class DateRow:
    """A date as its page shows it."""

    date: SeriesDate
    occurrence: Occurrence
    now: datetime

    @property
    def booking(self) -> Booking | None:
        return self.date.booking if self.date.state in {State.ASKED, State.CANCELLED} else None

    @property
    def has_begun(self) -> bool:
        return self.occurrence.start_at <= self.now

    @property
    def clashes(self) -> bool:
        booking = self.booking
        return self.date.state == State.NOT_FREE or bool(
            self.date.state == State.ASKED
            and booking
            and booking.status in Booking.DID_NOT_WORK_OUT
        )

    @property
    def may_ask(self) -> bool:
        return self.clashes and not self.has_begun

    @property
    def may_cancel(self) -> bool:
        if self.has_begun:
            return False
        if self.date.state in SeriesDate.OPEN or self.clashes:
            return True
        booking = self.booking
        return bool(self.date.state == State.ASKED and booking and booking.can_cancel(self.now))


@dataclass(frozen=True, slots=True)
class Dates:
    """A series' dates: what has begun or been, what is near, and what lies beyond the horizon."""

    past: list[DateRow]
    near: list[DateRow]
    beyond: list[DateRow]

    @property
    def clashes(self) -> int:
        return sum(row.clashes for row in self.near)

    @property
    def is_undecided(self) -> bool:
        return any(row.booking and row.booking.is_undecided for row in self.near)


def dates_of(series: Series, *, now: datetime) -> Dates:
    dates = series.dates.select_related(
        "booking__location", "booking__evse__charge_point", "booking__charging_session"
    ).order_by("day")
    rows = [DateRow(each, series.rhythm.occurrence(each.day, series.zone), now) for each in dates]
    ahead = [row for row in rows if not row.has_begun]
    return Dates(
        past=[row for row in rows if row.has_begun],
        near=[row for row in ahead if row.date.state != State.WAITING],
        beyond=[row for row in ahead if row.date.state == State.WAITING],
    )


def series_with_clashes(fleet: Fleet, *, since: date) -> QuerySet[Series]:
    """Return the active series of which a date to come was not free, or which cannot go on."""
    active = Series.objects.filter(fleet=fleet, state=Series.State.ACTIVE)
    return counted(active, since=since).filter(Q(clashes__gt=0) | ~Q(problem="")).order_by("pk")
