"""That each subject finds what it measures, in a small world; no test is about time."""

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from sandbox.server import make
from sandbox.world.build import build_world
from sites.models import Evse, Location
from tools.benchmarks.report import print_table
from tools.benchmarks.sizes import UNASKED, Sizes, read_sizes
from tools.benchmarks.subjects import (
    freshness,
    mirroring,
    polling,
    prices,
    upstream_calls,
)
from tools.benchmarks.subjects.cases import pages_by_rows, pages_by_time
from tools.benchmarks.subjects.pages import browser_of, measure_queries, measure_time
from tools.benchmarks.world.data import (
    evses_elsewhere,
    make_bookings,
    make_long_history,
    make_pending,
    make_people,
)
from tools.benchmarks.world.desk import Desk
from tools.benchmarks.world.operator import LARGE_SITE_EVSES, book_first_site, enlarge_first_site

SMALL = Sizes(
    locations=30,
    charge_points=90,
    evses=180,
    drivers=30,
    bookings=300,
    pending=40,
    live=60,
    runs=2,
    samples=1,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator_world():
    world = build_world(
        now=now(),
        locations=SMALL.locations,
        charge_points=SMALL.charge_points,
        evses=SMALL.evses,
        users=SMALL.drivers,
    )
    world.manual = True
    enlarge_first_site(world)
    book_first_site(world)
    return world


@pytest.fixture
def desk(operator):
    """The operator's desk over HTTP, of the world that the client reaches without."""
    token = settings.AMPECO_API_TOKEN
    server = make(operator, host="127.0.0.1", port=0, token=token, mails=None)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Desk(f"http://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirrored(ampeco_client):
    """The figures of the mirror, which fills the database for the other subjects."""
    return mirroring.measure(ampeco_client)


@pytest.fixture
def people(mirrored, ampeco_client):
    return make_people(client=ampeco_client)


@pytest.fixture
def large_site(mirrored):
    return Location.objects.earliest("ampeco_id")


@pytest.fixture
def pending(people, large_site, ampeco_client):
    """Pending requests: one of the small fleet, then those of the other."""
    evses = evses_elsewhere(large_site)
    lonely = make_pending(
        fleet=people.small_fleet,
        manager=people.small_manager,
        client=ampeco_client,
        evses=evses,
        count=1,
    )
    return lonely + make_pending(
        fleet=people.fleet,
        manager=people.manager,
        client=ampeco_client,
        evses=evses,
        count=SMALL.pending,
    )


def test_the_mirror_is_within_its_budget(mirrored, large_site):
    assert [figure.within for figure in mirrored] == [True, True]
    evses = Evse.objects.filter(charge_point__location=large_site)
    assert LARGE_SITE_EVSES <= evses.count() < LARGE_SITE_EVSES + 2


def test_the_operator_approves_when_it_is_told_to(pending, desk, operator):
    desk.approve(pending[0].ampeco_request_id)

    statuses = [operator.requests[one.ampeco_request_id].status for one in pending]
    assert statuses == ["approved"] + ["pending"] * SMALL.pending


def test_pages_call_the_operator_for_free_slots_only(people, large_site, desk):
    figures = upstream_calls.measure(browser_of(people.manager), site=large_site, desk=desk)

    assert [figure.within for figure in figures] == [True, True, True, True, None]


def test_prices_take_two_calls_at_most(people, large_site, ampeco_client, desk):
    figures = prices.measure(
        people, site=large_site, client=ampeco_client, desk=desk, runs=SMALL.runs
    )

    counted = [figure.within for figure in figures if figure.cpu_ms is None]
    assert counted == [True] * len(counted)
    assert len(figures) == 7


def test_no_page_makes_more_queries_for_more_rows(people, pending, large_site):
    make_long_history(pending[1])
    pairs = pages_by_rows(
        people,
        many=browser_of(people.manager),
        few=browser_of(people.small_manager),
        large_site=large_site,
        small_site=Location.objects.latest("ampeco_id"),
        long=pending[1],
        short=pending[0],
    )

    figures = measure_queries(pairs)

    assert [figure for figure in figures if not figure.within] == []


def test_all_pages_can_be_timed(people, large_site, capsys):
    make_bookings(fleet=people.fleet, count=SMALL.bookings, upcoming=SMALL.upcoming)
    assert Booking.objects.filter(start_at__gt=now()).count() >= SMALL.upcoming - 1

    cases = pages_by_time(large_site=large_site, sizes=SMALL)
    figures = measure_time(browser_of(people.manager), cases, runs=SMALL.runs)
    print_table(figures, yardstick_ms=2.0)

    table = capsys.readouterr().out
    assert table.count("| p95 ≤ ") == len(cases) == len({case.what for case in cases})
    assert table.count(" × |") == len(cases), "each page has its ratio to the yardstick"


def test_polling_costs_as_many_calls_as_pages(pending, ampeco_client):
    figures = polling.measure(pending, client=ampeco_client)

    assert [figure for figure in figures if not figure.within] == []
    assert not BookingRequest.objects.exclude(status="pending").exists()


def test_an_hour_of_keeping_bookings_fresh_costs_calls_and_leaves_nothing_behind(people):
    before = now()

    figures = freshness.measure(people, sizes=SMALL)

    calls = figures[0]
    assert calls.within
    assert "for sessions" in calls.measured
    assert calls.measured.endswith(", 0 behind by more than two minutes")
    assert int(calls.measured.split()[0]) > 4
    assert not Booking.objects.exists()
    assert abs(now() - before) < timedelta(minutes=10)


def test_sizes_can_be_chosen():
    assert read_sizes([], sqlite=False) == Sizes()
    assert read_sizes(["--bookings", "5000"], sqlite=True).bookings == 5000
    assert read_sizes([], sqlite=True).bookings < Sizes().bookings
    assert read_sizes(["--quick"], sqlite=False).locations < Sizes().locations
    assert read_sizes(["--only", "polling,memory"], sqlite=False).only == {"polling", "memory"}
    assert not read_sizes([], sqlite=False).only & set(UNASKED)
    assert read_sizes(["--only", "growth,load"], sqlite=False).only == set(UNASKED)
    with pytest.raises(SystemExit):
        read_sizes(["--only", "weather"], sqlite=False)
