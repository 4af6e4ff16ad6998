"""Counts how often something happens within a stretch of the clock, over all processes."""

import time
from dataclasses import dataclass

from django.core.cache import cache


@dataclass(frozen=True, slots=True)
class Count:
    """How often it happened so far, and in how many seconds counting begins again."""

    number: int
    seconds_left: float


def count(what: str, *, seconds: int) -> Count:
    """Count one more of `what` in the present stretch of so many seconds, and return the count.

    The counters live in the cache: while that is away nothing is counted, and the number is 0.
    """
    stretch, passed = divmod(time.time(), seconds)
    number = _increment(f"count:{what}:{int(stretch)}", seconds=seconds)
    return Count(number, seconds - passed)


def _increment(key: str, *, seconds: int) -> int:
    if cache.add(key, 1, seconds):
        return 1
    try:
        return cache.incr(key) or 0
    except ValueError:
        # It ran out between the two calls.
        return 1
