"""What operators do to bookings while the portal runs, held against a list written by hand.

The portal, its workers and the operator are the running demo's; the operator's clock is turned on.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.e2e.reading import Page, read, sign_in
from tools.services.ports import wait_until

pytestmark = pytest.mark.stack

MANAGER = "manager@hudson.example"
DRIVERS = {
    "moved": "ben.okafor@hudson.example",
    "cancelled": "ines.costa@hudson.example",
    "failed": "noah.klein@hudson.example",
    "missed": "kim.nguyen@hudson.example",
    "charged": "hiro.tanaka@hudson.example",
}
HOUR = timedelta(hours=1)
LAG = timedelta(minutes=9)
# The portal reads a booking whose page is open every ten seconds.
SECONDS = 90


class Expected(NamedTuple):
    """What the portal is to say of a booking: its state, its history, and the mails by subject."""

    status: str
    attention: bool
    history: list[str]
    mails: dict[str, list[str]]


ASKED = ["Requested by Maya Okafor", "Received by the operator", "Approved by the operator"]
TOLD = ["E-mail sent to", "E-mail sent to"]
EXPECTED = {
    "moved": Expected(
        "Approved",
        True,
        [*ASKED, *TOLD, "Changed by the operator", *TOLD],
        {
            "manager": ["Approved", "Changed by the operator"],
            "driver": ["Approved", "Changed by the operator"],
        },
    ),
    "cancelled": Expected(
        "Cancelled",
        True,
        [*ASKED, *TOLD, "Cancelled on the operator’s side", *TOLD],
        {"manager": ["Approved", "Cancelled"], "driver": ["Approved", "Cancelled"]},
    ),
    "failed": Expected(
        "Charger could not be held",
        True,
        [*ASKED, *TOLD, "The operator could not hold the charger", *TOLD],
        {
            "manager": ["Approved", "Charger could not be held"],
            "driver": ["Approved", "Charger could not be held"],
        },
    ),
    "missed": Expected(
        "No-show",
        True,
        [*ASKED, *TOLD, "The operator reports a no-show", *TOLD],
        {"manager": ["Approved", "No-show"], "driver": ["Approved", "No-show"]},
    ),
    "charged": Expected(
        "Charging started",
        False,
        [*ASKED, *TOLD, "Charging started"],
        {"manager": ["Approved"], "driver": ["Approved"]},
    ),
}


@dataclass
class Asked:
    """A booking of the test: its page, and its number at the operator."""

    page: str
    number: int


@pytest.fixture
def client(demo_stack) -> Iterator[httpx.Client]:
    """A manager who is signed in, without a browser."""
    with httpx.Client(base_url=demo_stack.portal, follow_redirects=True, timeout=30) as client:
        sign_in(client, demo_stack.login(MANAGER))
        yield client


@pytest.fixture
def operators_clock(operator) -> Iterator[None]:
    """Let the operator's clock lag, so that nothing happens there by itself; set it right again.

    The portal reads bookings often that are about to start, and the operator holds their chargers.
    """
    body = {"advance_seconds": -LAG.total_seconds()}
    operator.http.post("/control/clock", json=body).raise_for_status()
    yield
    operator.http.post("/control/clock", json={}).raise_for_status()


@pytest.mark.usefixtures("operators_clock")
def test_what_the_operator_does_is_told_once(client, operator):
    start = soon()
    chargers = slots(client, start)
    pages = {name: ask(client, name, chargers=chargers) for name in DRIVERS}
    asked = {name: approved(client, page) for name, page in pages.items()}

    act(operator, asked["moved"], startAt=start + 3 * HOUR, endAt=start + 4 * HOUR)
    act(operator, asked["cancelled"], status="cancelled")
    act(operator, asked["failed"], status="failed")
    act(operator, asked["missed"], status="no-show")
    operator.http.post("/control/settings", json={"no_show_share": 0}).raise_for_status()
    until_charging = start + timedelta(minutes=4) - (datetime.now(UTC) - LAG)
    operator.http.post("/control/clock", json={"advance_seconds": until_charging.total_seconds()})

    for name, booking in asked.items():
        expected = EXPECTED[name]
        wait_until(
            lambda booking=booking, expected=expected: (
                is_told(client, booking, expected.history)
                and expected.status in read(client, booking.page).text
            ),
            seconds=SECONDS,
        )
    # What would come twice has time to come: another round over all of them.
    wait_until(lambda: False, seconds=12)
    said = {name: found(client, operator, name, booking) for name, booking in asked.items()}
    assert said == EXPECTED
    assert "kWh" in read(client, asked["charged"].page).text


def soon() -> datetime:
    """Return the first quarter hour that is at least five minutes ahead."""
    quarter = timedelta(minutes=15)
    now = datetime.now(UTC) + timedelta(minutes=5)
    begun = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return begun + quarter


def ask(client: httpx.Client, name: str, *, chargers: Iterator[str]) -> str:
    """Ask for a charger that nobody in this test has; return the booking's page."""
    (driver,) = read(client, f"/drivers/options/?driver_query={DRIVERS[name]}").fields["driver"]
    return next(
        page
        for slot in chargers
        if (page := submit(client, slot, driver=driver, reference=reference_of(name)))
    )


