"""People start and stop charges over HTTP, two of them at the same chargers."""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import httpx
from django.utils import timezone

from bookings.models import Booking
from drivers.models import Fleet
from sites.models import Evse
from sites.selectors import all_bookable_evses
from tools.benchmarks.world.data import enabled_drivers
from tools.chaos.books.ledger import Ledger
from tools.chaos.people.browser import Browser, GaveUp
from tools.chaos.people.errands import LOGIN

# How many bookings run, and how many people are at work on them: in few and in many.
RUNNING = {False: 24, True: 12}
PEOPLE = 4
# Of what arrives, so much is refused by the charger, and so much never answered.
REFUSED, UNANSWERED = 0.1, 0.15
# How long somebody waits until they look again, in seconds.
PATIENCE = (1.0, 3.0)
KEY = re.compile(r'name="submission_key" value="([^"]+)"')
# What a person does at one booking, in this order; what cannot be done is refused.
ROUND = ("start", "start", "stop", "stop", "unlock")


class Charges:
    """Bookings that run, and people who have their chargers told something.

    What they asked for stands in `keys`, by the key of its form; `said` counts the answers.
    """

    def __init__(
        self,
        *,
        portals: list[str],
        operator: str,
        login: tuple[str, str],
        ledger: Ledger,
        chance: Callable[[str], random.Random],
        short: bool,
    ) -> None:
        self.keys: set[UUID] = set()
        self.said: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.bookings = begin_bookings(operator, number=RUNNING[short])
        ledger.running |= set(self.bookings.values())
        self._people = [
            threading.Thread(
                target=self._act,
                name=f"chaos, charges {number}",
                args=[Browser(portals, login=login, ledger=ledger), chance(f"charges {number}")],
                daemon=True,
            )
            for number in range(PEOPLE)
        ]

    def start(self) -> None:
        for person in self._people:
            person.start()

    def by_evse(self) -> dict[int, int]:
        """Return the operator's numbers of the bookings by those of their EVSEs."""
        rows = Booking.objects.filter(pk__in=self.bookings).exclude(evse=None)
        return {
            each.evse.ampeco_id: self.bookings[each.pk]
            for each in rows.select_related("evse")
            if each.evse is not None
        }

    def stop(self) -> None:
        """Let nobody begin anything any more, and wait for what they are at."""
        self._ended.set()
        for person in self._people:
            person.join()

    def _act(self, browser: Browser, chance: random.Random) -> None:
        try:
            while not self._ended.is_set():
                booking = chance.choice(list(self.bookings))
                for kind in ROUND:
                    if self._ended.wait(chance.uniform(*PATIENCE)):
                        return
                    self._ask(browser, booking, kind)
        except GaveUp:
            self.said["nobody ever answered"] += 1
        finally:
            browser.close()

    def _ask(self, browser: Browser, booking: int, kind: str) -> None:
        path = f"/remote/{booking}/{kind}/"
        page = browser.get(path)
        key = KEY.search(page.text)
        if page.status_code != httpx.codes.OK or key is None:
            self._count(f"{kind}: not now")
            return
        with self._lock:
            self.keys.add(UUID(key[1]))
        answer = browser.post(path, {"submission_key": key[1]})
        taken = answer.status_code == httpx.codes.FOUND
        self._count(f"{kind}: {'taken' if taken else 'returned'}")

    def _count(self, what: str) -> None:
        with self._lock:
            self.said[what] += 1


def begin_bookings(operator: str, *, number: int) -> dict[int, int]:
    """Let some bookings run now, whose drivers have not plugged in.

    Returns the operator's numbers by ours.
    """
    fleet = Fleet.objects.get(memberships__user__email=LOGIN)
    drivers = enabled_drivers(fleet)[-number:]
    evses = list(
        all_bookable_evses(partner_ids=frozenset())
        .select_related("charge_point__location")
        .order_by("-pk")[:number]
    )
    start_at = timezone.now().replace(microsecond=0) - timedelta(minutes=1)
    settings = {
        "no_show_share": 1,
        "control_refused_share": REFUSED,
        "control_unanswered_share": UNANSWERED,
    }
    begun = {}
    with httpx.Client(base_url=operator, timeout=60) as desk:
        desk.post("/control/settings", json=settings).raise_for_status()
        for driver, evse in zip(drivers, evses, strict=False):
            theirs = desk.post(
                "/control/bookings",
                json={
                    "evseId": evse.ampeco_id,
                    "userId": driver.ampeco_user_id,
                    "startAt": start_at.isoformat(),
                    "endAt": (start_at + timedelta(hours=6)).isoformat(),
                    "status": "reserved",
                },
            )
            known = theirs.raise_for_status().json()
            begun[_ours(fleet, driver.pk, evse, known)] = known["id"]
    return begun


def _ours(fleet: Fleet, driver: int, evse: Evse, theirs: dict[str, str]) -> int:
    # The walk through all may have been faster.
    booking, _made = Booking.objects.get_or_create(
        ampeco_booking_id=theirs["id"],
        defaults={
            "fleet": fleet,
            "driver_id": driver,
            "evse": evse,
            "location": evse.charge_point.location,
            "start_at": theirs["startAt"],
            "end_at": theirs["endAt"],
            "status": Booking.Status.RESERVED,
            "made_elsewhere": True,
            "refresh_at": timezone.now(),
        },
    )
    return booking.pk
