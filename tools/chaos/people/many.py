"""How people book many at once, and how they wait: as the pages lead them."""

import random
import time
from zoneinfo import ZoneInfo

import httpx

from tools.chaos.books.kept import AskedSeries, AskedTable, AskedWish, Slot
from tools.chaos.books.ledger import Ledger
from tools.chaos.people.browser import Browser
from tools.chaos.people.errands import LENGTH, SeriesErrand, TableErrand, WishErrand
from tools.chaos.people.pages import (
    LINE,
    OFFER,
    SEEN,
    TEXT,
    problem_on,
    shown_at,
    value_of,
)

HEADER = ["E-mail", "Site", "Charger", "Date", "Start", "Minutes", "Reference"]
# So often somebody sends what is other than it was shown.
LOOKS = 8
TWICE_SHARE, GIVE_UP_SHARE = 0.3, 0.4
# When somebody comes to see whether there is an offer.
PATIENCE = (4.0, 9.0, 14.0)


def send_table(
    errand: TableErrand, *, browser: Browser, ledger: Ledger, chance: random.Random
) -> None:
    """Paste a table, look at what it would do, and send it; some do all of it twice."""
    asked = AskedTable(errand.name, errand.slots)
    with ledger.lock:
        ledger.tables.append(asked)
    cells = [HEADER, *errand.lines]
    text = "\n".join("\t".join(line) for line in cells) + "\n"
    for _ in range(2 if chance.random() < TWICE_SHARE else 1):
        _paste(text, asked, browser=browser)


def _paste(text: str, asked: AskedTable, *, browser: Browser) -> None:
    form = {"text": text, "name": asked.name}
    answer = browser.post("/imports/bookings/", form)
    for _ in range(LOOKS):
        # The first line is the header.
        lines = {int(number) - 2: state for number, state in LINE.findall(answer.text)}
        if not lines:
            break
        to_ask = {number for number, state in lines.items() if state == "good"}
        if "quiet" in lines.values():
            # Booked already: it was sent, and nobody had said so.
            asked.outcome = "taken"
            return
        if not to_ask:
            break
        form |= {"text": value_of(TEXT, answer), "seen": value_of(SEEN, answer), "action": "ask"}
        answer = browser.post("/imports/bookings/", form)
        if shown_at(answer, "tables"):
            asked.outcome, asked.sent = "taken", asked.sent | to_ask
            return
    if asked.outcome != "taken":
        asked.outcome, asked.said = "returned", problem_on(answer)


def begin_series(
    errand: SeriesErrand, *, browser: Browser, ledger: Ledger, chance: random.Random
) -> None:
    """Look at the dates of a series, begin it, and perhaps give up a date, or all of them."""
    asked = AskedSeries(errand.key, errand.days)
    with ledger.lock:
        ledger.series.append(asked)
    days = sorted(errand.days)
    form: dict[str, str] = {
        "site": str(errand.site),
        "driver": errand.driver,
        "charger": str(errand.evse),
        "weekdays": str(days[0].weekday()),
        "start": f"{errand.start:%H:%M}",
        "end": f"{errand.end:%H:%M}",
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "asks_again": "on",
        "reference": f"Series {errand.key.hex[:8]}",
        "submission_key": str(errand.key),
    }
    answer = browser.post("/series/new/", form)
    number = None
    for _ in range(LOOKS):
        seen = value_of(SEEN, answer)
        if not seen:
            break
        answer = browser.post("/series/new/", {**form, "seen": seen, "send": "1"})
        if number := shown_at(answer, "series"):
            break
    asked.outcome = "taken" if number else "returned"
    asked.said = "" if number else problem_on(answer)
    if number and chance.random() < GIVE_UP_SHARE:
        time.sleep(chance.choice([0.0, 4.0]))
        scope = chance.choice(["one", "all"])
        day = chance.choice(days)
        # From here on they may be given up, whether or not we are told.
        asked.given_up |= {day} if scope == "one" else set(days)
        browser.post(f"/series/{number}/cancel/", {"scope": scope, "day": day.isoformat()})


def wait_for(errand: WishErrand, *, browser: Browser, ledger: Ledger) -> AskedWish:
    """Put on the waiting list what somebody has booked; return the note of it."""
    booking = errand.booking
    start_at, end_at = errand.window
    within = Slot(errand.user, booking.slot.evse, start_at, end_at)
    asked = AskedWish(errand.key, within, LENGTH, errand.by_itself)
    with ledger.lock:
        ledger.wishes.append(asked)
    zone = ZoneInfo(booking.zone)
    first, last = start_at.astimezone(zone), end_at.astimezone(zone)
    form = {
        "site": str(booking.site),
        "charger": str(booking.evse),
        "from_day": f"{first:%Y-%m-%d}",
        "from_time": f"{first:%H:%M}",
        "until_day": f"{last:%Y-%m-%d}",
        "until_time": f"{last:%H:%M}",
        "minutes": str(round(LENGTH.total_seconds() / 60)),
        "driver": str(errand.driver),
        "how": "by-itself" if errand.by_itself else "offer",
        "submission_key": str(errand.key),
    }
    answer = browser.post("/waiting/new/", form)
    asked.number = shown_at(answer, "waiting")
    asked.outcome = "taken" if asked.number else "returned"
    asked.said = "" if asked.number else problem_on(answer)
    return asked


def look_for_offer(
    wish: AskedWish, *, driver: int, browser: Browser, chance: random.Random
) -> None:
    """See whether something is offered, and take it or let it pass."""
    for pause in PATIENCE:
        time.sleep(pause)
        found = OFFER.search(browser.get(f"/waiting/{wish.number}/").text)
        if found is None:
            continue
        if chance.random() < 0.25:
            browser.post(f"{found[1]}let-pass/", {})
            continue
        answer = browser.post(found[1], {"driver": str(driver)})
        if booking := shown_at(answer, "bookings"):
            wish.took = booking
            return
        if answer.status_code != httpx.codes.OK:
            return
