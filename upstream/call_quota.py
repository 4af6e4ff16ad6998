"""How many calls a minute the portal allows itself, all processes together.

Operators agree on a number with those who call them, but AMPECO's answers name none before it is
used up. Whoever knows the number sets it, and the portal never gets there: what workers do by
themselves stops short of it, so that there is something left for people who look at a page.
"""

import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.base import BaseCache

# A minute is counted in pieces; those of the last minute, and the one that runs, count.
PIECE_SECONDS = 5
PIECES = 60 // PIECE_SECONDS
KEPT_SECONDS = 120
# What the workers leave to people.
SHARE_OF_WORKERS = 0.8
# What is merely worth a look leaves so much to what has to be done.
SHARE_OF_LOOKS = 0.5


class CacheCallQuota:
    """Counts calls in a cache that all processes share; while it is away nobody is held up.

    `share` tells which part of `per_minute` the caller may use up. No sixty seconds hold more than
    that, however many ask at once.
    """

    def __init__(
        self,
        cache: BaseCache,
        key: str,
        *,
        per_minute: int,
        share: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._key = key
        self._most = max(1.0, per_minute * share)
        self._clock = clock

    def take(self) -> float:
        """Take one call; return 0, or the seconds until one may be had."""
        now = self._clock()
        piece = int(now // PIECE_SECONDS)
        # Counted before it is compared: of two who take the last one, at most one goes.
        calls = self._count(piece, 1) + self._before(piece)
        if calls <= self._most:
            return 0.0
        self._count(piece, -1)
        return PIECE_SECONDS - now % PIECE_SECONDS

    def has_some(self) -> bool:
        """Return whether a call could be had now; takes none."""
        piece = int(self._clock() // PIECE_SECONDS)
        own = _number(self._cache.get(self._key_of(piece)))
        return own + self._before(piece) < self._most

    def _before(self, piece: int) -> int:
        keys = [self._key_of(piece - back) for back in range(1, PIECES + 1)]
        found = self._cache.get_many(keys) or {}
        return sum(_number(found.get(key)) for key in keys)

    def _count(self, piece: int, calls: int) -> int:
        """Add to the calls of a piece and return how many it has; 0 without the cache."""
        key = self._key_of(piece)
        self._cache.add(key, 0, timeout=KEPT_SECONDS)
        try:
            return _number(self._cache.incr(key, calls))
        except ValueError:
            return 0

    def _key_of(self, piece: int) -> str:
        return f"{self._key}-{piece}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
