"""How much of the processor processes have taken, as the kernel counts it."""

import os
from collections.abc import Iterable
from pathlib import Path

from django.db import connection

TICKS = os.sysconf("SC_CLK_TCK")
IS_COUNTED = Path("/proc/self/stat").exists()


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return what processes of this machine have taken until now."""
    return sum(_taken(pid) for pid in pids)


def _taken(pid: int) -> float:
    if len(list(Path(f"/proc/{pid}/task").iterdir())) == 1:
        exact = Path(f"/proc/{pid}/schedstat")
        if exact.exists():
            return int(exact.read_text().split()[0]) / 1e9
    # That of all threads, those that have ended too, to a hundredth of a second.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]


def own_backend() -> list[int]:
    """Return the PostgreSQL process that serves this one; none of a distant server."""
    return _backends("pid = pg_backend_pid()")


def other_backends() -> list[int]:
    """Return the PostgreSQL processes that serve others than us; none of a distant server."""
    return _backends("datname = current_database() AND pid <> pg_backend_pid()")


def _backends(condition: str) -> list[int]:
    if connection.vendor != "postgresql" or not IS_COUNTED:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pid FROM pg_stat_activity WHERE {condition}")
        found = [pid for (pid,) in cursor.fetchall()]
    # Elsewhere the same number may be another process.
    return [pid for pid in found if "postgres" in _name(pid)]


def _name(pid: int) -> str:
    comm = Path(f"/proc/{pid}/comm")
    return comm.read_text() if comm.exists() else ""
