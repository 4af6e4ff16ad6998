"""The table that `make bench` prints: what is allowed beside what was measured."""

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from django.db import connection


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `within` is None where there is no budget."""

    what: str
    budget: str
    measured: str
    within: bool | None


def p95(milliseconds: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(milliseconds, n=20)[-1]


def timed(action: Callable[[], object], *, runs: int, warm_up: int = 5) -> list[float]:
    """Run an action again and again; return each run's milliseconds, the first ones left out."""
    for _ in range(warm_up):
        action()
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken


def time_figure(what: str, taken: list[float], *, budget_ms: float) -> Figure:
    """Return a line for server time."""
    measured = f"p95 {p95(taken):.0f} ms, median {statistics.median(taken):.0f} ms"
    return Figure(what, f"p95 ≤ {budget_ms:.0f} ms", measured, p95(taken) <= budget_ms)


def count_figure(what: str, counted: int, *, budget: int) -> Figure:
    """Return a line for a count of calls or queries."""
    allowed = "0" if budget == 0 else f"≤ {budget}"
    return Figure(what, allowed, str(counted), counted <= budget)


def print_table(figures: list[Figure]) -> None:
    """Print the figures as a Markdown table under a line about machine and versions."""
    print(describe_machine())
    print()
    print("| what | budget | measured | |")
    print("|---|---|---|---|")
    for figure in figures:
        mark = {True: "ok", False: "OVER", None: ""}[figure.within]
        print(f"| {figure.what} | {figure.budget} | {figure.measured} | {mark} |")


def describe_machine() -> str:
    """Return one line about the machine, its cores and memory, and the versions in use."""
    cores = subprocess.run(["nproc"], capture_output=True, text=True, check=False).stdout.strip()
    memory = "?"
    if Path("/proc/meminfo").exists():
        kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f"{kilobytes / 1_048_576:.0f} GiB"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version")
            database = f"PostgreSQL {cursor.fetchone()[0].split()[0]}"
        else:
            cursor.execute("SELECT sqlite_version()")
            database = f"SQLite {cursor.fetchone()[0]}"
    return (
        f"{platform.system()} {platform.machine()}, {cores} cores, {memory}, "
        f"Python {sys.version.split()[0]}, Django {version('django')}, {database}"
    )


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()]
