"""How many SQL queries a page makes, with few rows and with many."""

from dataclasses import dataclass

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tools.benchmarks.pages import get
from tools.benchmarks.report import Figure, say

MOST = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A page in two sizes: a browser and an address each, and what `few` and `many` mean."""

    name: str
    few: tuple[Client, str]
    many: tuple[Client, str]
    rows: str


def measure(pairs: list[Pair]) -> list[Figure]:
    """Count the queries of each page: at most twelve, and as many for many rows as for few."""
    say("Counting queries …")
    figures = []
    for pair in pairs:
        few, many = count(*pair.few), count(*pair.many)
        figures.append(
            Figure(
                f"SQL queries, {pair.name} ({pair.rows})",
                f"≤ {MOST}, the same",
                f"{few}, {many}",
                few == many <= MOST,
            )
        )
    return figures


def count(browser: Client, url: str) -> int:
    get(browser, url)  # what a process reads once only
    with CaptureQueriesContext(connection) as captured:
        get(browser, url)
    return len(captured)
