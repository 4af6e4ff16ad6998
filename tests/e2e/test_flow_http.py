"""The booking flow over HTTP, without a browser, against the running demo."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from icalendar import Calendar

from tests.e2e.reading import Page, read, sign_in
from tools.services.ports import wait_until

pytestmark = pytest.mark.stack

MANAGER = "manager@hudson.example"
DRIVER = "ben.okafor@hudson.example"
LENGTH = timedelta(hours=2)
SECONDS = 60


def test_the_whole_flow_over_http(demo_stack, operator):
    with httpx.Client(base_url=demo_stack.portal, follow_redirects=True, timeout=30) as client:
        sign_in(client, demo_stack.login(MANAGER))
        site = read(client, "/sites/?q=freight+hub").link("/sites/", ends=r"/\d+/")

        in_two_days = (datetime.now(UTC) + timedelta(days=2)).date()
        picker = read(client, f"{site}?day={in_two_days}&minutes={LENGTH // timedelta(minutes=1)}")
        assert "Adelaide time" in picker.text
        slot = picker.link("/bookings/new/")
        start = datetime.fromisoformat(parse_qs(urlsplit(slot).query)["start"][0])

        form = filled_form(client, slot)
        asked = client.post("/bookings/new/", data=form)
        booking = asked.url.path
        assert "Nothing is booked until the operator approves." in Page(asked.text).text
        assert wait_until(lambda: "Approved" in read(client, booking).status, seconds=SECONDS)
        assert wait_until(
            lambda: read(client, booking).text.count("E-mail sent to") == 2, seconds=SECONDS
        )
        settled = read(client, booking).text
        for step in ("Requested by Maya Okafor", "Received by the operator", f"sent to {DRIVER}"):
            assert step in settled

        # The same form once more leads to the same booking.
        assert client.post("/bookings/new/", data=form).url.path == booking
        assert read(client, "/bookings/?q=Over+HTTP").links.count(booking) == 1
        entry = event(client.get(f"{booking}calendar.ics").content)
        assert (entry.start, entry.end) == (start, start + LENGTH)

    (sent,) = operator.requests()
    assert sent["status"] == "approved"
    assert sent["externalId"]
    held = operator.booking(sent["bookingId"])
    assert held["status"] == "accepted"
    assert datetime.fromisoformat(held["startAt"]) == start
    assert datetime.fromisoformat(held["endAt"]) == start + LENGTH

    for recipient in (MANAGER, DRIVER):
        (mail,) = operator.mails(to=recipient, about="Over HTTP")
        assert "Port Adelaide Freight Hub" in operator.text(mail)
        entry = event(operator.attachment(mail))
        assert (entry.start, entry.end) == (start, start + LENGTH)


def filled_form(client: httpx.Client, slot: str) -> dict[str, str]:
    """Return the form of a slot, filled in for a driver that was searched for."""
    page = read(client, slot)
    (driver,) = read(client, "/drivers/options/?driver_query=okafor").fields["driver"]
    hidden = page.hidden(
        "csrfmiddlewaretoken", "site", "evse", "start", "minutes", "submission_key"
    )
    return {**hidden, "driver": driver, "reference": "Over HTTP"}


def event(calendar: bytes):
    """Return the only event of a calendar file."""
    (found,) = Calendar.from_ical(calendar).walk("VEVENT")
    return found
