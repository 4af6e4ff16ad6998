"""How many bookings a second go through: forms taken by the web, rows sent and decided by workers.

The operator decides a second after it was asked, so that workers have to find out by polling.
"""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from itertools import islice
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.utils import timezone

from bookings.models import Booking, BookingRequest, BookingRequestEvent
from bookings.models.booking import slot_key
from bookings.state.moves import SUBMIT
from drivers.models import Driver
from mirror.work import wake
from shell.formats import instant
from sites.models import Evse, Location
from sites.selectors import all_bookable_evses
from tools.benchmarks.processor import IS_COUNTED, children_of, cpu_seconds, other_backends
from tools.benchmarks.report import Figure, say
from tools.benchmarks.sizes import Sizes
from tools.benchmarks.subjects.decisions import Page, Pids
from tools.benchmarks.world.data import People, enabled_drivers
from tools.benchmarks.world.desk import Desk

OPEN_PAGES = 4
BATCH = 500
DAYS_AHEAD = 5
LENGTH = timedelta(hours=1)
DECIDED_AFTER_SECONDS = 1
# Without any that is decided.
PATIENCE_SECONDS = 120
PROBLEM = re.compile(r'class="(?:alert|field__error|invalid)[^>]*>(.*?)</(?:div|p)>', re.DOTALL)
OVERLAP = re.compile(r'name="confirmed_overlap" value="([^"]+)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')

Place = tuple[Driver, Evse, datetime]


def measure(people: People, *, page: Page, pids: Pids, desk: Desk, sizes: Sizes) -> list[Figure]:
    desk.set(manual=False, decision_delay=DECIDED_AFTER_SECONDS)
    places = slots(people)
    try:
        return [
            _by_form(places, page=page, web=pids.web, count=sizes.forms),
            *_by_workers(people, places, desk=desk, workers=pids.workers, count=sizes.queued),
        ]
    finally:
        desk.set(manual=True)


def slots(people: People) -> Iterator[Place]:
    """Yield slots that are free, each of a driver who has none at that time."""
    drivers = enabled_drivers(people.fleet)
    # At the first site others have booked (tools.benchmarks.operator).
    free = all_bookable_evses(partner_ids=frozenset()).exclude(
        charge_point__location=Location.objects.earliest("ampeco_id")
    )
    evses = list(free.select_related("charge_point__location").order_by("-pk"))
    first = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)
    number = 0
    while True:
        turn, place = divmod(number, len(drivers))
        yield drivers[place], evses[number % len(evses)], first + turn * LENGTH
        number += 1


def _by_form(places: Iterator[Place], *, page: Page, web: int, count: int) -> Figure:
    say(f"Sending {count} forms …")
    before = _last()
    form = Form(page, next(places))
    processes = children_of(web) if IS_COUNTED else []
    begun, cpu_begun = time.perf_counter(), cpu_seconds(processes)
    with ThreadPoolExecutor(OPEN_PAGES) as tabs:
        list(tabs.map(form.send, list(islice(places, count))))
    seconds, cpu = time.perf_counter() - begun, cpu_seconds(processes) - cpu_begun
    made = BookingRequest.objects.filter(pk__gt=before).count()
    if made != count:
        raise RuntimeError(f"{made} of {count} forms became requests.")
    _wait(before)
    what = f"{count} forms sent from {OPEN_PAGES} pages, while workers send what comes"
    cpu_ms = cpu * 1000 / count if processes else None
    return Figure(what, "", f"{count / seconds:.1f} a second", None, cpu_ms=cpu_ms)


def _by_workers(
    people: People, places: Iterator[Place], *, desk: Desk, workers: tuple[int, ...], count: int
) -> Iterator[Figure]:
    before = _last()
    make_queued(people, list(islice(places, count)))
    say(f"Waiting until {count} queued requests are decided …")
    desk.take_calls()
    processes = workers if IS_COUNTED else ()
    begun, cpu_begun = time.perf_counter(), cpu_seconds(processes)
    database, database_begun = other_backends(), cpu_seconds(other_backends())
    # As the transaction that saves them all does.
    wake(SUBMIT)
    _wait(before)
    seconds, cpu = time.perf_counter() - begun, cpu_seconds(processes) - cpu_begun
    database_cpu = cpu_seconds(database) - database_begun
    calls = sum(desk.take_calls().values())
    ends = Counter(BookingRequest.objects.filter(pk__gt=before).values_list("status", flat=True))
    if ends["approved"] < 0.95 * count:
        raise RuntimeError(f"Most should have been approved, but: {dict(ends)}.")
    others = "".join(f", {n} {status}" for status, n in ends.items() if status != "approved")
    yield Figure(
        f"{count} requests, from queued to decided by {len(workers)} worker"
        f"{'' if len(workers) == 1 else 's'} of four threads",
        "",
        f"{count / seconds:.1f} a second{others}",
        None,
        cpu_ms=cpu * 1000 / count if processes else None,
        database_ms=database_cpu * 1000 / count if database else None,
    )
    # Of all that a booking costs, from the free times on: tests/bookings/test_calls.py.
    yield Figure("calls to the operator for each of them", "", f"{calls / count:.2f}", None)


