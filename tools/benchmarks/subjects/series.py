"""What it costs to begin a series of 100 dates, all of which can be asked for."""

from datetime import time, timedelta
from time import perf_counter

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Booking, BookingRequest, BookingRequestEvent
from series.changing import begin_series
from series.models import Series
from sites.models import Location
from sites.selectors import bookable_evses
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.desk import Desk

DATES = 100
# An operator who takes bookings for so long ahead.
HORIZON_DAYS = DATES + 10
# A call for each week, of which a day is asked about twice, so that each stay is whole in one.
MOST_CALLS = -(-DATES // 6)
MOST_QUERIES, MOST_SECONDS = 40, 10
# Clocks that change do so before that.
START, END = time(10), time(11)


def measure(people: People, *, site: Location, desk: Desk) -> list[Figure]:
    """Begin a series at a site; afterwards nothing of it is left."""
    say(f"Asking for {DATES} dates of a series …")
    series = _series(people, site)
    desk.take_calls()
    begun = perf_counter()
    with (
        override_settings(BOOKING_HORIZON_DAYS=HORIZON_DAYS),
        CaptureQueriesContext(connection) as captured,
    ):
        outcome = begin_series(series, user=people.manager)
    seconds = perf_counter() - begun
    calls = sum(desk.take_calls().values())
    _forget(series)
    what = f"series of {DATES} dates, to “all asked for”"
    asked = outcome.asked.asked
    return [
        Figure(f"{what}: dates", f"{DATES}", f"{asked}", asked == DATES),
        count_figure(f"{what}: calls", calls, budget=MOST_CALLS),
        count_figure(f"{what}: queries", len(captured), budget=MOST_QUERIES),
        Figure(f"{what}: seconds", f"≤ {MOST_SECONDS}", f"{seconds:.1f}", seconds <= MOST_SECONDS),
    ]


def _series(people: People, site: Location) -> Series:
    tomorrow = timezone.now().astimezone(site.zone).date() + timedelta(days=1)
    return Series(
        fleet=people.fleet,
        weekdays=list(range(7)),
        start_time=START,
        end_time=END,
        first_day=tomorrow,
        last_day=tomorrow + timedelta(days=DATES - 1),
        driver=enabled_drivers(people.fleet)[0],
        location=site,
        evse=bookable_evses(site, partner_ids=frozenset()).first(),
    )


def _forget(series: Series) -> None:
    bookings = list(series.dates.filter(booking__isnull=False).values_list("booking", flat=True))
    series.delete()
    BookingRequestEvent.objects.filter(request__booking__in=bookings).delete()
    BookingRequest.objects.filter(booking__in=bookings).delete()
    Booking.objects.filter(pk__in=bookings).delete()
