"""The stream by which open pages hear of changes: one asyncio process for all of them.

A page names what it watches and what of it it shows (docs/operating.md). It is told at once when
that is not the newest, then of each change, without what has changed: it looks for itself, and so
sees what it may see. `beat` says that the stream lives, `bye` that the page is to connect again,
whose log-in is checked again then.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import Error

from live.admission import admit
from live.hub import Hub, Watch
from live.looking import with_fresh_connection, with_kept_connection
from telemetry.measures import LIVE_EVENTS, LIVE_STREAMS

logger = logging.getLogger(__name__)

MOST_OPEN = 2000
MOST_A_PERSON = 12
BEAT_SECONDS = 15.0
LIFE_SECONDS = 300.0
# Whoever takes nothing for so long is dropped.
PATIENCE_SECONDS = 10.0
# What changes within so many seconds of an event comes as one: no page looks more often than those
# that are told nothing.
PAUSE_SECONDS = {"booking": 0.5, "fleet": 2.0}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Server:
    """The ASGI application: `GET /live`, and `GET /health/live` for whoever restarts processes."""

    def __init__(self, *, most_open: int = MOST_OPEN, patience: float = PATIENCE_SECONDS) -> None:
        self.hub = Hub(self._look)
        self._most_open = most_open
        self._patience = patience
        self._doors = ThreadPoolExecutor(4, thread_name_prefix="live-door")
        self._lookout = ThreadPoolExecutor(1, thread_name_prefix="live-lookout")
        self._entering = 0
        self._open: Counter[int] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the start and the end of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/health/live":
            await refuse(send, HTTPStatus.OK)
        elif scope["path"] not in {"/live", "/live/"}:
            await refuse(send, HTTPStatus.NOT_FOUND)
        elif scope["method"] != "GET":
            await refuse(send, HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            await self._enter(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        work = (self.hub.listen_for_ever, self.hub.look_for_ever)
        tasks = [asyncio.create_task(again_and_again(each)) for each in work]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._doors.shutdown()
        self._lookout.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def _look(self, look: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        asked = partial(with_kept_connection, look, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._lookout, asked)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        headers = headers_for(origin)
        if origin and not headers:
            await refuse(send, HTTPStatus.FORBIDDEN)
            return
        if self._open.total() + self._entering >= self._most_open:
            await refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, headers)
            return
        self._entering += 1
        try:
            asked = partial(with_fresh_connection, admit, scope)
            watch = await asyncio.get_running_loop().run_in_executor(self._doors, asked)
        except Error:
            watch = HTTPStatus.SERVICE_UNAVAILABLE
        finally:
            self._entering -= 1
        if isinstance(watch, Watch) and self._open[watch.person] >= MOST_A_PERSON:
            watch = HTTPStatus.TOO_MANY_REQUESTS
        if isinstance(watch, HTTPStatus):
            await refuse(send, watch, headers)
            return
        self._open[watch.person] += 1
        outcome = "closed"
        LIVE_STREAMS.add(outcome="opened")
        gone = asyncio.create_task(note_leaving(watch, receive))
        self.hub.open(watch)
        try:
            await self._stream(watch, headers, send)
        except TimeoutError:
            logger.info("A page that took nothing is dropped.")
            outcome = "dropped"
        finally:
            gone.cancel()
            self.hub.close(watch)
            self._open[watch.person] -= 1
            if not self._open[watch.person]:
                del self._open[watch.person]
            LIVE_STREAMS.add(outcome=outcome)

    async def _stream(self, watch: Watch, headers: list[tuple[bytes, bytes]], send: Send) -> None:
        """Tell until the page leaves or is to connect again; TimeoutError if it takes nothing."""

        async def say(event: str, data: str = "", *, more: bool = True) -> None:
            body = f"event: {event}\ndata: {data}\n\n".encode()
            async with asyncio.timeout(self._patience):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        loop = asyncio.get_running_loop()
        # Not all at once, after a restart, for all times.
        ends_at = loop.time() + LIFE_SECONDS * random.uniform(0.8, 1)  # noqa: S311
        await send({"type": "http.response.start", "status": 200, "headers": [*STREAM, *headers]})
        await say("hello")
        while not watch.is_gone and (left := ends_at - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(BEAT_SECONDS, left)):
                    await watch.woken.wait()
            if watch.is_gone:
                break
            if not watch.woken.is_set():
                await say("beat")
                continue
            await say("change", watch.take())
            LIVE_EVENTS.add()
            await asyncio.sleep(PAUSE_SECONDS[watch.subject[0]])
        await say("bye", more=False)


async def again_and_again(work: Callable[[], Awaitable[None]]) -> None:
    """Begin a piece of work anew when it breaks down: pages trust a stream that lives."""
    while True:
        try:
            return await work()
        except Exception:
            logger.exception("What tells pages of changes broke down, and begins anew.")
            await asyncio.sleep(1)


STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    # nginx would keep what is said until it is enough.
    (b"x-accel-buffering", b"no"),
]


def headers_for(origin: str) -> list[tuple[bytes, bytes]]:
    """Return what lets the portal's pages read from here; nothing for those of other sites."""
    if origin != settings.SITE_URL:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    ]


async def refuse(
    send: Send, status: HTTPStatus, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Answer with a status and its words alone."""
    plain = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store"), *(headers or [])]
    if status >= HTTPStatus.BAD_REQUEST and status != HTTPStatus.NOT_FOUND:
        LIVE_STREAMS.add(outcome="refused")
    await send({"type": "http.response.start", "status": status, "headers": plain})
    await send({"type": "http.response.body", "body": f"{status.phrase}\n".encode()})


async def note_leaving(watch: Watch, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    watch.leave()
