"""How soon a decision is seen while many wait and others click, with all processes as they run.

The viewers wait for decisions on bookings of their own and hear of changes by the stream; what they
hear of they look at over HTTP, as a browser does. Meanwhile managers go from list to list.
"""

import itertools
import random
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock, Thread

from django.urls import reverse

from bookings.models import BookingRequest
from live.server import MOST_A_PERSON
from tools.benchmarks.processor import IS_COUNTED, children_of, cpu_seconds, other_backends
from tools.benchmarks.report import Figure, p95_of, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.decisions import APPROVED, Page, Pids, make_due
from tools.benchmarks.subjects.live import Viewers, cookie_of_viewer
from tools.benchmarks.world.data import People
from tools.benchmarks.world.desk import Desk
from tools.benchmarks.world.place import PATIENCE_SECONDS, Place, running
from tools.services.ports import answers, wait_until

# Between two decisions, and between two clicks of a manager.
APART_SECONDS = 0.25
CLICK_SECONDS = 2.0
MOST_DECISIONS = 100
GIVEN_UP_SECONDS = 30.0
LOOKING_AT_ONCE = 16
P95_ALLOWED, MOST_ALLOWED = 1.1, 1.5


def measure(
    requests: list[BookingRequest],
    *,
    people: People,
    place: Place,
    pids: Pids,
    desk: Desk,
    sizes: Sizes,
) -> list[Figure]:
    """Let some of those who wait be answered, one after the other."""
    if not IS_COUNTED:
        return [Figure("the portal under load", "", "not measured: no /proc", None)]
    say(f"{sizes.viewers} wait, {sizes.clicking} click …")
    watched = random.Random(4).sample(requests, min(sizes.viewers, len(requests)))
    cookies = [
        cookie_of_viewer(people.fleet.pk, f"waiting-{number}")
        for number in range(len(watched) // MOST_A_PERSON + 1 + sizes.clicking)
    ]
    count = make_due(since=watched[0].sent_at or watched[0].created_at)
    log = place.stack.folder / "live.log"
    with running(place.stack.processes()["live"], place.environment, log=log) as live:
        if not wait_until(lambda: answers(place.stack.live_port), seconds=PATIENCE_SECONDS):
            raise RuntimeError("The stream does not begin.")
        viewers = Viewers(place.stack.live_port)
        for number, request in enumerate(watched):
            query = f"booking={request.booking_id}&seen={request.booking.version}"
            viewers.open(number, query, cookies[number // MOST_A_PERSON])
        if not wait_until(lambda: viewers.connected == len(watched), seconds=PATIENCE_SECONDS):
            raise RuntimeError("Not all who wait are connected.")
        processes = {
            "web": children_of(pids.web),
            "workers": list(pids.workers),
            "stream": [live.pid],
            "PostgreSQL": other_backends(),
        }
        pages = [Page(place.stack.portal, cookie) for cookie in cookies]
        with clicking(pages[-sizes.clicking :]) as clicks:
            begun = time.monotonic()
            before = {name: cpu_seconds(these) for name, these in processes.items()}
            taken = decide(watched, viewers=viewers, page=pages[0], desk=desk)
            passed = time.monotonic() - begun
            cores = {
                name: (cpu_seconds(these) - before[name]) / passed
                for name, these in processes.items()
            }
        viewers.close()
    return figures_of(taken, clicks, cores=cores, pending=count, sizes=sizes)


def decide(
    watched: list[BookingRequest], *, viewers: Viewers, page: Page, desk: Desk
) -> list[float]:
    """Approve one after the other; return the seconds until each was seen in its page."""

    def wait(number: int) -> float:
        request = watched[number]
        assert request.ampeco_request_id is not None
        viewers.heard.pop(number, None)
        desk.approve(request.ampeco_request_id)
        decided = time.monotonic()
        looked = decided
        while time.monotonic() < decided + GIVEN_UP_SECONDS:
            if viewers.heard.get(number, 0.0) > looked:
                looked = time.monotonic()
                if APPROVED in page.get(reverse("bookings:status", args=[request.booking_id])):
                    return time.monotonic() - decided
            time.sleep(0.005)
        return GIVEN_UP_SECONDS

    with ThreadPoolExecutor(LOOKING_AT_ONCE) as lookers:
        waiting = []
        for number in range(min(MOST_DECISIONS, len(watched))):
            waiting.append(lookers.submit(wait, number))
            time.sleep(APART_SECONDS)
        return [one.result() for one in waiting]


@contextmanager
def clicking(pages: list[Page]) -> Iterator[list[float]]:
    """Let managers go from list to list while the block runs; yield the ms of each page."""
    ends, lock = Event(), Lock()
    taken: list[float] = []
    lists = [reverse(name) for name in ("home", "bookings:list", "sites:list", "drivers:list")]

    def click(page: Page, first: int) -> None:
        for path in itertools.islice(itertools.cycle(lists), first, None):
            if ends.wait(random.uniform(0, 2 * CLICK_SECONDS)):
                return
            begun = time.monotonic()
            page.get(path)
            with lock:
                taken.append((time.monotonic() - begun) * 1000)

    managers = [
        Thread(target=click, args=(page, number), daemon=True) for number, page in enumerate(pages)
    ]
    for manager in managers:
        manager.start()
    try:
        yield taken
    finally:
        ends.set()
        for manager in managers:
            manager.join()


def figures_of(
    taken: list[float],
    clicks: list[float],
    *,
    cores: dict[str, float],
    pending: int,
    sizes: Sizes,
) -> list[Figure]:
    """Return what it was like for those who wait, those who click, and for the machine."""
    p95, most = p95_of(taken), max(taken)
    used = ", ".join(f"{name} {share:.2f}" for name, share in cores.items())
    what = f"{sizes.viewers} wait among {pending} pending requests, {sizes.clicking} click"
    return [
        Figure(
            f"{what}: decision → visible",
            f"p95 ≤ {P95_ALLOWED} s, max {MOST_ALLOWED} s",
            f"p95 {p95:.2f} s, max {most:.2f} s, median {statistics.median(taken):.2f} s",
            p95 <= P95_ALLOWED and most <= MOST_ALLOWED,
        ),
        Figure(
            f"{what}: a click",
            "",
            f"p95 {p95_of(clicks):.0f} ms, median {statistics.median(clicks):.0f} ms"
            f" ({len(clicks)} pages)",
            None,
        ),
        Figure(f"{what}: cores taken", "", f"{sum(cores.values()):.2f}: {used}", None),
    ]
