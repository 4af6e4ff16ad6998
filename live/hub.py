"""Who watches what, and how they hear of it: one subscription and one look for all of them."""

import asyncio
import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
from django.conf import settings
from django.db import Error

from drivers.shared_fragments import renew_marks
from live.announcing import Change, channel, from_message, has_redis
from live.looking import History, look_at

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# Of so many looks one reads what was written into the history as well.
READ_EVERY = 3
# For how long it is known what was told: longer than what the history reads again.
TOLD_SECONDS = 60.0
REDIS_PAUSE_SECONDS = 2.0
# How old a page is, its browser says to the second; and what it shows was read a little earlier.
AGE_MARGIN_SECONDS = 3.0
MOST_NAMED = 50


@dataclass(eq=False, slots=True, kw_only=True)
class Watch:
    """An open page: what it watches, and what it has not been told yet."""

    person: int
    fleet: int
    # None for all bookings of the fleet.
    booking: int | None = None
    # The version of the booking that the page shows, and for how many seconds it has shown it.
    seen: int = 0
    age: float = 0.0
    changed: set[int] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_gone: bool = False

    @property
    def subject(self) -> tuple[str, int]:
        return ("fleet", self.fleet) if self.booking is None else ("booking", self.booking)

    def tell(self, *bookings: int) -> None:
        """Wake the page; of very many bookings some are named, which makes no difference to it."""
        self.changed.update(bookings[: MOST_NAMED - len(self.changed)])
        self.woken.set()

    def update(self, version: int) -> None:
        """Tell of a version of the booking that is watched, unless the page has it already."""
        if version > self.seen and self.booking is not None:
            self.seen = version
            self.tell(self.booking)

    def take(self) -> str:
        """Return what the page is to be told now."""
        self.woken.clear()
        changed, self.changed = self.changed, set()
        return json.dumps({"bookings": sorted(changed)})

    def leave(self) -> None:
        self.is_gone = True
        self.woken.set()


class Hub:
    """Tells those who watch; for use within one event loop, but for what `ask` runs in threads."""

    def __init__(self, ask: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._ask = ask
        self._watches: defaultdict[tuple[str, int], set[Watch]] = defaultdict(set)
        self._told: dict[int, tuple[int, float]] = {}
        # When fleets last changed, and since when nothing was missed of that.
        self._changed_at: dict[int, float] = {}
        self._listens_since = time.monotonic()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def watched(self) -> int:
        """How many subjects somebody watches."""
        return len(self._watches)

    def open(self, watch: Watch) -> None:
        """Let somebody watch; who shows something older than what is known is told at once."""
        self._watches[watch.subject].add(watch)
        now = time.monotonic()
        # Not every change raises the version: that a request was sent, say, or a mail.
        if watch.booking is None:
            changed_at = self._changed_at.get(watch.fleet, 0.0)
        else:
            changed_at = self._told.get(watch.booking, (0, now - TOLD_SECONDS))[1]
        if now - watch.age - AGE_MARGIN_SECONDS < max(changed_at, self._listens_since):
            watch.tell()

    def end_soon(self) -> None:
        """Have all leave, since the server ends; for use in a handler of signals."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        for watch in [watch for watches in self._watches.values() for watch in watches]:
            watch.leave()

    def close(self, watch: Watch) -> None:
        others = self._watches[watch.subject]
        others.discard(watch)
        if not others:
            del self._watches[watch.subject]

    def hear(self, change: Change) -> None:
        """Tell all whom a change concerns."""
        fleet, booking, version = change
        now = time.monotonic()
        self._told[booking] = (version, now)
        self._changed_at[fleet] = now
        for subject in (("booking", booking), ("fleet", fleet)):
            for watch in self._watches.get(subject, ()):
                watch.seen = max(watch.seen, version)
                watch.tell(booking)

    async def listen_for_ever(self) -> None:
        """Hear what is said over Redis; while that is away the looks find it."""
        while has_redis():
            try:
                await self._listen()
            except (redis.RedisError, OSError):
                logger.warning("Redis is away: changes are looked for in the database.")
                await asyncio.sleep(REDIS_PAUSE_SECONDS)

    async def _listen(self) -> None:
        client = redis.asyncio.Redis.from_url(
            settings.CACHE_URL, socket_connect_timeout=2, socket_keepalive=True
        )
        async with client, client.pubsub(ignore_subscribe_messages=True) as subscription:
            await subscription.subscribe(channel())
            # What was said before was missed.
            self._listens_since = time.monotonic()
            async for message in subscription.listen():
                with suppress(ValueError):
                    for change in from_message(message["data"]):
                        self.hear(change)

    async def look_for_ever(self) -> None:
        """Look again and again for what was not said: its process was killed, or Redis away."""
        self._loop = asyncio.get_running_loop()
        history, looks = History(), 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._forget_old()
            bookings, fleets = self._subjects("booking"), self._subjects("fleet")
            if not fleets:
                history = History()
            looks += 1
            try:
                if bookings or fleets:
                    self._compare(await self._ask(look_at, bookings, fleets=fleets))
                if fleets and (history.is_new or looks % READ_EVERY == 0):
                    changes = await self._ask(history.read, fleets)
                    if missed := self._missed(changes, fleets):
                        await self._ask(renew_marks, missed)
                    self._catch_up(changes, fleets)
            except Error:
                logger.warning("The database is away: changes cannot be looked for.")

    def _subjects(self, kind: str) -> list[int]:
        return [number for of, number in self._watches if of == kind]

    def _compare(self, versions: list[Change]) -> None:
        for _fleet, booking, version in versions:
            for watch in self._watches.get(("booking", booking), ()):
                watch.update(version)

    def _missed(self, changes: list[Change] | None, fleets: list[int]) -> set[int]:
        """Return the fleets of which nobody said that they have changed."""
        if changes is None:
            return set(fleets)
        return {fleet for fleet, booking, version in changes if self._is_news(booking, version)}

    def _is_news(self, booking: int, version: int) -> bool:
        return version > self._told.get(booking, (-1, 0.0))[0]

    def _catch_up(self, changes: list[Change] | None, fleets: list[int]) -> None:
        if changes is None:
            for fleet in fleets:
                for watch in self._watches.get(("fleet", fleet), ()):
                    watch.tell()
            return
        for change in changes:
            if self._is_news(*change[1:]):
                self.hear(change)

    def _forget_old(self) -> None:
        old = time.monotonic() - TOLD_SECONDS
        self._told = {key: told for key, told in self._told.items() if told[1] > old}
