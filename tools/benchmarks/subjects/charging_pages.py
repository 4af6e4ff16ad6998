"""The Charging page with a million sessions of a fleet: the list, narrowed and summed."""

import re

from django.db import connection
from django.test import Client
from django.urls import reverse

from charging.models import CostCentre, Session
from tools.benchmarks.report import Figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.pages import MOST_QUERIES, Case, count, get, measure_time
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.sessions import fill_sessions

LIST_MS = 60


def measure(people: People, *, browser: Client, sizes: Sizes) -> list[Figure]:
    """Measure with the sessions of the reports, or as many made for it."""
    if connection.vendor != "postgresql":
        return [Figure("the Charging page", "", "not measured: no PostgreSQL", None)]
    fleet = people.fleet
    if Session.objects.filter(fleet=fleet).count() < sizes.sessions:
        say(f"Making {sizes.sessions:,} sessions …")
        fill_sessions(fleet, count=sizes.sessions)
    page = reverse("charging:list")
    queries = count(browser, page)
    figures = [
        Figure(
            "SQL queries, list of sessions",
            f"≤ {MOST_QUERIES}",
            f"{queries}",
            queries <= MOST_QUERIES,
        )
    ]
    return [*figures, *measure_time(browser, _cases(people, browser, page), runs=sizes.runs)]


def _cases(people: People, browser: Client, page: str) -> list[Case]:
    driver = enabled_drivers(people.fleet)[0]
    centre = CostCentre.objects.filter(fleet=people.fleet).first()
    assert centre is not None
    following = re.search(r'href="([^"]+)" rel="next"', get(browser, page))
    assert following is not None
    narrowed = {
        "this month": page,
        "its second page": following[1].replace("&amp;", "&"),
        "of all time": f"{page}?period=all",
        "of a driver, all time": f"{page}?period=all&driver_key={driver.pk}",
        "without cost centre": f"{page}?cost_centre=0",
        "of a cost centre": f"{page}?cost_centre={centre.pk}",
    }
    return [Case(f"list of sessions, {what}", url, LIST_MS) for what, url in narrowed.items()]
