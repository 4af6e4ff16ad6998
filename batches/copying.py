"""Tables made of bookings that there were: another one, yesterday's, last week's."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from batches.services import RowWish
from bookings.models import Booking
from bookings.selectors import bookings_of
from drivers.models import Fleet
from shell.wall_clock import instants_from
from sites.models import Location
from sites.periods import local_day

ONE_DAY = timedelta(days=1)


def bookings_of_day(fleet: Fleet, location: Location, day: date) -> list[Booking]:
    """Return what a fleet had at a site that began on a day, without what was called off."""
    whole = local_day(day, location.zone)
    return list(
        bookings_of(fleet)
        .select_related("vehicle")
        .filter(
            location=location,
            status__in=frozenset(Booking.Status) - Booking.CALLED_OFF - Booking.LOST,
            start_at__gte=whole.start_at,
            start_at__lt=whole.end_at,
        )
        .order_by("start_at", "pk")
    )


def rows_like(bookings: Sequence[Booking], *, days: int) -> list[RowWish]:
    """Return rows for the same some days later, at the times that the site's clocks show."""
    return [
        RowWish(
            vehicle=booking.vehicle,
            driver=booking.driver,
            location=booking.location,
            evse=booking.evse,
            start_at=days_later(booking.start_at, days, booking.zone),
            end_at=days_later(booking.end_at, days, booking.zone),
            reference=booking.reference,
        )
        for booking in bookings
    ]


def next_time(booking: Booking, *, now: datetime) -> int:
    """Return in how many days after its own a booking could be had again: one, or the first."""
    days = 1
    while days_later(booking.start_at, days, booking.zone) <= now:
        behind = (now - days_later(booking.start_at, days, booking.zone)) // ONE_DAY
        days += max(behind, 1)
    return days


def days_later(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the instant at which a zone's clocks show the same time some days later.

    Where they skip it, the time that they go to. What they show twice is meant as it was: the
    second time if it was one, where there are two then as well.
    """
    local = at.astimezone(zone)
    later = local.replace(tzinfo=None) + days * ONE_DAY
    return instants_from(later.date(), later.time(), zone)[-1 if local.fold else 0]
