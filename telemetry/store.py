"""Where counters live: in the cache's Redis, added up over all processes of the portal.

Prometheus's own way to count over processes is a folder that all of them share. Containers and
machines share none, workers have no address to be asked at, and a web server that replaces its
processes fills it with files. Here one answer tells of the whole portal, whoever gives it.

A process collects what it counts and hands it on every two seconds, so that counting costs no call
to Redis. While that is away it keeps collecting. What a killed process had not handed on is lost,
and an emptied cache begins at zero, which Prometheus takes for a restart.
"""

import atexit
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress

import redis
from django.conf import settings
from django_redis import get_redis_connection

logger = logging.getLogger(__name__)

KEY = "chargebook:counters"
SECONDS_BETWEEN = 2.0


class Store:
    """Numbers by name that only ever grow; safe for use by several threads."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin at zero: in a test, or in a forked process, whose parent keeps what it counted."""
        self._lock = threading.Lock()
        self._collected: defaultdict[str, float] = defaultdict(float)
        # What counts when the cache lives in the process itself.
        self._kept: defaultdict[str, float] = defaultdict(float)
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def add(self, amounts: Mapping[str, float]) -> None:
        """Add to some numbers."""
        with self._lock:
            for name, amount in amounts.items():
                self._collected[name] += amount
            if self._thread is None and not _lives_in_process():
                self._thread = threading.Thread(
                    target=self._hand_on_for_ever, name="telemetry", daemon=True
                )
                self._thread.start()

    def read(self) -> dict[str, float]:
        """Return all numbers of the portal; raises redis.RedisError while Redis is away."""
        self.hand_on()
        if _lives_in_process():
            return dict(self._kept)
        numbers: dict[bytes, bytes] = get_redis_connection("default").hgetall(KEY)
        return {name.decode(): float(number) for name, number in numbers.items()}

    def hand_on(self) -> None:
        """Add what this process collected to what all of them did.

        Raises redis.RedisError when Redis is away; nothing is lost then, or, when its answer got
        lost on the way, counted twice.
        """
        with self._lock:
            amounts, self._collected = self._collected, defaultdict(float)
        if not amounts:
            return
        if _lives_in_process():
            for name, amount in amounts.items():
                self._kept[name] += amount
            return
        try:
            with get_redis_connection("default").pipeline() as pipeline:
                for name, amount in amounts.items():
                    pipeline.hincrbyfloat(KEY, name, amount)
                pipeline.execute()
        except redis.RedisError:
            with self._lock:
                for name, amount in amounts.items():
                    self._collected[name] += amount
            raise

    def end(self) -> None:
        """Hand on for the last time, when the process ends."""
        self._ended.set()
        with suppress(redis.RedisError):
            self.hand_on()

    def _hand_on_for_ever(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN):
            with suppress(redis.RedisError):
                self.hand_on()


def _lives_in_process() -> bool:
    return settings.CACHE_URL.startswith("locmem")


STORE = Store()
atexit.register(STORE.end)
os.register_at_fork(after_in_child=STORE.forget)
