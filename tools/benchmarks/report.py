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


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `within` is None where there is no budget."""

    what: str
    budget: str
    measured: str
    within: bool | None


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Taken:
    """The milliseconds of each run: on the clock, and of the processor in this process.

    The clock includes the database and the operator, and whatever else the machine was busy with.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.wall, n=20, method="inclusive")[-1]

    def __str__(self) -> str:
        median, cpu = statistics.median(self.wall), statistics.median(self.cpu)
        return f"p95 {self.p95:.0f} ms, median {median:.0f} ms ({cpu:.0f} ms of CPU here)"


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
    for number in range(warm_up + runs):
        before()
        begun, cpu_begun = time.perf_counter(), time.process_time()
        action()
        wall, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
        if number >= warm_up:
            taken.wall.append(wall * 1000)
            taken.cpu.append(cpu * 1000)
    return taken


def time_figure(what: str, taken: Taken, *, budget_ms: float) -> Figure:
    return Figure(what, f"p95 ≤ {budget_ms:.0f} ms", str(taken), taken.p95 <= budget_ms)


def count_figure(what: str, counted: int, *, budget: int, note: str = "") -> Figure:
    allowed = "0" if budget == 0 else f"≤ {budget}"
    return Figure(what, allowed, f"{counted}{note}", counted <= budget)


def print_table(figures: list[Figure]) -> None:
    """Print the figures as a Markdown table under a line about machine and versions."""
    print(f"{describe_machine()}\n")
    print("| what | budget | measured | |")
    print("|---|---|---|---|")
    for figure in figures:
        mark = {True: "ok", False: "**OVER**", None: ""}[figure.within]
        print(f"| {figure.what} | {figure.budget} | {figure.measured} | {mark} |")


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
