"""The cache that all processes share, and what holds while it is away."""

import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import CONNECTION_INTERRUPTED, RedisCache

# What the log-in library keeps: how often somebody tried, and which codes were used up.
GUARDS = "allauth"
# For how long a Redis that did not answer is not asked again for those.
AWAY_SECONDS = 5.0

Ask = Callable[..., Any]

_own = LocMemCache("guards-of-the-log-in", {})
_away_until = 0.0


def _note_away() -> None:
    global _away_until
    _away_until = time.monotonic() + AWAY_SECONDS


class GuardedRedisCache(RedisCache[Any]):
    """Redis, whose absence makes pages slower and leaves guesses at passwords counted.

    While Redis is away everything else is a miss; what guards the log-in is then counted by each
    process for itself: people still get in, and guessing stays bounded by the number of processes.
    """

    def add(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().add, _own.add, key, *args, **kwargs)

    def set(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().set, _set_own, key, *args, **kwargs)

    def delete(self, key: str, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().delete, _own.delete, key, *args, **kwargs)

    def get(
        self, key: str, default: Any = None, version: int | None = None, client: Any = None
    ) -> Any:
        if not _is_guard(key):
            return super().get(key, default, version, client)
        if _is_there():
            value = self._get(key, default, version, client)
            if value is not CONNECTION_INTERRUPTED:
                return value
            _note_away()
        return _own.get(key, default, version)

    def _guarded(
        self,
        shared: Callable[..., Any],
        own: Callable[..., Any],
        key: str,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        if not _is_guard(key):
            return shared(key, *args, **kwargs)
        if _is_there():
            answer = shared(key, *args, **kwargs)
            if answer is not None:
                return answer
            _note_away()
        return own(key, *args, **kwargs)


def _set_own(key: str, *args: Any, **kwargs: Any) -> bool:
    _own.set(key, *args, **kwargs)
    return True


def _is_guard(key: str) -> bool:
    return key.startswith(GUARDS)


def _is_there() -> bool:
    return time.monotonic() >= _away_until
