"""The table that `make bench` prints: what is allowed beside what was measured."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

from tools.benchmarks.processor import cpu_seconds, own_backend


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `within` is None where there is no budget.

    `cpu_ms` is the time of the processor in the process that serves, `database_ms` that of
    PostgreSQL: both for one page, or whatever the line is about.
    """

    what: str
    budget: str
    measured: str
    within: bool | None
    cpu_ms: float | None = None
    database_ms: float | None = None


def p95_of(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Taken:
    """The milliseconds of each run: on the clock, and of the processor in this process.

    The clock includes the database and the operator, and whatever else the machine was busy with.
    `database` is what PostgreSQL took of the processor for all runs together, None where its
    processes cannot be seen; queries that it shares out among several count in part.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database: float | None = None

    def note(self, action: Callable[[], object]) -> None:
        """Run an action once, and add what it took."""
        begun, cpu_begun = time.perf_counter(), time.process_time()
        action()
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
        self.wall.append(wall * 1000)
        self.cpu.append(cpu * 1000)

    @property
    def p95(self) -> float:
        return p95_of(self.wall)

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def cpu_ms(self) -> float:
        return statistics.median(self.cpu)

    @property
    def database_ms(self) -> float | None:
        return None if self.database is None else self.database / len(self.wall)

    @property
    def cost_ms(self) -> float:
        """What one run takes of the processor, here and in PostgreSQL."""
        return self.cpu_ms + (self.database_ms or 0)

    def __str__(self) -> str:
        return f"p95 {self.p95:.0f} ms, median {self.median:.0f} ms"


def timed(
    action: Callable[[], object],
    *,
    runs: int,
    before: Callable[[], object] = lambda: None,
    warm_up: int = 3,
) -> Taken:
    """Run an action again and again; return what each took, the first ones left out.

    `before` runs ahead of each and is not counted.
    """
    taken = Taken()
    backend, database_begun = own_backend(), 0.0
    for number in range(warm_up + runs):
        before()
        if number == warm_up:
            taken, database_begun = Taken(), cpu_seconds(backend)
        taken.note(action)
    if backend:
        taken.database = (cpu_seconds(backend) - database_begun) * 1000
    return taken


def time_figure(what: str, taken: Taken, *, budget_ms: float) -> Figure:
    return Figure(
        what,
        f"p95 ≤ {budget_ms:.0f} ms",
        str(taken),
        taken.p95 <= budget_ms,
        cpu_ms=taken.cpu_ms,
        database_ms=taken.database_ms,
    )


def count_figure(what: str, counted: int, *, budget: int, note: str = "") -> Figure:
    allowed = "0" if budget == 0 else f"≤ {budget}"
    return Figure(what, allowed, f"{counted}{note}", counted <= budget)


def print_table(figures: list[Figure], *, yardstick_ms: float) -> None:
    """Print the figures as a Markdown table under a line about machine and versions.

    `yardstick_ms` is what a bare page takes of the processor: see yardstick.py.
    """
    print(f"{describe_machine()}\n")
    print("| what | budget | measured | CPU ms, + PostgreSQL's | of the yardstick | |")
    print("|---|---|---|---|---|---|")
    for figure in figures:
        mark = {True: "ok", False: "**OVER**", None: ""}[figure.within]
        cells = (figure.what, figure.budget, figure.measured, cpu_text(figure))
        print("|", " | ".join((*cells, ratio_text(figure, yardstick_ms), mark)), "|")


def cpu_text(figure: Figure) -> str:
    if figure.cpu_ms is None:
        return ""
    database = "" if figure.database_ms is None else f" + {figure.database_ms:.1f}"
    return f"{figure.cpu_ms:.1f}{database}"


def ratio_text(figure: Figure, yardstick_ms: float) -> str:
    """Return how many bare pages it takes of the processor, PostgreSQL's part included."""
    if figure.cpu_ms is None:
        return ""
    return f"{(figure.cpu_ms + (figure.database_ms or 0)) / yardstick_ms:.1f} ×"


def describe_machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    parts = [
        f"{platform.system()} {platform.machine()} ({processor()})",
        f"{os.cpu_count()} cores, {memory:.0f} GiB",
        f"load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name.lower())}" for name in ("Django", "Celery", "gunicorn")),
        database_version(),
        cache_version(),
    ]
    return ", ".join(parts)


def processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def database_version() -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version")
            return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
        cursor.execute("SELECT sqlite_version()")
        return f"SQLite {cursor.fetchone()[0]} (no PostgreSQL here, which the budgets are for)"


def cache_version() -> str:
    """Return name and version of the cache's server; a process may be its own."""
    if settings.CACHE_URL.startswith("locmem"):
        return "cache in the process"
    with redis.Redis.from_url(settings.CACHE_URL) as client:
        facts = client.info("server")
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"
