"""What pages cost, asked for in this process: middleware, views, templates, but no network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from accounts.models import User
from shell.viewer import COOKIE as ZONE_COOKIE
from sites.models import Location
from sites.slots.availability import cache_key, read_availability, window_for
from tools.benchmarks.report import Figure, say, time_figure, timed

# The site with its picker makes as many: of planned downtime, and of who pays, among others.
MOST_QUERIES = 14
# Where something tells of changes, what members of a fleet see alike is shared; nobody asks there.
LIVE_URL = "http://127.0.0.1:9/live"
# How addresses end at which htmx asks for a part of a page.
PARTS_END = "/availability/"


def browser_of(user: User) -> Client:
    browser = Client(SERVER_NAME="127.0.0.1", raise_request_exception=True)
    browser.force_login(user)
    browser.cookies[ZONE_COOKIE] = "Europe/Berlin"
    return browser


def get(browser: Client, url: str, headers: Mapping[str, str] | None = None) -> str:
    """Return a page; raises RuntimeError for any answer but 200."""
    response = browser.get(url, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"{url} gave {response.status_code}")
    return str(response.content.decode())


def forget_slots(site: Location) -> None:
    cache.delete(_key(site))


def know_slots(site: Location) -> None:
    if cache.get(_key(site)) is None:
        read_availability(site, day=timezone.now().astimezone(site.zone).date())


def _key(site: Location) -> str:
    now = timezone.now()
    today = now.astimezone(site.zone).date()
    return cache_key(site, window_for(today, zone=site.zone, now=now))


@dataclass(frozen=True, slots=True)
class Pair:
    """A page in two sizes: a browser and an address each, and what `few` and `many` mean."""

    name: str
    few: tuple[Client, str]
    many: tuple[Client, str]
    rows: str


def measure_queries(pairs: list[Pair]) -> list[Figure]:
    """Count the queries of each page: at most MOST_QUERIES, as many for many rows as for few."""
    say("Counting queries …")
    figures = []
    for pair in pairs:
        few, many = count(*pair.few), count(*pair.many)
        figures.append(
            Figure(
                f"SQL queries, {pair.name} ({pair.rows})",
                f"≤ {MOST_QUERIES}, the same",
                f"{few}, {many}",
                few == many <= MOST_QUERIES,
            )
        )
    return figures


def count(browser: Client, url: str) -> int:
    get(browser, url)  # what a process reads once only
    with CaptureQueriesContext(connection) as captured:
        get(browser, url)
    return len(captured)


@dataclass(frozen=True, slots=True)
class Case:
    """A page to be timed; `before` runs ahead of each request and is not counted.

    It is drawn anew each time, or is `shared` with those who have just seen the same.
    """

    what: str
    url: str
    budget_ms: float
    before: Callable[[], object] = lambda: None
    shared: bool = False


def measure_time(browser: Client, cases: list[Case], *, runs: int) -> list[Figure]:
    figures = []
    for case in cases:
        say(f"Timing {case.what} …")
        headers = {"HX-Request": "true"} if case.url.endswith(PARTS_END) else {}
        with override_settings(LIVE_URL=LIVE_URL if case.shared else ""):
            taken = timed(partial(get, browser, case.url, headers), runs=runs, before=case.before)
        figures.append(time_figure(f"server time, {case.what}", taken, budget_ms=case.budget_ms))
    return figures
