"""Which sweeps there are, when each last succeeded, and how late it may be."""

import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from telemetry.models import Sweep

logger = logging.getLogger(__name__)

# A sweep may be so many times its period late, and a minute at least.
PERIODS = 3
LEAST_LIMIT = timedelta(minutes=1)
# For schedules that are no period: the clock's.
ONCE_A_DAY = timedelta(days=1)
# A sweep that runs every second is noted this often by each process.
SECONDS_BETWEEN_NOTES = 5.0


class _Noted:
    """When this process last noted what."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at: dict[str, float] = {}


_noted = _Noted()


@dataclass(frozen=True, slots=True)
class SweepState:
    """How a sweep is doing: seconds since its last success (None: never), and what is allowed.

    `waited_seconds` count from when beat first had it on its schedule where it never succeeded;
    they are endless where beat has never run.
    """

    name: str
    seconds: float | None
    waited_seconds: float
    limit_seconds: float
    took_seconds: float | None
    last_failed: bool

    @property
    def is_late(self) -> bool:
        return self.waited_seconds > self.limit_seconds


def name_of(task: str) -> str:
    return task.rpartition(".")[2].replace("_", "-")


def periods() -> dict[str, timedelta]:
    """Return the period of each sweep on beat's schedule; the shortest where it stands twice."""
    schedule: Mapping[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    found: dict[str, timedelta] = {}
    for entry in schedule.values():
        every = entry["schedule"]
        if not isinstance(every, timedelta):
            every = timedelta(seconds=every) if isinstance(every, int | float) else ONCE_A_DAY
        name = name_of(entry["task"])
        found[name] = min(every, found.get(name, every))
    return found


def states(*, now: datetime | None = None) -> list[SweepState]:
    """Return how all sweeps are doing; one query. Raises DatabaseError."""
    now = now or timezone.now()
    rows = Sweep.objects.in_bulk()
    found = []
    for name, period in sorted(periods().items()):
        row = rows.get(name)
        at = row.succeeded_at if row else None
        failed_at = row.failed_at if row else None
        seconds = max(0.0, (now - at).total_seconds()) if at else None
        waited = (now - row.awaited_since).total_seconds() if row else math.inf
        found.append(
            SweepState(
                name=name,
                seconds=seconds,
                waited_seconds=waited if seconds is None else seconds,
                limit_seconds=max(LEAST_LIMIT, PERIODS * period).total_seconds(),
                took_seconds=row.took_seconds if row else None,
                last_failed=failed_at is not None and (at is None or failed_at > at),
            )
        )
    return found


def await_all() -> None:
    """Note that beat has all sweeps on its schedule from now on; those it had are left alone."""
    rows = [Sweep(name=name) for name in periods()]
    try:
        Sweep.objects.bulk_create(rows, ignore_conflicts=True)
    except DatabaseError as error:
        # The first success of each will note it.
        logger.warning("The sweeps on beat's schedule were not noted: %s", type(error).__name__)


def note_success(name: str, *, seconds: float) -> None:
    """Note that a sweep did its work, which took so many seconds; seldom more than needed."""
    with _noted.lock:
        last = _noted.at.get(name)
        now = time.monotonic()
        if last is not None and now - last < SECONDS_BETWEEN_NOTES:
            return
        _noted.at[name] = now
    _write(Sweep(name=name, succeeded_at=timezone.now(), took_seconds=seconds), "succeeded_at")


def note_failure(name: str) -> None:
    with _noted.lock:
        _noted.at.pop(name, None)
    _write(Sweep(name=name, failed_at=timezone.now()), "failed_at")


def forget_notes() -> None:
    with _noted.lock:
        _noted.at.clear()


def _write(row: Sweep, field: str) -> None:
    fields = [field, "took_seconds"] if field == "succeeded_at" else [field]
    try:
        Sweep.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["name"], update_fields=fields
        )
    except DatabaseError as error:
        # The database that the sweep itself needs; who watches will hear of it there.
        logger.warning("The end of sweep %s was not noted: %s", row.name, type(error).__name__)
