"""The pages on which a person plays the operator."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import httpx
import pytest

from sandbox.faults import KINDS
from sandbox.world.cast import ANA, BEN
from tests.sandbox.conftest import HOUR, NOW, SOON, evse_at, new_booking

NASTY = """"><script>alert('x')</script><img src=x onerror=alert(1)>{0}{title}'"""


class Page(HTMLParser):
    """A page as a browser reads it: its text, its elements, its forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.forms: list[dict[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        known = dict(attrs)
        self.tags.append((tag, known))
        if tag == "form":
            self.forms.append({})
        if tag == "input":
            self.forms[-1][known["name"]] = known.get("value") or ""

    def handle_data(self, data) -> None:
        self.text += f"{data} "

    def form(self, **fields: object) -> dict[str, str]:
        """Return the only form with these fields."""
        wanted = {name: str(value) for name, value in fields.items()}
        (found,) = [each for each in self.forms if wanted.items() <= each.items()]
        return found


@pytest.fixture
def see(http):
    """Open a page of the desk."""

    def see(path: str = "/") -> Page:
        answer = http.get(path)
        assert answer.status_code == 200
        return Page(answer.text)

    return see


@pytest.fixture
def press(http):
    """Send a form of the desk as a browser does."""

    def press(form: dict[str, str], **typed: object) -> httpx.Response:
        answer = http.post(
            "/do",
            data=form | {name: str(value) for name, value in typed.items()},
            headers={"Origin": "http://operator.test", "Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 303
        return answer

    return press


@pytest.fixture
def asked(world, ask):
    """A request of Ana's that waits for a person."""
    world.manual = True
    ask(new_booking(world, evse_at(world, "Adelaide")))
    return world.requests[1]


def test_shows_what_waits(see, asked):
    text = " ".join(see().text.split())
    assert "Requests wait here until you decide." in text
    assert "1 (create) Ana Alvarez Port Adelaide Freight Hub, PA-01-1" in text
    # Noon in UTC is half past ten in the evening there.
    assert "Mon 02 Mar, 22:30 – 23:30 ACDT" in text


def test_approve(world, see, press, asked):
    assert press(see().form(what="approve", id=1)).headers["location"] == "/"
    assert (asked.status, world.bookings[asked.booking_id].status) == ("approved", "accepted")
    page = see()
    assert "Nothing waits." in page.text
    assert "approved" in page.text


def test_reject_with_a_reason(see, press, asked):
    press(see().form(what="reject", id=1), reason="  The cable was stolen. ")
    assert (asked.status, asked.reason) == ("rejected", "The cable was stolen.")
    assert "rejected: The cable was stolen." in see().text


def test_reject_without_a_reason(see, press, asked):
    press(see().form(what="reject", id=1))
    assert asked.reason == "The operator cannot offer this slot."


def test_stale_page_changes_nothing(see, press, asked):
    form = see().form(what="reject", id=1)
    press(see().form(what="approve", id=1))
    press(form, reason="Too late.")
    assert asked.status == "approved"


def test_change_and_cancellation_say_what_they_are_about(world, see, asked):
    world.approve(asked)
    world.ask(type="update", booking_id=1, user_id=BEN.id, end_at=SOON + 2 * HOUR)
    world.ask(type="cancel", booking_id=1)
    text = " ".join(see().text.split())
    assert "2 (update) Ben Okafor Port Adelaide Freight Hub, PA-01-1 (booking 1) Mon 02 Mar" in text
    assert "22:30 – Tue 03 Mar, 00:30 ACDT" in text
    assert "3 (cancel) Ana Alvarez" in text


def test_many_requests_are_not_all_shown(world, see):
    world.manual = True
    for _ in range(60):
        world.ask(type="create", user_id=ANA.id, location_id=101, start_at=SOON, end_at=SOON + HOUR)
    page = see()
    assert "10 more wait." in page.text
    assert len([each for each in page.forms if each.get("what") == "approve"]) == 50


def test_mode(world, see, press):
    world.decision_delay = 4
    assert "decided by themselves after 4 seconds" in see().text
    press(see().form(what="mode"))
    assert world.manual
    press(see().form(what="mode"))
    assert not world.manual


