"""What a table of 500 bookings costs, from the draft to “all asked for”."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from batches.models import Batch, BatchRow
from batches.services import MOST_ROWS, RowWish, create_draft
from bookings.models import Booking, BookingRequest, BookingRequestEvent
from sites.models import Location
from tools.benchmarks.data import People, enabled_drivers, evses_elsewhere
from tools.benchmarks.desk import Desk
from tools.benchmarks.pages import get
from tools.benchmarks.report import Figure, count_figure, say
from vehicles.models import Vehicle

SITES = 20
LENGTH = timedelta(hours=2)
MOST_CALLS, MOST_QUERIES, MOST_SECONDS = SITES, 60, 10
MARKS = re.compile(r'name="(version|seen)" value="([^"]*)"')


def measure(people: People, *, browser: Client, site: Location, desk: Desk) -> list[Figure]:
    """Draft, look at and send a table at 20 sites; afterwards nothing of it is left."""
    say(f"Asking for {MOST_ROWS} bookings in a table …")
    rows = list(_rows(people, site=site))
    desk.take_calls()
    begun = time.perf_counter()
    with CaptureQueriesContext(connection) as captured:
        batch = create_draft(
            fleet=people.fleet,
            user=people.manager,
            source=Batch.Source.VEHICLES,
            rows=rows,
        )
        page = get(browser, reverse("batches:table", args=[batch.pk]))
        looked = time.perf_counter()
        browser.post(reverse("batches:send", args=[batch.pk]), dict(MARKS.findall(page)))
    seconds, sending = time.perf_counter() - begun, time.perf_counter() - looked
    calls = sum(desk.take_calls().values())
    asked = batch.rows.filter(state=BatchRow.State.ASKED).count()
    _forget(batch)
    what = f"table of {MOST_ROWS} rows at {SITES} sites, from draft to “all asked for”"
    return [
        Figure(f"{what}: rows", f"{MOST_ROWS}", f"{asked}", asked == MOST_ROWS),
        count_figure(f"{what}: calls", calls, budget=MOST_CALLS),
        count_figure(f"{what}: queries", len(captured), budget=MOST_QUERIES),
        Figure(
            f"{what}: seconds",
            f"≤ {MOST_SECONDS}",
            f"{seconds:.1f}, {sending:.1f} of them after the click",
            seconds <= MOST_SECONDS,
        ),
    ]


def _rows(people: People, *, site: Location) -> Iterator[RowWish]:
    """Yield rows for a vehicle each, at all chargers of some sites one after the other."""
    drivers = enabled_drivers(people.fleet)
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(fleet=people.fleet, number=f"Van {number}", battery_kwh=75)
        for number in range(MOST_ROWS)
    )
    some = list(Location.objects.exclude(pk=site.pk).order_by("ampeco_id")[:SITES])
    evses = [each for each in evses_elsewhere(site) if each.charge_point.location in some]
    tomorrow = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=24)
    turns = ((turn, evse) for turn in range(MOST_ROWS) for evse in evses)
    for number, (turn, evse) in enumerate(islice(turns, MOST_ROWS)):
        start_at = tomorrow + turn * LENGTH
        yield RowWish(
            vehicle=vehicles[number],
            driver=drivers[number % len(drivers)],
            location=evse.charge_point.location,
            evse=evse,
            start_at=start_at,
            end_at=start_at + LENGTH,
        )


def _forget(batch: Batch) -> None:
    bookings = list(batch.rows.filter(booking__isnull=False).values_list("booking", flat=True))
    batch.delete()
    BookingRequestEvent.objects.filter(request__booking__in=bookings).delete()
    BookingRequest.objects.filter(booking__in=bookings).delete()
    Booking.objects.filter(pk__in=bookings).delete()
    Vehicle.objects.all().delete()
