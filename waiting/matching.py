"""Which of the times that are free fulfils a wish: pure functions."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sites.periods import Period, starts_that_fit

C = TypeVar("C")
EARLY, LATE = time.min, time.max


def within_clocks(at: datetime, earliest: time | None, latest: time | None) -> bool:
    """Return whether a local time lies between two clock times, both of which are allowed.

    Where the latest is the earlier of the two, midnight lies between them.
    """
    clock, first, last = at.time(), earliest or EARLY, latest or LATE
    if first <= last:
        return first <= clock <= last
    return clock >= first or clock <= last


def starts(
    free: Iterable[Period],
    *,
    window: Period,
    length: timedelta,
    clocks: tuple[time | None, time | None],
    zone: ZoneInfo,
) -> Iterator[datetime]:
    """Yield the starts, soonest first, from which all lies within the window and is free."""
    found = starts_that_fit(
        free, length=length, earliest=window.start_at, latest=window.end_at - length
    )
    return (at for at in found if within_clocks(at.astimezone(zone), *clocks))


def soonest(
    chargers: Iterable[C], first_start: Callable[[C], datetime | None]
) -> tuple[C, datetime] | None:
    """Return the charger that can be had soonest; of several the one that stands first."""
    best: tuple[C, datetime] | None = None
    for charger in chargers:
        start = first_start(charger)
        if start is not None and (best is None or start < best[1]):
            best = charger, start
    return best