def test_clock(world, see, press):
    assert "Mon 02 Mar 2026, 09:07 UTC" in see().text
    press(see().form(what="clock", hours=1))
    press(see().form(what="clock", hours=24))
    assert world.clock.now() == NOW + timedelta(hours=25)
    press(see().form(what="clock", hours=0))
    assert abs(world.clock.now() - datetime.now(UTC)) < timedelta(minutes=5)


def test_charger_out_of_order_and_back(world, see, press):
    evse = evse_at(world, "Adelaide")
    answer = press(see("/chargers").form(id=evse.id))
    assert answer.headers["location"] == f"/chargers#evse-{evse.id}"
    assert (evse.status, evse.hardware_status) == ("out of order", "faulted")
    assert "out of order" in see("/chargers").text
    press(see("/chargers").form(id=evse.id))
    assert (evse.status, evse.hardware_status) == ("enabled", "available")


@pytest.mark.parametrize(
    ("change", "status"), [("cancelled", "cancelled"), ("no-show", "no-show"), ("move", "accepted")]
)
def test_booking(world, see, press, asked, change, status):
    booking = world.approve(asked)
    press(see().form(what="booking", change=change))
    assert booking.status == status
    assert booking.start_at == (SOON + HOUR if change == "move" else SOON)


@pytest.mark.parametrize("kind", KINDS)
def test_faults(world, see, press, kind):
    press(see().form(what="fault"), kind=kind, count=7)
    assert [(each.kind, each.count) for each in world.faults.active] == [(kind, 7)]
    assert kind in see().text
    press(see().form(what="no-faults"))
    assert world.faults.active == []
    assert "All is well." in see().text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"what": "wonder"},
        {"what": "approve", "id": "9" * 5000},
        {"what": "approve", "id": "²"},
        {"what": "evse", "id": "0"},
        {"what": "booking", "id": "1", "change": "fly"},
        {"what": "fault", "kind": "sabotage"},
        {"what": "fault", "kind": "latency", "count": "x"},
    ],
)
def test_nonsense_does_no_harm(world, press, asked, form):
    press(form)
    assert asked.status == "pending"
    assert all(each.count == 1 for each in world.faults.active)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://operator.test", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(world, http, asked, headers):
    answer = http.post("/do", data={"what": "approve", "id": "1"}, headers=headers)
    assert answer.status_code == 403
    assert asked.status == "pending"


def test_browser_without_these_headers_may(http, asked):
    http.post("/do", data={"what": "approve", "id": "1"})
    assert asked.status == "approved"


def test_nothing_from_outside_becomes_markup(world, see, asked):
    for user in world.users.values():
        user.first_name = user.last_name = NASTY
    for location in world.locations.values():
        location.name = {"en": NASTY}
    for evse in world.evses.values():
        evse.physical_reference = evse.label = NASTY
    world.approve(asked)
    refused = world.ask(type="cancel", booking_id=1)
    world.reject(refused, NASTY)
    world.ask(type="cancel", booking_id=1)
    world.faults.add("latency", path=NASTY, method=NASTY)
    for path in ("/", "/chargers"):
        page = see(path)
        assert page.text.count("<script>alert") > 0
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert scripts == ([{"src": "/desk.js", "defer": None}] if path == "/" else [])
        assert not [tag for tag, _ in page.tags if tag == "img"]
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


@pytest.mark.parametrize("path", ["/", "/chargers", "/mail"])
def test_pages_allow_no_scripts_but_ours(http, path):
    answer = http.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! src=\"/desk.js\")|<style| style=", answer.text)


@pytest.mark.parametrize(
    ("path", "type_"), [("/desk.css", "text/css"), ("/desk.js", "text/javascript")]
)
def test_static_files(http, path, type_):
    answer = http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(type_)


def test_without_a_mail_server_the_page_says_so(see):
    assert "No mail server runs here." in see("/mail").text


@pytest.mark.parametrize("path", ["/nothing", "/mail/x", "/mail/x/html", "/mail/x/part/0"])
def test_unknown_pages(http, path):
    assert http.get(path).status_code == 404
