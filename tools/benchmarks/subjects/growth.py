"""What each list costs with ten times as many rows of everything."""

from functools import partial
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.urls import reverse

from tools.benchmarks import yardstick
from tools.benchmarks.report import Figure, Taken, say, timed
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.cases import bookings_queries
from tools.benchmarks.subjects.pages import get
from tools.benchmarks.world.data import People
from tools.benchmarks.world.growth import (
    add_fleets,
    copy_drivers,
    copy_sites,
    fill_bookings,
    middle_of,
)

TIMES = 10
MOST_GROWTH = 1.2

# What a list took, and what the bare page did, each time just before.
Pair = tuple[Taken, Taken]


def measure(people: People, *, browser: Client, sizes: Sizes) -> list[Figure]:
    """Measure the lists with a tenth of the rows, then with all; bookings that there were are gone.

    Judged is the time of the processor, PostgreSQL's included, beside that of the yardstick at the
    same time: all else says more of what the machine is busy with by then.
    """
    if connection.vendor != "postgresql":
        return [Figure("lists of ten times as much", "", "not measured: no PostgreSQL", None)]
    counts = [sizes.grown // TIMES, sizes.grown]
    add_fleets(people.fleet, sizes.fleets // TIMES)
    tenth = _with(people, browser=browser, sizes=sizes, count=counts[0])
    say("Making ten times as much of everything …")
    add_fleets(people.fleet, sizes.fleets - sizes.fleets // TIMES)
    copy_sites(TIMES - 1)
    copy_drivers(people.fleet, TIMES - 1)
    whole = _with(people, browser=browser, sizes=sizes, count=counts[1])
    what = f"{counts[0]:,} → {counts[1]:,} bookings"
    return [_figure(f"{what}: {name}", tenth[name], whole[name]) for name in whole]


def _with(people: People, *, browser: Client, sizes: Sizes, count: int) -> dict[str, Pair]:
    say(f"Making {count:,} bookings …")
    fill_bookings(people.fleet, count=count)
    bare_page, taken = yardstick.bare_page(), {}
    for name, url in lists(people, count=count).items():
        say(f"Timing {name} …")
        bare = Taken()
        before = partial(bare.note, bare_page)
        taken[name] = timed(partial(get, browser, url), runs=sizes.runs, before=before), bare
    return taken


def lists(people: People, *, count: int) -> dict[str, str]:
    """Return the addresses of all lists, by name."""
    bookings, sites, drivers = (
        reverse(f"{room}:list") for room in ("bookings", "sites", "drivers")
    )
    middle = middle_of(people.fleet, count=count)
    queries, driver = bookings_queries(middle), middle.driver.display_name
    return {
        "today": reverse("home"),
        **{
            f"bookings, {name}": f"{bookings}?{urlencode(query)}" for name, query in queries.items()
        },
        "sites": sites,
        "sites, one word searched": f"{sites}?q=Town",
        "sites, the last page": f"{sites}?page=99999",
        "drivers": drivers,
        "drivers, one searched": f"{drivers}?{urlencode({'q': driver})}",
        "search of everything": f"{reverse('search')}?q=Job-1",
        "e-mails": reverse("notifications:sent"),
    }


def _figure(what: str, with_tenth: Pair, with_all: Pair) -> Figure:
    (tenth, tenth_bare), (whole, whole_bare) = with_tenth, with_all
    growth = (whole.cost_ms / whole_bare.cpu_ms) / (tenth.cost_ms / tenth_bare.cpu_ms)
    return Figure(
        what,
        f"≤ {MOST_GROWTH} × the CPU of a tenth",
        f"CPU {tenth.cost_ms:.1f} → {whole.cost_ms:.1f} ms, {growth:.2f} ×;"
        f" p95 {tenth.p95:.0f} → {whole.p95:.0f} ms",
        growth <= MOST_GROWTH,
        cpu_ms=whole.cpu_ms,
        database_ms=whole.database_ms,
    )
