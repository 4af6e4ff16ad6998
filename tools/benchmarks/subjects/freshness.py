"""What it costs to keep live bookings as fresh as their time demands, measured over an hour.

The hour is gone through at the pace of beat by moving the clocks: ours, and that of an operator in
this process with the same sites, over the wire format but without a network.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx
from django.conf import settings
from django.db import connection
from django.utils import timezone

from ampeco.client import AmpecoClient
from bookings.models import Booking
from mirror.models import SyncRun
from sandbox.app import create_app
from sandbox.world.build import build_world
from sandbox.world.world import World
from sites.models import Evse
from sync.full_walk import sync_bookings
from sync.refresh import refresh_due
from sync.schedule import seldom
from sync.sessions import refresh_sessions
from tools.benchmarks.report import Figure, count_figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.operator import enlarge_first_site
from upstream.rate_gate import MemoryGate

TOKEN = "freshness"
HOUR = timedelta(hours=1)
LENGTH = 2 * HOUR
# The bookings begin evenly over this time, the first of them so that some are under way.
SPREAD = timedelta(days=7)
PATIENCE = timedelta(minutes=2)
# What is allowed for each thousand of them, and for however few.
MOST_CALLS = (100, 300)
MOST_DATABASE_SECONDS = (3, 10)


class Clock:
    """The time that this process and its operator believe in."""

    def __init__(self) -> None:
        self.at = timezone.now().replace(microsecond=0)

    def now(self) -> datetime:
        return self.at


class DatabaseTime:
    def __init__(self) -> None:
        self.seconds = 0.0
        self.queries = 0

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - begun
            self.queries += 1


def measure(people: People, *, sizes: Sizes) -> list[Figure]:
    """Keep many live bookings fresh for an hour in which nothing but time happens."""
    say("Keeping bookings fresh for an hour …")
    with moved_clock() as clock:
        world = make_world(sizes, clock=clock)
        client = AmpecoClient(
            base_url="http://operator.test/public-api",
            token=TOKEN,
            transport=httpx.WSGITransport(create_app(world, token=TOKEN)),
            gate=MemoryGate(),
        )
        ids = make_live(people, world, count=sizes.live)
        try:
            # The first walk finds out what has changed since the rows were made.
            run_hour(clock, world, client=client, length=timedelta(minutes=2))
            world.calls.clear()
            spent = run_hour(clock, world, client=client, length=HOUR)
            checked = check(world)
        finally:
            forget(ids)
            client.close()
    calls = sum(world.calls.values())
    what = f"keeping {sizes.live:,} live bookings fresh for an hour"
    allowed, budget = (
        max(least, per_1000 * sizes.live // 1000)
        for per_1000, least in (MOST_CALLS, MOST_DATABASE_SECONDS)
    )
    return [
        count_figure(
            f"{what}: calls", calls, budget=allowed, note=f" ({by_kind(world)}), {checked}"
        ),
        Figure(
            f"{what}: database time",
            f"≤ {budget} s",
            f"{spent.seconds:.1f} s in {spent.queries:,} queries",
            spent.seconds <= budget,
        ),
    ]


def by_kind(world: World) -> str:
    lists = world.calls["GET /resources/bookings/v1.0"]
    singles = world.calls["GET /resources/bookings/v1.0/<int:pk>"]
    sessions = sum(count for name, count in world.calls.items() if "/sessions/" in name)
    return f"{lists} pages of bookings, {singles} single ones, {sessions} for sessions"


@contextmanager
def moved_clock() -> Iterator[Clock]:
    clock = Clock()
    with patch.object(timezone, "now", clock.now):
        yield clock


def make_world(sizes: Sizes, *, clock: Clock) -> World:
    """Return an operator with the sites that are mirrored already, at the clock's time."""
    world = build_world(
        now=clock.now(),
        locations=sizes.locations,
        charge_points=sizes.charge_points,
        evses=sizes.evses,
        users=sizes.drivers,
    )
    enlarge_first_site(world)
    world.clock.freeze(clock.now())
    return world


def make_live(people: People, world: World, *, count: int) -> list[int]:
    """Make bookings at the operator, and ours of them as the last walk would have left them."""
    drivers = enabled_drivers(people.fleet)
    evses = list(Evse.objects.select_related("charge_point__location").order_by("pk"))
    now = timezone.now()
    rows = []
    for number in range(count):
        evse, driver = evses[number % len(evses)], drivers[number % len(drivers)]
        start_at = now - LENGTH + number * SPREAD / count
        start_at = start_at.replace(second=0, microsecond=0)
        theirs = world.add_booking(
            location_id=evse.charge_point.location.ampeco_id,
            evse_id=evse.ampeco_id,
            start_at=start_at,
            end_at=start_at + LENGTH,
            user_id=driver.ampeco_user_id,
        )
        rows.append(
            Booking(
                fleet=people.fleet,
                driver=driver,
                location=evse.charge_point.location,
                evse=evse,
                start_at=theirs.start_at,
                end_at=theirs.end_at,
                status=Booking.Status.ACCEPTED,
                ampeco_booking_id=theirs.id,
                ampeco_updated_at=theirs.updated_at,
                refresh_at=max(now, min(now + seldom(), start_at - timedelta(minutes=20))),
                changed_at=now - HOUR,
            )
        )
    return [row.pk for row in Booking.objects.bulk_create(rows, batch_size=500)]


def run_hour(
    clock: Clock, world: World, *, client: AmpecoClient, length: timedelta
) -> DatabaseTime:
    """Start the sweeps as often as beat does; return what they cost the database."""
    spent = DatabaseTime()
    ends = clock.at + length
    entries = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    sweeps: list[tuple[timedelta, Callable[..., object]]] = [
        (entries["bookings.tasks.sync_bookings"], sync_bookings),
        (entries["bookings.tasks.refresh_bookings"], refresh_due),
        (entries["bookings.tasks.refresh_sessions"], refresh_sessions),
    ]
    due = [clock.at for _ in sweeps]
    with connection.execute_wrapper(spent):
        while clock.at < ends:
            for number, (pause, sweep) in enumerate(sweeps):
                if clock.at >= due[number]:
                    sweep(client=client)
                    due[number] += pause
            clock.at = min(due)
            world.clock.freeze(clock.at)
    return spent


def check(world: World) -> str:
    """Return how many of ours do not have the status that the operator's have had for a while."""
    world.tick()
    long_ago = world.clock.now() - PATIENCE
    ours = dict(
        Booking.objects.filter(ampeco_booking_id__in=list(world.bookings)).values_list(
            "ampeco_booking_id", "status"
        )
    )
    behind = sum(
        theirs.updated_at < long_ago and ours.get(theirs.id) != theirs.status
        for theirs in world.bookings.values()
    )
    return f"{behind} behind by more than two minutes"


def forget(ids: list[int]) -> None:
    for first in range(0, len(ids), 500):
        Booking.objects.filter(pk__in=ids[first : first + 500]).delete()
    SyncRun.objects.filter(kind=SyncRun.Kind.BOOKINGS).delete()
