"""How long the server takes for a page."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.test import Client

from tools.benchmarks.pages import get
from tools.benchmarks.report import Figure, say, time_figure, timed


@dataclass(frozen=True, slots=True)
class Case:
    """A page to be timed; `before` runs ahead of each request and is not counted."""

    what: str
    url: str
    budget_ms: float
    before: Callable[[], object] = lambda: None


def measure(browser: Client, cases: list[Case], *, runs: int) -> list[Figure]:
    figures = []
    for case in cases:
        say(f"Timing {case.what} …")
        taken = timed(partial(get, browser, case.url), runs=runs, before=case.before)
        figures.append(time_figure(f"server time, {case.what}", taken, budget_ms=case.budget_ms))
    return figures
