"""When the operator wants to be left alone, and how all processes get to know."""

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

from django.core.cache.backends.base import BaseCache

from upstream.call_quota import CacheCallQuota

LONGEST_WAIT_SECONDS = 600.0
SHORTEST_WAIT_SECONDS = 0.1
# How long to hold off after a 429 that does not say.
DEFAULT_WAIT_SECONDS = 5.0
# When a pause is over one caller goes at once; the other processes follow within this time, so that
# they do not all come at the same moment and find out once more.
SPREAD_SECONDS = (0.2, 0.8)
# A larger X-RateLimit-Reset is an instant (seconds since 1970), a smaller one a wait.
FIRST_EPOCH_SECOND = 1_000_000_000


class RateGate(Protocol):
    """Shared knowledge of how long to hold off."""

    def closed_for(self) -> float:
        """Return the seconds until calls are welcome again; 0 when they are now."""
        ...

    def enter(self) -> float:
        """Like `closed_for`, asked by a caller who goes if the answer is 0."""
        ...

    def close_for(self, seconds: float) -> None:
        """Hold all callers off for some seconds; never shortens an earlier wait."""
        ...


class MemoryGate:
    """A gate for the clients of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = -math.inf
        self._lock = threading.Lock()

    def closed_for(self) -> float:
        """Return the seconds until calls are welcome again; 0 when they are now."""
        return max(0.0, self._until - self._clock())

    def enter(self) -> float:
        """Return what `closed_for` does: a single process needs no order."""
        return self.closed_for()

    def close_for(self, seconds: float) -> None:
        """Hold all callers off for some seconds, ten minutes at most."""
        with self._lock:
            self._until = max(self._until, self._clock() + bound_wait(seconds))


class CacheGate:
    """A gate for all processes that share a cache; while that is away, each knows what it was told.

    After a pause one caller goes first, and the other processes follow at times of their own.
    `allowance` is what the portal allows itself besides. Two that close it at the same moment may
    overwrite each other; both waits are the operator's word, so either is good.
    """

    def __init__(
        self,
        cache: BaseCache,
        key: str,
        *,
        clock: Callable[[], float] = time.time,
        allowance: CacheCallQuota | None = None,
    ) -> None:
        self._cache = cache
        self._key = key
        self._clock = clock
        self._own = MemoryGate(clock=clock)
        self._allowance = allowance
        # Of the last pause whose end this process has seen: when it ended, when our turn is.
        self._ended_at = 0.0
        self._turn_at = 0.0

    def closed_for(self) -> float:
        """Return the seconds until calls are welcome again; 0 when they are now."""
        return max(0.0, self._left(self._told()))

    def enter(self) -> float:
        """Return 0 where this caller may go, else for how many seconds it may not.

        The first one to ask after a pause goes, so that a pause that is not over yet costs a single
        call. Takes one call of the allowance.
        """
        until = self._told()
        left = self._left(until)
        if left <= 0 and until is not None:
            left = self._turn(until)
        if left <= 0 and self._allowance is not None:
            left = self._allowance.take()
        return max(0.0, left)

    def _told(self) -> float | None:
        """Return when the pause ends or ended that the cache knows of; None where it has none."""
        until = self._cache.get(self._key)
        return until if isinstance(until, int | float) and math.isfinite(until) else None

    def _left(self, until: float | None) -> float:
        own = min(self._own.closed_for(), LONGEST_WAIT_SECONDS)
        return own if until is None else max(own, min(until - self._clock(), LONGEST_WAIT_SECONDS))

    def _turn(self, until: float) -> float:
        """Return in how many seconds it is this process's turn after a pause that is over."""
        now = self._clock()
        if until != self._ended_at:
            shortest, longest = SPREAD_SECONDS
            self._turn_at = until + random.uniform(shortest, longest)  # noqa: S311
            self._ended_at = until
            # Whoever comes when all have had their turn needs no order.
            if now < self._turn_at and self._cache.add(
                f"{self._key}-first-{until:.3f}", 1, timeout=math.ceil(longest) + 1
            ):
                return 0.0
        return self._turn_at - now

    def close_for(self, seconds: float) -> None:
        """Hold all callers off for some seconds, ten minutes at most."""
        wait = bound_wait(seconds)
        is_longer = wait > self.closed_for()
        self._own.close_for(wait)
        if is_longer:
            self._cache.set(self._key, self._clock() + wait, timeout=math.ceil(wait) + 2)


def bound_wait(seconds: float) -> float:
    if math.isnan(seconds):
        return DEFAULT_WAIT_SECONDS
    return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def wait_after_refusal(headers: Mapping[str, str], *, now: float) -> float:
    """Return how long to hold off after a 429; `now` is in seconds since 1970, by its writer."""
    wait = _retry_after(headers, now=now)
    if wait is None:
        wait = _reset(headers, now=now)
    return bound_wait(DEFAULT_WAIT_SECONDS if wait is None else wait)


def wait_when_used_up(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return how long to hold off after the last call of a quota, or None when some are left."""
    if _number(headers.get("x-ratelimit-remaining")) != 0:
        return None
    wait = _reset(headers, now=now)
    return None if wait is None else bound_wait(wait)


def _retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is in GMT, as all dates of HTTP are.
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (instant - datetime.fromtimestamp(now, tz=UTC)).total_seconds()


def _reset(headers: Mapping[str, str], *, now: float) -> float | None:
    value = _number(headers.get("x-ratelimit-reset"))
    if value is None:
        return None
    return value - now if value >= FIRST_EPOCH_SECOND else value


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
