"""Fleet managers who ask for bookings over HTTP, and go on asking when nobody answers."""

import random
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from queue import Empty, Queue
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx

from tools.chaos.books.kept import Asked, Slot
from tools.chaos.books.ledger import Ledger
from tools.chaos.people import errands, many
from tools.chaos.people.browser import Browser, GaveUp
from tools.chaos.people.errands import Errand, SeriesErrand, TableErrand, WishErrand
from tools.chaos.people.pages import VERSION, problem_on, shown_at

DOUBLE_SHARE, CANCEL_SHARE, CHANGE_SHARE, MOVE_SHARE = 0.1, 0.15, 0.1, 0.07
# Of what somebody waits for.
FREED_SHARE = 0.75
LATER_BY = timedelta(minutes=30)


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
        errands: "Queue[errands.Any]",
        ledger: Ledger,
        chance: random.Random,
        keys: Callable[[], UUID],
        pause: float,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._errands = errands
        self._ledger = ledger
        self._chance = chance
        self._keys = keys
        self._pause = pause
        self._browser = Browser(portals, login=login, ledger=ledger)
        self.problem: Exception | None = None

    def run(self) -> None:
        """Run errands until there are none."""
        try:
            while True:
                errand = self._errands.get_nowait()
                time.sleep(self._chance.uniform(0, 2 * self._pause))
                self._do(errand)
        except Empty:
            return
        except Exception as problem:  # noqa: BLE001 - told by whoever waits for this thread
            self.problem = problem
        finally:
            self._browser.close()

    def _do(self, errand: errands.Any) -> None:
        browser, ledger, chance = self._browser, self._ledger, self._chance
        try:
            match errand:
                case TableErrand():
                    many.send_table(errand, browser=browser, ledger=ledger, chance=chance)
                case SeriesErrand():
                    many.begin_series(errand, browser=browser, ledger=ledger, chance=chance)
                case WishErrand():
                    self._wait(errand)
                case Errand():
                    self._book_and_change(errand)
        except GaveUp:
            # What nobody answered is told as such.
            return

    def _wait(self, errand: WishErrand) -> None:
        """Book something, let another driver wait for it, and perhaps cancel it."""
        booked = self._book(errand.booking)
        wish = many.wait_for(errand, browser=self._browser, ledger=self._ledger)
        if booked.outcome == "taken" and self._chance.random() < FREED_SHARE:
            time.sleep(self._chance.choice([0.0, 6.0]))
            self._cancel(booked)
        if wish.number and not wish.by_itself:
            many.look_for_offer(
                wish, driver=errand.driver, browser=self._browser, chance=self._chance
            )

    def _book(self, errand: Errand) -> Asked:
        asked = self._ledger.note(Asked(errand.key, errand.slot))
        self._send("/bookings/new/", _own_form(errand), asked)
        return asked

    def _book_and_change(self, errand: Errand) -> None:
        asked = self._book(errand)
        if self._chance.random() < DOUBLE_SHARE and asked.outcome == "taken":
            # An impatient double click: the same form once more.
            again = Asked(errand.key, errand.slot)
            self._send("/bookings/new/", _own_form(errand), again)
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
        page = self._browser.get(path)
        version = VERSION.search(page.text)
        if page.status_code != httpx.codes.OK or version is None:
            return
        if asked.booking is None:
            raise AssertionError("What was taken has a booking.")
        # From here on it may be cancelled, whether or not we are told.
        self._ledger.cancelled.add(asked.booking)
        answer = self._browser.post(path, {"version": version[1]})
        if (
            answer.status_code != httpx.codes.FOUND
            and self._browser.get(path).status_code == httpx.codes.OK
        ):
            # Somebody was first (the operator decided meanwhile), and it can be cancelled still.
            self._ledger.cancelled.discard(asked.booking)

    def _change(self, asked: Asked, errand: Errand) -> None:
        path = f"/bookings/{asked.booking}/change/"
        page = self._browser.get(path)
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
        page = self._browser.get(f"/bookings/{asked.booking}/change/")
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
            answer = self._browser.post(path, form)
        except GaveUp:
            asked.outcome = "unanswered"
            return
        asked.booking = shown_at(answer, "bookings")
        asked.outcome = "taken" if asked.booking else "returned"
        asked.said = "" if asked.booking else problem_on(answer)


def _own_form(errand: Errand) -> dict[str, str]:
    return _form(errand, errand.key, site=errand.site, evse=errand.evse)


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
