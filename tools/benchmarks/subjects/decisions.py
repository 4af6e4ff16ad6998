"""How long until a person sees what the operator decided, with web, worker and beat as they run.

A page is opened over HTTP and asks for its status as often as its markup says, like a browser. A
few pages are open at once, each at its own moment.
"""

import random
import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.request import Request, urlopen

from django.conf import settings
from django.db import OperationalError
from django.db.models import QuerySet
from django.db.models.functions import Mod
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import BookingRequest
from tools.benchmarks.report import Figure, say
from tools.benchmarks.world.desk import Desk
from tools.benchmarks.world.place import PATIENCE_SECONDS, Place, running
from tools.services.ports import answers_ready, wait_until

OPEN_PAGES = 4
TRIGGER = re.compile(r'data-look-every="(\d+)(ms|s)"')
SECONDS_ALLOWED = 2.0
SECONDS_GIVEN_UP = 60.0
DEADLOCKS_BORNE = 10
APPROVED = 'data-announce="Approved"'
LIST_OF_REQUESTS = "GET /resources/booking-requests/v1.0"
# How often a request is polled depends on its age. The fresh ones stay so while it is measured.
LONGEST_PAUSE = 60
FRESH, OLD = timedelta(minutes=10), timedelta(hours=-2)


@dataclass(frozen=True, slots=True)
class Pids:
    """The processes that stay alive while the block of `portal_running` runs."""

    web: int
    workers: tuple[int, ...]
    beat: int


@contextmanager
def portal_running(place: Place, *, workers: int = 1) -> Iterator[Pids]:
    """Run web, workers and beat, with the commands of the demo, until the block ends."""
    commands = place.stack.processes()
    names = [f"worker-{number}" for number in range(workers)]
    commands |= {name: f"{commands['worker']} --hostname={name}@%h" for name in names}
    with ExitStack() as stack:
        process = {
            name: stack.enter_context(
                running(commands[name], place.environment, log=place.stack.folder / f"{name}.log")
            )
            for name in ("web", *names, "beat")
        }
        if not wait_until(lambda: answers_ready(place.stack.portal), seconds=PATIENCE_SECONDS):
            raise RuntimeError("The portal does not get ready.")
        yield Pids(
            web=process["web"].pid,
            workers=tuple(process[name].pid for name in names),
            beat=process["beat"].pid,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A browser's way to the running portal, with the log-in of another browser."""

    portal: str
    cookie: str

    @classmethod
    def of(cls, browser: Client, *, portal: str) -> "Page":
        name = settings.SESSION_COOKIE_NAME
        return cls(portal, f"{name}={browser.cookies[name].value}")

    def get(self, path: str) -> str:
        """Return a page; raises HTTPError for any answer but a good one."""
        request = Request(f"{self.portal}{path}", headers={"Cookie": self.cookie})
        with urlopen(request, timeout=SECONDS_GIVEN_UP) as answer:
            return str(answer.read().decode())


def measure(
    requests: list[BookingRequest], *, page: Page, desk: Desk, samples: int
) -> list[Figure]:
    figures = []
    chosen = iter(random.Random(2).sample(requests, 2 * samples))
    for name, age in (("fresh", FRESH), ("two hours old", OLD)):
        say(f"Waiting for decisions on requests that are {name} …")
        count = make_due(since=timezone.now() + age)
        desk.take_calls()
        if not wait_until(lambda: is_polled(desk), seconds=PATIENCE_SECONDS):
            raise RuntimeError("The worker does not poll.")
        if age is OLD:
            spread_polls()
        batch = [next(chosen) for _ in range(samples)]
        with ThreadPoolExecutor(OPEN_PAGES) as people:
            taken = list(people.map(partial(wait_for_decision, page=page, desk=desk), batch))
        what = f"decision → visible, {count} pending requests, {name}"
        measured = f"max {max(taken):.2f} s, median {statistics.median(taken):.2f} s"
        within = max(taken) <= SECONDS_ALLOWED
        figures.append(Figure(what, f"≤ {SECONDS_ALLOWED:.0f} s", measured, within))
    return figures


def make_due(*, since: datetime) -> int:
    """Make the pending requests due now, as if the operator had them since then; count them."""
    return update(pending(), sent_at=since, next_attempt_at=timezone.now())


def spread_polls() -> None:
    now = timezone.now()
    for second in range(LONGEST_PAUSE):
        some = pending().annotate(rest=Mod("pk", LONGEST_PAUSE)).filter(rest=second)
        update(some, next_attempt_at=now + timedelta(seconds=second))


def update(requests: QuerySet[BookingRequest], **changes: datetime) -> int:
    """Update rows that the worker may be updating in another order at the same time."""
    for _ in range(DEADLOCKS_BORNE):
        try:
            return requests.update(**changes)
        except OperationalError:
            continue
    return requests.update(**changes)


def pending() -> QuerySet[BookingRequest]:
    return BookingRequest.objects.filter(status=BookingRequest.Status.PENDING)


def is_polled(desk: Desk) -> bool:
    return bool(desk.take_calls().get(LIST_OF_REQUESTS))


def wait_for_decision(request: BookingRequest, *, page: Page, desk: Desk) -> float:
    """Open a booking's page, let the operator approve, and return the seconds until it shows."""
    assert request.ampeco_request_id is not None
    pause = pause_of(page.get(reverse("bookings:detail", args=[request.booking_id])))
    opened = time.monotonic()
    # Not before the page has looked once, and at any moment between its looks.
    decide_at = opened + 1 + random.uniform(0, 1)
    look_at = opened + pause
    decided = 0.0
    while time.monotonic() < opened + SECONDS_GIVEN_UP:
        if not decided and decide_at <= look_at:
            sleep_until(decide_at)
            decided = time.monotonic()
            desk.approve(request.ampeco_request_id)
        sleep_until(look_at)
        status = page.get(reverse("bookings:status", args=[request.booking_id]))
        if APPROVED in status:
            return time.monotonic() - decided
        look_at = time.monotonic() + pause
    return SECONDS_GIVEN_UP


def pause_of(page: str) -> float:
    """Return how many seconds a waiting page lets pass between an answer and its next look."""
    found = TRIGGER.search(page)
    if found is None:
        raise RuntimeError("The page of a pending booking does not keep up.")
    return int(found[1]) / (1000 if found[2] == "ms" else 1)


def sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
