"""All that is measured, in the order in which each finds what it needs."""

from collections.abc import Iterator

from django.db import connections

from ampeco.factory import get_client
from benchmarks import (
    decisions,
    freshness,
    memory,
    mirroring,
    polling,
    queries,
    server_time,
    upstream_calls,
)
from benchmarks.cases import pages_by_rows, pages_by_time
from benchmarks.data import (
    evses_elsewhere,
    make_bookings,
    make_long_history,
    make_pending,
    make_people,
)
from benchmarks.decisions import Page, portal_running
from benchmarks.desk import Desk
from benchmarks.exporting import measure as measure_export
from benchmarks.pages import browser_of
from benchmarks.place import Place
from benchmarks.report import Figure, print_table, say
from benchmarks.sizes import Sizes
from sites.models import Location


def measure_all(place: Place, *, sizes: Sizes) -> None:
    """Measure everything and print the table."""
    try:
        print_table([figure for part in _parts(place, sizes) for figure in part])
    finally:
        # Open connections would keep the database from being dropped.
        for connection in connections.all():
            connection.close()
            if connection.vendor == "postgresql":
                connection.close_pool()  # type: ignore[attr-defined]


def _parts(place: Place, sizes: Sizes) -> Iterator[list[Figure]]:
    client, desk = get_client(), Desk(place.stack.operator)
    yield mirroring.measure(client)

    say("Making people, requests and bookings …")
    people = make_people(client=client)
    large_site, *_, small_site = Location.objects.order_by("ampeco_id")
    evses = evses_elsewhere(large_site)
    (lonely,) = make_pending(
        fleet=people.small_fleet,
        manager=people.small_manager,
        client=client,
        evses=evses,
        count=1,
    )
    pending = make_pending(
        fleet=people.fleet,
        manager=people.manager,
        client=client,
        evses=evses,
        count=sizes.pending,
    )
    make_long_history(pending[0])
    make_bookings(fleet=people.fleet, count=sizes.bookings, upcoming=sizes.upcoming)

    browser = browser_of(people.manager)
    yield upstream_calls.measure(browser, site=large_site, desk=desk)
    yield queries.measure(
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
    cases = pages_by_time(large_site=large_site, sizes=sizes)
    yield server_time.measure(browser, cases, runs=sizes.runs)
    yield measure_export(browser, bookings=sizes.bookings)
    yield polling.measure(pending, client=client)
    yield freshness.measure(people, sizes=sizes)
    page = Page.of(browser, portal=place.stack.portal)
    with portal_running(place) as pids:
        yield decisions.measure(pending, page=page, desk=desk, samples=sizes.samples)
        yield memory.measure(pids, page=page, site=large_site)
