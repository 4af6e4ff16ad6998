"""Fleet managers who ask for bookings over HTTP, and go on asking when nobody answers."""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, Queue
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from tools.chaos.books import Asked, Slot

PATIENCE_SECONDS = 30
BETWEEN_TRIES_SECONDS = 1.0
# As long as faults may last; who is not answered then has not been answered.
TRIES = 240
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
VERSION = re.compile(r'name="version" value="(\d+)"')
BOOKING = re.compile(r"/bookings/(\d+)/$")
PROBLEM = re.compile(
    r'class="(?:field__error|alert alert-(?:danger|warning))[^"]*"[^>]*>(.*?)</(?:div|p)>',
    re.DOTALL,
)
TAGS = re.compile(r"<[^>]+>")
DOUBLE_SHARE, CANCEL_SHARE, CHANGE_SHARE, MOVE_SHARE = 0.1, 0.15, 0.1, 0.07
LATER_BY = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Errand:
    """A slot that somebody is to book, as the portal's pages name it."""

    key: UUID
    slot: Slot
    site: int
    evse: int
    driver: int
    zone: str
    # Where it goes if it is moved: a site's id, an EVSE's, and AMPECO's of that.
    elsewhere: tuple[int, int, int]


@dataclass
class Ledger:
    asked: list[Asked] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: Asked) -> Asked:
        with self.lock:
            self.asked.append(asked)
        return asked


class GaveUp(Exception):
    """The portal did not answer for minutes."""


