"""One run: people ask while everything fails, then it is given time, then the books are read."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Queue
from uuid import UUID

import httpx
from django.db import OperationalError, connection
from django.db.models import F, QuerySet
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from drivers.models import Fleet
from notifications.models import Notification
from sandbox.management.commands.seed_demo import DEMO_PASSWORD
from sites.selectors import all_bookable_evses
from tools.benchmarks.world.data import enabled_drivers
from tools.chaos import reading
from tools.chaos.books import Books, Slot, differences, repeated_mails
from tools.chaos.charging import agreement
from tools.chaos.charging.departures import Departures
from tools.chaos.charging.hints import Hints
from tools.chaos.faults import Chaos, calls_of
from tools.chaos.people import Errand, Ledger, Manager
from tools.chaos.place import Place
from tools.services.ports import wait_until

PEOPLE = 12
# How many bookings a second people ask for together, so that they still ask when the last fault
# of a round comes.
PACE = {False: 4.0, True: 6.0}
# How long it may take until nothing is open any more, once nothing is wrong any more.
SETTLE_SECONDS = 600
# A short run waits so long, as every call that was under way has ended then. For what the killed
# have left behind it lets all that time pass at once.
QUIET_SECONDS, PASSED = 12, timedelta(minutes=5)
LENGTH, APART = timedelta(hours=1), timedelta(hours=2)
DAYS_AHEAD = 4
# Slots that two people want.
WANTED_TWICE = 0.04
SHOWN_DIFFERENCES = 40
LOGIN = "manager@hudson.example"

Chances = Callable[[str], random.Random]


@dataclass
class Result:
    """What is printed at the end."""

    books: Books
    differences: list[str]
    faults: Counter[str]
    answers: Counter[str]
    seconds_asking: float
    seconds_settling: float
    ready: str
    calls: int
    storms: list[int]
    hints: Counter[str]
    departures: Counter[str]
    restarts: Counter[str] = field(default_factory=Counter)

    def print(self) -> None:
        books = self.books
        table("What went wrong", self.faults)
        table("Started again", self.restarts)
        table("What the web servers answered", self.answers)
        table("What it answered to hints", self.hints)
        table("What people said of departures", self.departures)
        table("What people asked for", Counter(f"{e.kind}: {e.outcome}" for e in books.asked))
        returned = Counter(e.said for e in books.asked if e.outcome == "returned")
        table("With what it was returned", returned)
        table("What the portal says", Counter(f"{r.kind}: {r.status}" for r in books.requests))
        table("Its bookings", Counter(b.status for b in books.bookings))
        table(
            "What the operator holds",
            Counter(f"{r.kind}: {r.status}" for r in books.operator_requests),
        )
        table("Its bookings", Counter(b.status for b in books.operator_bookings))
        mails = Counter(f"to be told: {row.state}" for row in books.notifications)
        mails["arrived"] = len({mail.message_id for mail in books.mails})
        mails["came again under their Message-ID"] = repeated_mails(books)
        table("Mails", mails)
        print(
            f"\nAsked for {self.seconds_asking:.0f} s; settled {self.seconds_settling:.0f} s after "
            f"the last fault; the portal is {self.ready}. {self.calls} calls reached the operator; "
            f"each time it refused calls for being too many, {max(self.storms)} came at most."
        )
        for sentence in self.differences[:SHOWN_DIFFERENCES]:
            print(f"  DIFFERENT: {sentence}")


def table(title: str, counts: Counter[str]) -> None:
    print(f"\n{title}")
    for name, count in sorted(counts.items()):
        print(f"  {count:>6}  {name}")


def run(place: Place, *, count: int, chance: Chances, short: bool) -> Result:
    """Let people ask while everything fails; return what came of it."""
    ledger = Ledger()
    errands = make_errands(count, chance("errands"))
    managers = [
        Manager(
            f"manager {number}",
            portals=place.portals,
            login=(LOGIN, DEMO_PASSWORD),
            errands=errands,
            ledger=ledger,
            chance=chance(f"manager {number}"),
            keys=key_maker(chance(f"keys {number}")),
            pause=PEOPLE / PACE[short],
        )
        for number in range(PEOPLE)
    ]
    chaos = Chaos(place.target, chance=chance, short=short)
    agreement.read_first()
    hints, departures = Hints(place.portals), Departures(chance("departures"), email=LOGIN)
    begun = time.monotonic()
    for manager in managers:
        manager.start()
    chaos.start()
    for beside in (hints, departures):
        beside.start()
    for manager in managers:
        manager.join()
    chaos.stop()
    departures.stop()
    for manager in managers:
        if manager.problem is not None:
            raise manager.problem
    mended = time.monotonic()
    well_again = timezone.now()
    print(f"Asked for {mended - begun:.0f} s. Waiting until all is settled …", flush=True)
    if short and not wait_until(is_settled, seconds=QUIET_SECONDS, every=0.5):
        let_time_pass()
    wait_until(is_settled, seconds=SETTLE_SECONDS, every=0.5)
    settled = time.monotonic()
    hints.stop()
    ready = ready_word(place)
    operator_requests, operator_bookings = reading.operator_books(place.stack.operator)
    books = Books(
        asked=ledger.asked,
        cancelled=ledger.cancelled,
        requests=reading.portal_requests(),
        bookings=reading.portal_bookings(),
        notifications=reading.portal_mails(),
        operator_requests=operator_requests,
        operator_bookings=operator_bookings,
        mails=place.target.post.mails(),
    )
    found = differences(books)
    if ready != "ready":
        found.append(f"The portal is {ready}, though nothing is wrong any more.")
    found += agreement.differences(
        place.stack.operator, since=well_again, hints=hints, departures=departures, short=short
    )
    found += [
        f"{each.kind} {each.key}: nobody ever answered."
        for each in ledger.asked
        if each.outcome == "unanswered"
    ]
    return Result(
        books,
        found,
        chaos.happened,
        ledger.answers,
        seconds_asking=mended - begun,
        seconds_settling=settled - mended,
        ready=ready,
        calls=calls_of(place.stack.operator),
        storms=chaos.storms,
        hints=hints.answers,
        departures=departures.said,
    )


def make_errands(count: int, chance: random.Random) -> "Queue[Errand]":
    """Return so many errands: slots two hours apart, no driver in two places, some wanted twice."""
    fleet = Fleet.objects.get(memberships__user__email=LOGIN)
    drivers = enabled_drivers(fleet)
    evses = list(
        all_bookable_evses(partner_ids=frozenset())
        .select_related("charge_point__location")
        .order_by("pk")
    )
    chance.shuffle(evses)
    make_key = key_maker(chance)
    first = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=DAYS_AHEAD)
    errands: Queue[Errand] = Queue()
    last = None
    for number in range(count):
        turn, place = divmod(number, min(len(drivers), len(evses)))
        driver, evse = drivers[place], evses[place]
        start_at = first + turn * APART
        if last is not None and chance.random() < WANTED_TWICE:
            evse, start_at = last
        location = evse.charge_point.location
        spare = evses[(place + len(drivers)) % len(evses)]
        elsewhere = (spare.charge_point.location_id, spare.pk, spare.ampeco_id)
        slot = Slot(driver.ampeco_user_id, evse.ampeco_id, start_at, start_at + LENGTH)
        place_of = (location.pk, evse.pk, driver.pk, str(location.zone))
        errands.put(Errand(make_key(), slot, *place_of, elsewhere))
        last = (evse, start_at)
    return errands


def key_maker(chance: random.Random) -> Callable[[], UUID]:
    return lambda: UUID(int=chance.getrandbits(128), version=4)


def let_time_pass() -> None:
    """Move all that is open back in time, with the claims that the killed have left on it.

    Only for when no worker can be at work on any of it any more.
    """
    instants = {
        Booking: ("refresh_at",),
        BookingRequest: ("next_attempt_at", "lease_until", "send_started_at"),
        Notification: ("next_attempt_at", "lease_until"),
    }
    open_rows = (
        unnamed_bookings(),
        BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED),
        Notification.objects.filter(state=Notification.State.QUEUED),
    )
    for rows in open_rows:
        rows.update(**{name: F(name) - PASSED for name in instants[rows.model]})


def unnamed_bookings() -> QuerySet[Booking]:
    return Booking.objects.filter(status__in=Booking.CONFIRMED, ampeco_booking_id=None)


def is_settled() -> bool:
    """Return whether nothing is on its way: no request, no change, no number, no mail.

    Mails that have perhaps gone wait for longer than anybody runs this.
    """
    try:
        return not (
            BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED).exists()
            or Booking.objects.exclude(open_change="").exists()
            or unnamed_bookings().exists()
            or Notification.objects.filter(state=Notification.State.QUEUED, doubts=0).exists()
        )
    except OperationalError:
        connection.close()
        return False


def ready_word(place: Place) -> str:
    """Return how the portal says it is, given a minute to notice that all is well."""
    word = "silent"

    def is_ready() -> bool:
        nonlocal word
        try:
            told = httpx.get(f"{place.portals[0]}/health/ready", timeout=10).json()
            wrong = ", ".join(told["wrong"])
            word = f"{told['status']} ({wrong})" if wrong else told["status"]
        except (httpx.HTTPError, ValueError, KeyError):
            return False
        return word == "ready"

    wait_until(is_ready, seconds=90, every=1)
    return word
