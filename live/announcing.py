"""Says over Redis, once it is committed, which bookings have changed.

In a thread of its own, so that nobody who changes a booking waits for Redis. What is not said,
since Redis was away or the process was killed, the server of the stream finds in the database.
"""

import atexit
import json
import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import transaction
from django_redis import get_redis_connection
from django_redis.exceptions import ConnectionInterrupted

from bookings.models import Booking
from bookings.state import listeners
from drivers.shared_fragments import renew_marks

logger = logging.getLogger(__name__)

# For so long after a failure nothing is said, and what happens meanwhile is collected.
PAUSE_SECONDS = 5.0
MOST_COLLECTED = 1000
# The first change is said at once. What follows right after it is said together, so that workers
# who change much say little.
TOGETHER_SECONDS = 0.02

# The ids of fleet and booking, and the version.
Change = tuple[int, int, int]


def listen() -> None:
    """Begin to announce, where browsers hear of it."""
    if settings.LIVE_URL and has_redis():
        listeners.booking_changed.append(announce)


def announce(booking: Booking) -> None:
    """Say after the commit that what pages show of a booking has changed."""
    change = (booking.fleet_id, booking.pk, booking.version)
    transaction.on_commit(partial(VOICE.add, change), robust=True)


def has_redis() -> bool:
    return not settings.CACHE_URL.startswith("locmem")


def channel() -> str:
    # Channels know no databases: two portals that share a server would hear each other.
    return f"chargebook:changes:{urlsplit(settings.CACHE_URL).path.strip('/')}"


def as_message(changes: Iterable[Change]) -> str:
    return json.dumps(list(changes))


def from_message(message: str | bytes) -> list[Change]:
    """Return what was said; raises ValueError for what nobody here says."""
    try:
        said = json.loads(message)
        return [(int(fleet), int(booking), int(version)) for fleet, booking, version in said]
    except TypeError as error:
        raise ValueError(str(error)) from error


class Voice:
    """Collects changes and says them; of several changes of a booking the last one."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: in a forked process, whose parent says what it has collected itself."""
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._collected: dict[int, Change] = {}
        self._thread: threading.Thread | None = None

    def add(self, change: Change) -> None:
        with self._lock:
            if len(self._collected) < MOST_COLLECTED:
                self._collected[change[1]] = change
            if self._thread is None:
                self._thread = threading.Thread(target=self._say_for_ever, name="live", daemon=True)
                self._thread.start()
        self._some.set()

    def say(self) -> None:
        """Say what was collected, and forget it; raises redis.RedisError while Redis is away."""
        with self._lock:
            changes, self._collected = self._collected, {}
        if changes:
            # Whoever hears of it looks at once, and must find nothing that is older.
            renew_marks({fleet for fleet, _booking, _version in changes.values()})
            get_redis_connection("default").publish(channel(), as_message(changes.values()))

    def end(self) -> None:
        with suppress(redis.RedisError):
            self.say()

    def _say_for_ever(self) -> None:
        while self._some.wait():
            self._some.clear()
            try:
                self.say()
                time.sleep(TOGETHER_SECONDS)
            except (redis.RedisError, ConnectionInterrupted):
                logger.warning("Redis is away: open pages hear of changes some seconds later.")
                time.sleep(PAUSE_SECONDS)


VOICE = Voice()
atexit.register(VOICE.end)
os.register_at_fork(after_in_child=VOICE.forget)
