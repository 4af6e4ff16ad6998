"""When the operator wants to be left alone, and how all processes get to know."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

LONGEST_WAIT_SECONDS = 600.0
SHORTEST_WAIT_SECONDS = 0.1
# How long to hold off after a 429 that does not say.
DEFAULT_WAIT_SECONDS = 5.0
# A larger X-RateLimit-Reset is an instant (seconds since 1970), a smaller one a wait.
FIRST_EPOCH_SECOND = 1_000_000_000


class RateGate(Protocol):
    """Shared knowledge of how long to hold off."""

    def closed_for(self) -> float:
        """Return the seconds until calls are welcome again; 0 when they are now."""
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

    def close_for(self, seconds: float) -> None:
        """Hold all callers off for some seconds, ten minutes at most."""
        with self._lock:
            self._until = max(self._until, self._clock() + bound_wait(seconds))


class Cache(Protocol):
    """The part of Django's cache interface that a gate needs."""

    def get(self, key: str) -> Any:
        """Return what is stored under `key`, or None."""
        ...

    def set(self, key: str, value: Any, timeout: float | None = ...) -> Any:
        """Store a value for `timeout` seconds."""
        ...


class CacheGate:
    """A gate for all processes that share a cache.

    Two that close it at the same moment may overwrite each other; both waits are the operator's
    word, so either is good.
    """

    def __init__(self, cache: Cache, key: str, *, clock: Callable[[], float] = time.time) -> None:
        self._cache = cache
        self._key = key
        self._clock = clock

    def closed_for(self) -> float:
        """Return the seconds until calls are welcome again; 0 when they are now."""
        until = self._cache.get(self._key)
        if not isinstance(until, int | float) or not math.isfinite(until):
            return 0.0
        return min(max(0.0, until - self._clock()), LONGEST_WAIT_SECONDS)

    def close_for(self, seconds: float) -> None:
        """Hold all callers off for some seconds, ten minutes at most."""
        wait = bound_wait(seconds)
        if wait > self.closed_for():
            self._cache.set(self._key, self._clock() + wait, timeout=math.ceil(wait) + 1)


def bound_wait(seconds: float) -> float:
    """Return a wait within sane bounds, whatever the operator said."""
    if math.isnan(seconds):
        return DEFAULT_WAIT_SECONDS
    return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def wait_after_refusal(headers: Mapping[str, str], *, now: float) -> float:
    """Return how long to hold off after a 429; `now` is in seconds since 1970."""
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
