"""Sums what became of the bookings of a month, and how long the operator took to decide."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Q,
    QuerySet,
    Sum,
)

from bookings.models import Booking, BookingRequest
from drivers.models import Fleet
from reports.models import BookingTotal, Dimension, MonthMade
from reports.months import add_months
from reports.summing.keeping import held, replace
from reports.summing.sessions import FARTHEST, SECOND
from sites.models import Location

COLUMNS = {
    Dimension.DRIVER: "driver_id",
    Dimension.VEHICLE: "vehicle_id",
    Dimension.SITE: "location_id",
}
DIMENSIONS = (Dimension.ALL, *COLUMNS)
Status = Booking.Status
DECIDED = (BookingRequest.Status.APPROVED, BookingRequest.Status.REJECTED)
# Within how long a decision comes that nobody complains of, and that still helps.
MINUTES, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)


def bookings_near(fleet: Fleet, month: date) -> QuerySet[Booking]:
    """Return the bookings that may begin in a month, whatever the clocks of their sites say."""
    begin, end = _instants(month, UTC)
    return Booking.objects.filter(
        fleet=fleet, start_at__gte=begin - FARTHEST, start_at__lt=end + FARTHEST
    )


def bookings_of(fleet: Fleet, month: date) -> QuerySet[Booking]:
    """Return the bookings that begin in a month, each by the clock of its site."""
    return bookings_near(fleet, month).filter(_in_month(month))


def sum_bookings(fleet: Fleet, month: date) -> list[BookingTotal]:
    """Return the sums of a month, not yet saved; two queries for each dimension."""
    bookings = bookings_of(fleet, month)
    return [total for each in DIMENSIONS for total in _by(fleet, month, Dimension(each), bookings)]


def keep_bookings(fleet: Fleet, month: date, *, now: datetime, wait: bool = False) -> bool:
    """Sum a month anew; return False where somebody else is at it.

    `now` is when that was begun: what changes from then on is not in it.
    """
    with held(fleet, month, MonthMade.What.BOOKINGS, wait=wait) as made:
        if made is None:
            return False
        replace(made, BookingTotal, [*sum_bookings(fleet, month)], now=now)
    return True


def _by(
    fleet: Fleet, month: date, dimension: Dimension, bookings: QuerySet[Booking]
) -> Iterator[BookingTotal]:
    column = COLUMNS.get(dimension)
    totals: dict[int, BookingTotal] = {}
    for row in _outcomes(bookings, column):
        subject = (row[column] or 0) if column else 0
        totals[subject] = BookingTotal(
            fleet=fleet,
            month=month,
            dimension=dimension,
            subject=subject,
            bookings=row["all_of_them"],
            took_place=row["charged"],
            no_shows=row["missed"],
            cancelled=row["called_off"],
            not_booked=row["never_booked"],
        )
    for told in _decisions(bookings, column):
        total = totals.get((told[f"booking__{column}"] or 0) if column else 0)
        if total is None:
            # Of a booking that was made since the first look; the next sum has it.
            continue
        total.decided, total.refused = told["all_decided"], told["all_refused"]
        total.decision_seconds = (told["all_time"] or timedelta()) // SECOND
        total.longest_seconds = (told["longest"] or timedelta()) // SECOND
        total.within_minutes = told["quick"]
        total.within_hour, total.within_day = told["in_an_hour"], told["in_a_day"]
    yield from totals.values()


def _outcomes(bookings: QuerySet[Booking], column: str | None) -> QuerySet[Booking, dict[str, Any]]:
    """Count what became of them; without a column all of them, if there are any."""
    # Grouped by what is the same for all of them, so that no bookings give no row.
    rows = bookings.order_by().values(column or "fleet_id")
    return rows.annotate(
        all_of_them=Count("pk"),
        charged=Count("pk", filter=Q(status=Status.COMPLETED)),
        missed=Count("pk", filter=Q(status=Status.NO_SHOW)),
        called_off=Count("pk", filter=Q(status=Status.CANCELLED)),
        never_booked=Count("pk", filter=Q(status__in=Booking.NEVER_BOOKED)),
    )


def _decisions(
    bookings: QuerySet[Booking], column: str | None
) -> QuerySet[BookingRequest, dict[str, Any]]:
    took = ExpressionWrapper(F("settled_at") - F("created_at"), DurationField())
    rows = (
        BookingRequest.objects.filter(
            booking__in=bookings.values("pk"), status__in=DECIDED, settled_at__isnull=False
        )
        .annotate(took=took)
        .order_by()
        .values(f"booking__{column}" if column else "booking__fleet_id")
    )
    return rows.annotate(
        all_decided=Count("pk"),
        all_refused=Count("pk", filter=Q(status=BookingRequest.Status.REJECTED)),
        all_time=Sum("took"),
        longest=Max("took"),
        quick=Count("pk", filter=Q(took__lte=MINUTES)),
        in_an_hour=Count("pk", filter=Q(took__lte=HOUR)),
        in_a_day=Count("pk", filter=Q(took__lte=DAY)),
    )


def _in_month(month: date) -> Q:
    """Return which instants are in a month at which sites: a range for each zone that there is."""
    by_zone: dict[str, list[str]] = {}
    for name in Location.objects.order_by().values_list("timezone", flat=True).distinct():
        by_zone.setdefault(Location(timezone=name).zone.key, []).append(name)
    found = Q(pk=None)
    for key, names in by_zone.items():
        begin, end = _instants(month, ZoneInfo(key))
        found |= Q(location__timezone__in=names, start_at__gte=begin, start_at__lt=end)
    return found


def _instants(month: date, zone: tzinfo) -> tuple[datetime, datetime]:
    begin, end = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (month, add_months(month, 1))
    )
    return begin, end
