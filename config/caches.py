"""The cache that all processes share, and what holds while it is away.

Who can read its server learns no secret, and who can write to it runs nothing here: keys are keyed
hashes, values are JSON. So what is cached are texts, numbers, lists and dictionaries by text.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.utils.crypto import salted_hmac
from django_redis.cache import CONNECTION_INTERRUPTED, RedisCache
from django_redis.serializers.base import BaseSerializer

# What the log-in library keeps: how often somebody tried, and which codes were used up.
GUARDS = "allauth"
# For how long a Redis that did not answer is not asked again for those.
AWAY_SECONDS = 5.0

Ask = Callable[..., Any]


def key_of(key: str, prefix: str, version: int) -> str:
    """Return a key as the server sees it: among those that the portal uses, some hold secrets."""
    return f"{prefix}:{version}:{salted_hmac('cache', key, algorithm='sha256').hexdigest()}"


class Json(BaseSerializer):
    """Values as JSON; what is none, whoever wrote it, counts as not there."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, value: bytes) -> Any:
        try:
            return json.loads(value)
        except ValueError:
            return None


class JsonLocMemCache(LocMemCache):
    """The cache of a single process, which keeps the same types as Redis does."""

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        return super().add(key, json.loads(json.dumps(value)), *args, **kwargs)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        super().set(key, json.loads(json.dumps(value)), *args, **kwargs)


_own = JsonLocMemCache("guards-of-the-log-in", {})
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