def make_queued(people: People, places: list[Place]) -> None:
    """Make rows as a form makes them, without its checks."""
    now = timezone.now()
    for first in range(0, len(places), BATCH):
        requests = []
        for driver, evse, start_at in places[first : first + BATCH]:
            booking = Booking(
                fleet=people.fleet,
                driver=driver,
                location=evse.charge_point.location,
                evse=evse,
                start_at=start_at,
                end_at=start_at + LENGTH,
                # By this a booking knows that it is not in its own way.
                slot_key=slot_key(
                    driver=driver,
                    location=evse.charge_point.location,
                    evse=evse,
                    wanted="",
                    start=start_at,
                    end=start_at + LENGTH,
                ),
                created_by=people.manager,
            )
            requests.append(
                BookingRequest(
                    booking=booking,
                    driver=driver,
                    location=booking.location,
                    evse=evse,
                    start_at=booking.start_at,
                    end_at=booking.end_at,
                    created_by=people.manager,
                    next_attempt_at=now,
                )
            )
        Booking.objects.bulk_create([request.booking for request in requests])
        BookingRequest.objects.bulk_create(requests)
        BookingRequestEvent.objects.bulk_create(
            BookingRequestEvent(request=request, to_status="queued", actor="manager")
            for request in requests
        )


def _last() -> int:
    newest = BookingRequest.objects.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0


def _wait(before: int) -> None:
    """Wait until all requests made since are decided; raises RuntimeError where it stands still."""
    left, changed = -1, time.monotonic()
    undecided = BookingRequest.objects.filter(pk__gt=before, status__in=BookingRequest.OPEN)
    while now_left := undecided.count():
        if now_left != left:
            left, changed = now_left, time.monotonic()
        if time.monotonic() > changed + PATIENCE_SECONDS:
            raise RuntimeError(f"{left} requests are not decided: {list(undecided[:3].values())}")
        time.sleep(0.25)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args: object) -> None:
        """Leave the page of the booking unopened."""


class Form:
    """The form of a new booking, as a browser that has opened it sends it."""

    def __init__(self, page: Page, place: Place) -> None:
        self.page = page
        address = f"{page.portal}/bookings/new/?{urlencode(self._slot(place))}"
        with build_opener().open(Request(address, headers={"Cookie": page.cookie})) as answer:
            found = TOKEN.search(answer.read().decode())
            cookies = SimpleCookie(answer.headers["Set-Cookie"])
        if found is None:
            raise RuntimeError("The form of a new booking is not there.")
        self.token = found[1]
        self.cookie = f"{page.cookie}; csrftoken={cookies['csrftoken'].value}"

    def send(self, place: Place, *, confirmed_overlap: str = "") -> None:
        """Ask for a slot; raises RuntimeError where that does not lead to the booking.

        Some of the drivers have another booking at that time: that is confirmed.
        """
        slot = self._slot(place)
        typed = {
            **slot,
            "driver": place[0].pk,
            "reference": "",
            "submission_key": uuid.uuid4(),
            "confirmed_overlap": confirmed_overlap,
            "csrfmiddlewaretoken": self.token,
        }
        request = Request(
            f"{self.page.portal}/bookings/new/",
            data=urlencode(typed).encode(),
            headers={"Cookie": self.cookie},
        )
        try:
            with build_opener(_NoRedirect).open(request, timeout=60) as answer:
                page = answer.read().decode()
        except HTTPError as answer:
            if answer.code != 302:
                raise RuntimeError(f"The form gave {answer.code}.") from None
            return
        shown = OVERLAP.search(page)
        if shown is None or confirmed_overlap:
            raise RuntimeError(f"The form of {slot} came back: {PROBLEM.findall(page)}")
        self.send(place, confirmed_overlap=shown[1])

    def _slot(self, place: Place) -> dict[str, object]:
        _driver, evse, start_at = place
        return {
            "site": evse.charge_point.location_id,
            "evse": evse.pk,
            "start": instant(start_at),
            "minutes": int(LENGTH.total_seconds() // 60),
        }
