"""One run: people ask while everything fails, then it is given time, then the books are read."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from django.db import OperationalError, connection
from django.db.models import F, QuerySet
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from notifications.models import Notification
from remote.models import RemoteAction
from sandbox.management.commands.seed_demo import DEMO_PASSWORD
from series.models import Series, SeriesDate
from sites.slots.rules import last_instant
from tools.chaos.books import many, reading
from tools.chaos.books.kept import Books
from tools.chaos.books.ledger import Ledger
from tools.chaos.books.single import differences, repeated_mails
from tools.chaos.charging import agreement
from tools.chaos.charging.departures import Departures
from tools.chaos.charging.hints import Hints
from tools.chaos.faults import Chaos, calls_of
from tools.chaos.people.errands import LOGIN, key_maker, make_errands
from tools.chaos.people.manager import Manager
from tools.chaos.place import Place
from tools.chaos.remote import told
from tools.chaos.remote.charges import Charges
from tools.services.ports import wait_until
from waiting.models import SiteWatch, Wish

PEOPLE = 12
# How many bookings a second people ask for together, so that they still ask when the last fault
# of a round comes.
PACE = {False: 4.0, True: 6.0}
# How long it may take until nothing is open any more, once nothing is wrong any more.
SETTLE_SECONDS = 600
# A short run waits so long, as every call that was under way has ended then. For what the killed
# have left behind it lets all that time pass at once.
QUIET_SECONDS, PASSED = 12, timedelta(minutes=5)
AGAIN_SECONDS = 60
SHOWN_DIFFERENCES = 40

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
    charges: Counter[str]
    actions: Counter[str]
    told: Counter[str]
    restarts: Counter[str] = field(default_factory=Counter)

    def print(self) -> None:
        books = self.books
        table("What went wrong", self.faults)
        table("Started again", self.restarts)
        table("What the web servers answered", self.answers)
        table("What it answered to hints", self.hints)
        table("What people said of departures", self.departures)
        table("What people wanted of chargers", self.charges)
        table("What the portal says of that", self.actions)
        table("What chargers were told", self.told)
        table("What people asked for", Counter(f"{e.kind}: {e.outcome}" for e in books.asked))
        returned = Counter(e.said for e in books.asked if e.outcome == "returned")
        table("With what it was returned", returned)
        table("Tables", Counter(f"{each.outcome} {each.said}" for each in books.tables))
        table("Their rows", Counter(row.state for row in books.rows if row.is_sent))
        table("Series", Counter(each.outcome for each in books.series))
        table("Their dates", Counter(row.state for row in books.dates))
        table("Waiting list", Counter(each.outcome for each in books.wishes))
        table("What became of it", Counter(wish.state for wish in books.portal_wishes))
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
    charges = Charges(
        portals=place.portals,
        operator=place.stack.operator,
        login=(LOGIN, DEMO_PASSWORD),
        ledger=ledger,
        chance=chance,
        short=short,
    )
    hints, departures = Hints(place.portals), Departures(chance("departures"), email=LOGIN)
    begun = time.monotonic()
    for manager in managers:
        manager.start()
    chaos.start()
    for beside in (hints, departures, charges):
        beside.start()
    for manager in managers:
        manager.join()
    chaos.stop()
    charges.stop()
    departures.stop()
    for manager in managers:
        if manager.problem is not None:
            raise manager.problem
    mended = time.monotonic()
    well_again = timezone.now()
    print(f"Asked for {mended - begun:.0f} s. Waiting until all is settled …", flush=True)

    def all_is_settled() -> bool:
        # Once more at the end: what somebody waits for may just have been asked for.
        return is_settled() and not waits_in_vain(ledger, place) and is_settled()

    if short and not wait_until(all_is_settled, seconds=QUIET_SECONDS, every=0.5):
        let_time_pass()
    wait_until(all_is_settled, seconds=SETTLE_SECONDS, every=0.5)
    settled = time.monotonic()
    hints.stop()
    ready = ready_word(place)
    # An offer may have run out meanwhile, and the next in turn have been asked for.
    wait_until(all_is_settled, seconds=AGAIN_SECONDS, every=0.5)
    books = reading.read_books(ledger, operator=place.stack.operator)
    books.mails = place.target.post.mails()
    found = differences(books)
    if ready != "ready":
        found.append(f"The portal is {ready}, though nothing is wrong any more.")
    found += agreement.differences(
        place.stack.operator, since=well_again, hints=hints, departures=departures, short=short
    )
    actions, heard = told.portal_actions(), told.told_to_chargers(place.stack.operator)
    found += told.differences(actions, heard, keys=charges.keys, evses=charges.by_evse())
    found += [
        f"{each.kind} {each.key}: nobody ever answered."
        for each in ledger.asked
        if each.outcome == "unanswered"
    ]
    found += [f"{each}: nobody ever answered." for each in ledger.unanswered()]
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
        charges=charges.said,
        actions=Counter(f"{each.kind}: {each.status}" for each in actions),
        told=Counter(f"{each.kind}: {each.outcome}" for each in heard),
    )


def let_time_pass() -> None:
    """Move all that is open back in time, with the claims that the killed have left on it.

    Only for when no worker can be at work on any of it any more.
    """
    instants = {
        Booking: ("refresh_at",),
        BookingRequest: ("next_attempt_at", "lease_until", "send_started_at"),
        Notification: ("next_attempt_at", "lease_until"),
        Series: ("look_at", "lease_until"),
        SiteWatch: ("look_at", "lease_until"),
        RemoteAction: ("created_at", "next_attempt_at", "lease_until", "send_started_at"),
    }
    open_rows = (
        unnamed_bookings(),
        BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED),
        Notification.objects.filter(state=Notification.State.QUEUED),
        unasked_series(),
        SiteWatch.objects.filter(look_at__isnull=False),
        RemoteAction.objects.filter(status__in=RemoteAction.OPEN),
    )
    for rows in open_rows:
        rows.update(**{name: F(name) - PASSED for name in instants[rows.model]})


def unnamed_bookings() -> QuerySet[Booking]:
    return Booking.objects.filter(status__in=Booking.CONFIRMED, ampeco_booking_id=None)


def unasked_series() -> QuerySet[Series]:
    """Return those with a date that the operator would take, and that nobody has asked for yet."""
    horizon = last_instant(timezone.now()).date()
    waiting = SeriesDate.objects.filter(state=SeriesDate.State.WAITING, day__lt=horizon)
    return Series.objects.filter(state=Series.State.ACTIVE, dates__in=waiting).distinct()


def waits_in_vain(ledger: Ledger, place: Place) -> bool:
    """Return whether somebody still waits for what is free by now."""
    try:
        books = reading.read_books(ledger, operator=place.stack.operator)
    except OperationalError:
        connection.close()
        return True
    asked = {each.key: each for each in ledger.wishes}
    return any(
        wish.state == "waiting" and many.could_be_had(asked[wish.key], wish, books)
        for wish in books.portal_wishes
        if wish.key in asked
    )


def is_settled() -> bool:
    """Return whether nothing is on its way: no request, no change, no number, no mail.

    Mails that have perhaps gone wait for longer than anybody runs this.
    """
    try:
        return not (
            BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED).exists()
            or Booking.objects.exclude(open_change="").exists()
            or unnamed_bookings().exists()
            or unasked_series().exists()
            or Wish.objects.filter(state=Wish.State.ASKED).exists()
            or RemoteAction.objects.filter(status__in=RemoteAction.OPEN).exists()
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
