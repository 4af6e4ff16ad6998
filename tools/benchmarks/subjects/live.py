"""What the stream to open pages costs, and how soon a change is heard of; with its process running.

Viewers listen from this process: each to the page of a pending booking, then all to their fleet.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from bookings.models import Actor, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from drivers.models import FleetMembership
from live.server import MOST_A_PERSON
from tools.benchmarks.processor import IS_COUNTED, cpu_seconds, other_backends
from tools.benchmarks.report import Figure, say
from tools.benchmarks.subjects.decisions import pending
from tools.benchmarks.subjects.pages import browser_of
from tools.benchmarks.world.place import PATIENCE_SECONDS, Place, running
from tools.services.ports import LOOPBACK, answers, wait_until

IDLE_SECONDS = 20
CHANGES = 100
BROADCASTS = 10
# Of one core.
SHARE_ALLOWED = 0.02
MILLISECONDS_ALLOWED = 5.0


class Viewers:
    """Open pages: how many are connected, and when each last heard of a change."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected = 0
        self.heard: dict[int, float] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._pages: list[asyncio.Future[None]] = []

    def open(self, number: int, query: str, cookie: str) -> None:
        page = asyncio.run_coroutine_threadsafe(self._listen(number, query, cookie), self._loop)
        self._pages.append(page)  # type: ignore[arg-type]

    def close(self) -> None:
        """Leave all pages; raises what went wrong with one."""
        for page in self._pages:
            if not page.cancel():
                page.result()
        self._pages, self.connected = [], 0

    async def _listen(self, number: int, query: str, cookie: str) -> None:
        head = f"GET /live?{query} HTTP/1.1\r\nHost: {LOOPBACK}\r\nCookie: {cookie}\r\n\r\n"
        while True:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
            writer.write(head.encode())
            try:
                # Refused are those who come before the server knows that they have left.
                if b" 200 " in await reader.readline():
                    await self._hear(number, reader)
            finally:
                writer.close()
            await asyncio.sleep(0.2)

    async def _hear(self, number: int, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            if line.startswith(b"event: hello"):
                self.connected += 1
            elif line.startswith(b"event: change"):
                self.heard[number] = time.monotonic()


def measure(requests: list[BookingRequest], *, place: Place) -> list[Figure]:
    """Let as many listen as there are pending requests."""
    if not IS_COUNTED:
        return [Figure("the stream to open pages", "", "not measured: no /proc", None)]
    say("Listening to changes …")
    fleet = requests[0].booking.fleet
    cookies = [
        cookie_of_viewer(fleet.pk, f"viewer-{number}")
        for number in range(len(requests) // MOST_A_PERSON + 1)
    ]
    port = place.stack.live_port
    command = place.stack.processes()["live"]
    log = place.stack.folder / "live.log"
    with running(command, place.environment, log=log) as process:
        if not wait_until(lambda: answers(port), seconds=PATIENCE_SECONDS):
            raise RuntimeError("The stream does not begin.")
        viewers = Viewers(port)
        for number, request in enumerate(requests):
            query = f"booking={request.booking_id}&seen={request.booking.version}"
            viewers.open(number, query, cookies[number // MOST_A_PERSON])
        _wait(lambda: viewers.connected == len(requests))
        figures = [_idle(process.pid, len(requests)), _latency(requests, viewers)]
        viewers.close()
        for number in range(len(requests)):
            viewers.open(number, "fleet=current", cookies[number // MOST_A_PERSON])
        _wait(lambda: viewers.connected == len(requests))
        figures.append(_broadcast(requests[0], viewers, process.pid, len(requests)))
        viewers.close()
    return figures


def cookie_of_viewer(fleet_pk: int, name: str) -> str:
    """Return the cookie of somebody new who is logged in."""
    user = User.objects.create_user(f"{name}@bench.example")
    FleetMembership.objects.create(fleet_id=fleet_pk, user=user)
    cookie = settings.SESSION_COOKIE_NAME
    return f"{cookie}={browser_of(user).cookies[cookie].value}"


def _idle(pid: int, count: int) -> Figure:
    _rest()
    before, begun = (cpu_seconds([pid]), cpu_seconds(other_backends())), time.monotonic()
    for _ in range(IDLE_SECONDS):
        # As the sweeps leave old requests, which whoever watches them has polled sooner.
        pending().update(next_attempt_at=timezone.now() + timedelta(minutes=1))
        time.sleep(1)
    took = time.monotonic() - begun
    ours = (cpu_seconds([pid]) - before[0]) / took
    database = (cpu_seconds(other_backends()) - before[1]) / took
    measured = f"{ours:.1%} of a core, and {database:.1%} of PostgreSQL"
    within = ours + database <= SHARE_ALLOWED * max(1, count / 100)
    return Figure(
        f"{count} pages wait for decisions and nothing happens",
        f"≤ {SHARE_ALLOWED:.0%} a hundred",
        measured,
        within,
    )


def _latency(requests: list[BookingRequest], viewers: Viewers) -> Figure:
    taken = []
    for number in random.Random(3).sample(range(len(requests)), min(CHANGES, len(requests))):
        # All were told to look when they connected to a server that had just begun.
        viewers.heard.clear()
        change(requests[number])
        committed = time.monotonic()
        _wait(lambda number=number: viewers.heard.get(number, 0.0) > 0)  # type: ignore[misc]
        taken.append((viewers.heard[number] - committed) * 1000)
    measured = f"median {statistics.median(taken):.1f} ms, max {max(taken):.0f} ms"
    return Figure(f"commit → page, {len(requests)} pages listen", "", measured, None)


def _broadcast(request: BookingRequest, viewers: Viewers, pid: int, count: int) -> Figure:
    _rest()
    before = cpu_seconds([pid])
    for _ in range(BROADCASTS):
        viewers.heard.clear()
        change(request)
        _wait(lambda: len(viewers.heard) == count)
        # A fleet's pages are told every two seconds at most.
        time.sleep(2.5)
    each = (cpu_seconds([pid]) - before) * 1000 / BROADCASTS / count
    what = f"one change told to {count} pages of a fleet: CPU a page, without its look"
    within = each <= MILLISECONDS_ALLOWED
    return Figure(what, f"≤ {MILLISECONDS_ALLOWED:.0f} ms", f"{each:.2f} ms", within)


def change(request: BookingRequest) -> None:
    """Change its booking as the sweeps do."""
    booking = request.booking
    booking.refresh_from_db()
    what = BookingEvent.What.CHANGED
    change_booking(booking, what=what, actor=Actor.PORTAL, needs_attention=True)


def _rest() -> None:
    """Let what connecting cost pass."""
    time.sleep(3)


def _wait(condition: Callable[[], bool]) -> None:
    if not wait_until(condition, seconds=PATIENCE_SECONDS, every=0.001):
        raise RuntimeError("Not all pages were told.")