def approved(client: httpx.Client, page: str) -> Asked:
    """Wait until a booking is approved and its mails have left."""
    assert wait_until(
        lambda: read(client, page).text.count("E-mail sent to") == len(TOLD), seconds=SECONDS
    ), read(client, page).text
    number = re.search(r"Operator.s number (\d+)", read(client, page).text)
    return Asked(page, int(number[1]))


def reference_of(name: str) -> str:
    """Return what this test calls a booking, so that its mails are found."""
    return f"Operator {name}"


def slots(client: httpx.Client, start: datetime) -> Iterator[str]:
    """Yield the addresses of the form for an hour from `start` on, for one charger after another.

    Not every one is free then; those of which the picker shows any start are tried.
    """
    listed = read(client, "/sites/").links
    for site in dict.fromkeys(link for link in listed if re.fullmatch(r"/sites/\d+/", link)):
        links = read(client, f"{site}?minutes=60").links
        queries = [parse_qs(urlsplit(each).query) for each in links if "/bookings/new/" in each]
        for evse in dict.fromkeys(query["evse"][0] for query in queries if "evse" in query):
            query = {"site": site.split("/")[2], "evse": evse, "minutes": "60"}
            yield f"/bookings/new/?{urlencode(query | {'start': f'{start:%Y-%m-%dT%H:%M:%SZ}'})}"


def submit(client: httpx.Client, slot: str, *, driver: str, reference: str) -> str:
    """Send the form of a slot; return the page of the booking, or nothing if it is not free."""
    form = read(client, slot).hidden(
        "csrfmiddlewaretoken", "site", "evse", "start", "minutes", "submission_key"
    )
    answer = client.post("/bookings/new/", data={**form, "driver": driver, "reference": reference})
    page = answer.url.path
    return page if re.fullmatch(r"/bookings/\d+/", page) else ""


def act(operator, booking: Asked, **changes: object) -> None:
    """Do something to a booking as the operator's own staff would."""
    body = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in changes.items()
    }
    operator.http.post(f"/control/bookings/{booking.number}", json=body).raise_for_status()


def is_told(client: httpx.Client, booking: Asked, beginnings: list[str]) -> bool:
    """Return whether the history of a booking has so many lines, and all that are expected."""
    said = lines(client, booking)
    return len(said) == len(beginnings) and all(
        any(line.startswith(begin) for line in said) for begin in beginnings
    )


def lines(client: httpx.Client, booking: Asked) -> list[str]:
    """Return the history of a booking as people read it."""
    page = client.get(booking.page).text
    listed = re.search(r'<ol\b[^>]*class="history".*?</ol>', page, flags=re.DOTALL)[0]
    listed = re.sub(r"<ul\b.*?</ul>", "", listed, flags=re.DOTALL)
    return [Page(each).text for each in re.findall(r"<li\b.*?</li>", listed, flags=re.DOTALL)]


def found(client: httpx.Client, operator, name: str, booking: Asked) -> Expected:
    """Return what the portal says of a booking, in the form of what is expected."""
    expected = EXPECTED[name]
    page = read(client, booking.page)
    attention = read(client, "/bookings/?view=attention").links
    said = lines(client, booking)
    begin = [
        next((begin for begin in expected.history if line.startswith(begin)), line) for line in said
    ]
    return Expected(
        status=expected.status if f"Status: {expected.status}" in page.text else page.status,
        attention=booking.page in attention,
        # Mails leave in any order among the other lines.
        history=expected.history if Counter(begin) == Counter(expected.history) else begin,
        mails={
            "manager": subjects(operator, to=MANAGER, about=reference_of(name)),
            "driver": subjects(operator, to=DRIVERS[name], about=reference_of(name)),
        },
    )


def subjects(operator, *, to: str, about: str) -> list[str]:
    """Return what the mails to somebody say has happened, oldest first."""
    mails = operator.mails(to=to, about=about)
    titles = [
        unescape(re.search(r"<h1[^>]*>(.*?)</h1>", operator.http.get(each).text)[1])
        for each in mails
    ]
    return [title.partition(":")[0].strip() for title in reversed(titles)]