class Manager(threading.Thread):
    """One person with one browser, who sends what the portal did not take again.

    `pause` is how many seconds pass between two errands, on average.
    """

    def __init__(
        self,
        name: str,
        *,
        portals: list[str],
        login: tuple[str, str],
        errands: "Queue[Errand]",
        ledger: Ledger,
        chance: random.Random,
        keys: Callable[[], UUID],
        pause: float,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._portals = portals
        self._login = login
        self._errands = errands
        self._ledger = ledger
        self._chance = chance
        self._keys = keys
        self._pause = pause
        self._tries = 0
        self._browser = httpx.Client(timeout=PATIENCE_SECONDS, follow_redirects=False)
        self.problem: Exception | None = None

    def run(self) -> None:
        """Run errands until there are none."""
        try:
            with self._browser:
                while True:
                    errand = self._errands.get_nowait()
                    time.sleep(self._chance.uniform(0, 2 * self._pause))
                    self._book(errand)
        except Empty:
            return
        except Exception as problem:  # noqa: BLE001 - told by whoever waits for this thread
            self.problem = problem

    def _book(self, errand: Errand) -> None:
        asked = self._ledger.note(Asked(errand.key, errand.slot))
        form = _form(errand, errand.key, site=errand.site, evse=errand.evse)
        self._send("/bookings/new/", form, asked)
        if self._chance.random() < DOUBLE_SHARE and asked.outcome == "taken":
            # An impatient double click: the same form once more.
            again = Asked(errand.key, errand.slot)
            self._send("/bookings/new/", form, again)
            if (again.outcome, again.booking) != ("taken", asked.booking):
                raise AssertionError(f"The same form gave {asked}, then {again}.")
        if asked.outcome != "taken":
            return
        fate = self._chance.random()
        if fate < CANCEL_SHARE:
            # Half of them at once, before the operator can have decided.
            time.sleep(self._chance.choice([0.0, 6.0]))
            self._cancel(asked)
        elif fate < CANCEL_SHARE + CHANGE_SHARE:
            time.sleep(self._chance.choice([1.0, 6.0]))
            self._change(asked, errand)
        elif fate < CANCEL_SHARE + CHANGE_SHARE + MOVE_SHARE:
            time.sleep(6.0)
            self._move(asked, errand)

    def _cancel(self, asked: Asked) -> None:
        path = f"/bookings/{asked.booking}/cancel/"
        page = self._get(path)
        version = VERSION.search(page.text)
        if page.status_code != httpx.codes.OK or version is None:
            return
        if asked.booking is None:
            raise AssertionError("What was taken has a booking.")
        # From here on it may be cancelled, whether or not we are told.
        self._ledger.cancelled.add(asked.booking)
        answer = self._post(path, {"version": version[1]})
        if (
            answer.status_code != httpx.codes.FOUND
            and self._get(path).status_code == httpx.codes.OK
        ):
            # Somebody was first (the operator decided meanwhile), and it can be cancelled still.
            self._ledger.cancelled.discard(asked.booking)

    def _change(self, asked: Asked, errand: Errand) -> None:
        path = f"/bookings/{asked.booking}/change/"
        page = self._get(path)
        version = VERSION.search(page.text)
        if page.status_code != httpx.codes.OK or version is None:
            return
        slot = Slot(
            asked.slot.user,
            asked.slot.evse,
            asked.slot.start_at + LATER_BY,
            asked.slot.end_at + LATER_BY,
        )
        at_site = slot.start_at.astimezone(ZoneInfo(errand.zone))
        key = self._keys()
        change = self._ledger.note(Asked(key, slot, kind="update"))
        form = {
            "day": f"{at_site:%Y-%m-%d}",
            "time": f"{at_site:%H:%M}",
            "minutes": _minutes(slot),
            "driver": str(errand.driver),
            "submission_key": str(key),
            "version": version[1],
        }
        self._send(path, form, change)

    def _move(self, asked: Asked, errand: Errand) -> None:
        page = self._get(f"/bookings/{asked.booking}/change/")
        version = VERSION.search(page.text)
        if page.status_code != httpx.codes.OK or version is None:
            return
        site, evse, number = errand.elsewhere
        key = self._keys()
        slot = Slot(asked.slot.user, number, asked.slot.start_at, asked.slot.end_at)
        move = self._ledger.note(Asked(key, slot, replaces=asked.booking))
        form = _form(errand, key, site=site, evse=evse)
        form |= {"move": str(asked.booking), "version": version[1]}
        self._send("/bookings/new/", form, move)

    def _send(self, path: str, form: dict[str, str], asked: Asked) -> None:
        """Send a form until the portal takes it, or gives it back with a sentence."""
        try:
            answer = self._post(path, form)
        except GaveUp:
            asked.outcome = "unanswered"
            return
        shown = BOOKING.search(answer.headers.get("Location", ""))
        if answer.status_code == httpx.codes.FOUND and shown:
            asked.outcome, asked.booking = "taken", int(shown[1])
        else:
            asked.outcome = "returned"
            found = PROBLEM.search(answer.text)
            asked.said = " ".join(TAGS.sub(" ", found[1]).split())[:120] if found else ""
            asked.said = f"{answer.status_code} {asked.said}".strip()

    def _get(self, path: str) -> httpx.Response:
        return self._until_answered("GET", path, None)

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        return self._until_answered("POST", path, form)

    def _until_answered(
        self, method: str, path: str, form: dict[str, str] | None
    ) -> httpx.Response:
        """Ask until the portal answers with anything but an error of its own.

        Raises GaveUp.
        """
        for _ in range(TRIES):
            self._tries += 1
            portal = self._portals[self._tries % len(self._portals)]
            try:
                answer = self._ask(method, portal, path, form)
            except httpx.TransportError as error:
                self._count(type(error).__name__)
            else:
                self._count(str(answer.status_code))
                if not (answer.status_code >= 500 or answer.status_code in {403, 429}):
                    return answer
            time.sleep(BETWEEN_TRIES_SECONDS)
        raise GaveUp(path)

    def _ask(
        self, method: str, portal: str, path: str, form: dict[str, str] | None
    ) -> httpx.Response:
        if "sessionid" not in self._browser.cookies:
            self._sign_in(portal)
        data = None
        if form is not None:
            token = self._browser.cookies.get("csrftoken", "")
            data = {**form, "csrfmiddlewaretoken": token}
        answer = self._browser.request(method, f"{portal}{path}", data=data)
        if "/account/login/" in answer.headers.get("Location", ""):
            self._browser.cookies.clear()
            raise httpx.ReadError("The session is over.")
        return answer

    def _sign_in(self, portal: str) -> None:
        """Sign in; raises TransportError where that does not work now."""
        address = f"{portal}/account/login/"
        token = TOKEN.search(self._browser.get(address).text)
        email, password = self._login
        typed = {
            "login": email,
            "password": password,
            "csrfmiddlewaretoken": token[1] if token else "",
        }
        answer = self._browser.post(address, data=typed)
        if answer.status_code != httpx.codes.FOUND:
            self._browser.cookies.clear()
            raise httpx.ReadError("Signing in does not work.")

    def _count(self, what: str) -> None:
        with self._ledger.lock:
            self._ledger.answers[what] += 1


def _form(errand: Errand, key: UUID, *, site: int, evse: int) -> dict[str, str]:
    return {
        "site": str(site),
        "evse": str(evse),
        "start": f"{errand.slot.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "minutes": _minutes(errand.slot),
        "driver": str(errand.driver),
        "submission_key": str(key),
        "reference": f"Job {errand.key.hex[:8]}",
    }


def _minutes(slot: Slot) -> str:
    return str(round((slot.end_at - slot.start_at).total_seconds() / 60))
