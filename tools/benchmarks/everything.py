"""All that is measured, in the order in which each finds what it needs."""

from collections.abc import Iterator
from functools import cached_property

from django.db import connections
from django.test import Client

from ampeco.client import AmpecoClient
from ampeco.connection import get_client
from bookings.models import BookingRequest
from sites.models import Location
from tools.benchmarks import yardstick
from tools.benchmarks.report import Figure, print_table, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects import (
    batches,
    charging_pages,
    decisions,
    energy,
    freshness,
    growth,
    live,
    load,
    memory,
    mirroring,
    polling,
    reports,
    series,
    throughput,
    upstream_calls,
    waiting,
)
from tools.benchmarks.subjects.cases import pages_by_rows, pages_by_time
from tools.benchmarks.subjects.decisions import Page, portal_running
from tools.benchmarks.subjects.pages import browser_of, measure_queries, measure_time
from tools.benchmarks.world.data import (
    People,
    evses_elsewhere,
    make_bookings,
    make_long_history,
    make_pending,
    make_people,
)
from tools.benchmarks.world.desk import Desk
from tools.benchmarks.world.place import Place

# What is measured with many rows of bookings in the database, and with the portal's processes.
AMONG_MANY = frozenset({"calls", "queries", "pages", "polling", "freshness", "decisions"})
RUNNING = frozenset({"load", "decisions", "throughput", "memory"})


def measure_all(place: Place, *, sizes: Sizes) -> None:
    try:
        bare = yardstick.measure()
        figures = [figure for part in _parts(place, sizes) for figure in part]
        # Twice, since what else the machine does changes.
        bare.cpu += yardstick.measure().cpu
        print_table([yardstick.figure(bare), *figures], yardstick_ms=bare.cpu_ms)
    finally:
        # Open connections would keep the database from being dropped.
        for connection in connections.all():
            connection.close()
            if connection.vendor == "postgresql":
                connection.close_pool()  # type: ignore[attr-defined]


class World:
    """What the subjects need, made when the first of them asks."""

    def __init__(self, place: Place, sizes: Sizes) -> None:
        self.sizes = sizes
        self.client: AmpecoClient = get_client()
        self.desk = Desk(place.stack.operator)

    @cached_property
    def mirror(self) -> list[Figure]:
        return mirroring.measure(self.client)

    @cached_property
    def people(self) -> People:
        assert self.mirror
        say("Making people …")
        return make_people(client=self.client)

    @cached_property
    def sites(self) -> tuple[Location, Location]:
        assert self.people
        large, *_, small = Location.objects.order_by("ampeco_id")
        return large, small

    @cached_property
    def requests(self) -> tuple[list[BookingRequest], BookingRequest]:
        """Pending requests among many bookings, and the only one of a small fleet."""
        say("Making requests and bookings …")
        people, sizes = self.people, self.sizes
        evses = evses_elsewhere(self.sites[0])
        (lonely,) = make_pending(
            fleet=people.small_fleet,
            manager=people.small_manager,
            client=self.client,
            evses=evses,
            count=1,
        )
        pending = make_pending(
            fleet=people.fleet,
            manager=people.manager,
            client=self.client,
            evses=evses,
            count=sizes.pending,
        )
        make_long_history(pending[0])
        make_bookings(fleet=people.fleet, count=sizes.bookings, upcoming=sizes.upcoming)
        return pending, lonely

    @cached_property
    def browser(self) -> Client:
        return browser_of(self.people.manager)


def _parts(place: Place, sizes: Sizes) -> Iterator[list[Figure]]:
    world = World(place, sizes)
    if "mirror" in sizes.only:
        yield world.mirror
    if "batches" in sizes.only:
        yield batches.measure(
            world.people, browser=world.browser, site=world.sites[0], desk=world.desk
        )
    if "series" in sizes.only:
        yield series.measure(world.people, site=world.sites[0], desk=world.desk)
    if "waiting" in sizes.only:
        yield waiting.measure(world.people, site=world.sites[0], desk=world.desk)
    if sizes.only & AMONG_MANY:
        yield from _among_many(world)
    if "energy" in sizes.only:
        yield energy.measure(world.people, browser=world.browser, sizes=sizes)
    if "reports" in sizes.only:
        assert world.requests
        yield reports.measure(world.people, browser=world.browser, sizes=sizes)
    if "sessions" in sizes.only:
        yield charging_pages.measure(world.people, browser=world.browser, sizes=sizes)
    if "live" in sizes.only:
        yield live.measure(world.requests[0], place=place)
    if sizes.only & RUNNING:
        yield from _running(world, place)
    if "growth" in sizes.only:
        # At last: bookings that there are make room for others.
        yield growth.measure(world.people, browser=world.browser, sizes=sizes)


def _among_many(world: World) -> Iterator[list[Figure]]:
    sizes, people, browser = world.sizes, world.people, world.browser
    (large_site, small_site), (pending, lonely) = world.sites, world.requests
    if "calls" in sizes.only:
        yield upstream_calls.measure(browser, site=large_site, desk=world.desk)
    if "queries" in sizes.only:
        yield measure_queries(
            pages_by_rows(
                people,
                many=browser,
                few=browser_of(people.small_manager),
                large_site=large_site,
                small_site=small_site,
                long=pending[0],
                short=lonely,
            )
        )
    if "pages" in sizes.only:
        cases = pages_by_time(large_site=large_site, sizes=sizes)
        yield measure_time(browser, cases, runs=sizes.runs)
    if "polling" in sizes.only:
        yield polling.measure(pending, client=world.client)
    if "freshness" in sizes.only:
        yield freshness.measure(people, sizes=sizes)


def _running(world: World, place: Place) -> Iterator[list[Figure]]:
    """Measure the portal's own processes; their memory at last, after all they have done."""
    sizes = world.sizes
    page = Page.of(world.browser, portal=place.stack.portal)
    pending = world.requests[0] if sizes.only & {"load", "decisions"} else []
    site = world.sites[0]
    with portal_running(place, workers=sizes.workers) as pids:
        if "load" in sizes.only:
            yield load.measure(
                pending, people=world.people, place=place, pids=pids, desk=world.desk, sizes=sizes
            )
        if "decisions" in sizes.only:
            yield decisions.measure(pending, page=page, desk=world.desk, samples=sizes.samples)
        if "throughput" in sizes.only:
            yield throughput.measure(
                world.people, page=page, pids=pids, desk=world.desk, sizes=sizes
            )
        if "memory" in sizes.only:
            yield memory.measure(pids, page=page, site=site)
