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
YARDSTICK = "yardstick"


def measure(people: People, *, browser: Client, sizes: Sizes) -> list[Figure]:
    """Measure the lists with a tenth of the rows, then with all; bookings that there were are gone.

    Judged is the time of the processor, PostgreSQL's included, beside that of the yardstick: the
    clock says more of what else the machine is busy with.
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
    drift = whole.pop(YARDSTICK).cpu_ms / tenth.pop(YARDSTICK).cpu_ms
    what = f"{counts[0]:,} → {counts[1]:,} bookings"
    figures = [_figure(f"{what}: {name}", tenth[name], whole[name], drift) for name in whole]
    figures.append(Figure("the yardstick meanwhile", "", f"{drift:.2f} × the CPU", None))
    return figures


def _with(people: People, *, browser: Client, sizes: Sizes, count: int) -> dict[str, Taken]:
    say(f"Making {count:,} bookings …")
    fill_bookings(people.fleet, count=count)
    taken = {YARDSTICK: yardstick.measure()}
    for name, url in lists(people, count=count).items():
        say(f"Timing {name} …")
        taken[name] = timed(partial(get, browser, url), runs=sizes.runs)
    taken[YARDSTICK].cpu += yardstick.measure().cpu
    return taken


def lists(people: People, *, count: int) -> dict[str, str]:
    """Return the addresses of all lists, by name."""
    bookings, sites, drivers = (
        reverse(f"{room}:list") for room in ("bookings", "sites", "drivers")
    )
    queries = bookings_queries(middle_of(people.fleet, count=count))
    return {
        "today": reverse("home"),
        **{
            f"bookings, {name}": f"{bookings}?{urlencode(query)}" for name, query in queries.items()
        },
        "sites": sites,
        "sites, one word searched": f"{sites}?q=Town",
        "sites, the last page": f"{sites}?page=99999",
        "drivers": drivers,
        "drivers, one searched": f"{drivers}?q=an",
        "search of everything": f"{reverse('search')}?q=Job-1",
        "e-mails": reverse("notifications:sent"),
    }


def _figure(what: str, tenth: Taken, whole: Taken, drift: float) -> Figure:
    growth = whole.cost_ms / tenth.cost_ms / drift
    return Figure(
        what,
        f"≤ {MOST_GROWTH} × the CPU of a tenth",
        f"CPU {tenth.cost_ms:.1f} → {whole.cost_ms:.1f} ms, {growth:.2f} ×;"
        f" p95 {tenth.p95:.0f} → {whole.p95:.0f} ms",
        growth <= MOST_GROWTH,
        cpu_ms=whole.cpu_ms,
        database_ms=whole.database_ms,
    )
