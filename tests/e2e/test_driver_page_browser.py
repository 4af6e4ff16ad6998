"""The driver's own page, opened from a mail on a phone, in a real browser."""

import pytest
from icalendar import Calendar

from scripts.ports import wait_until
from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    book,
    driver_link,
    expect,
    expect_status,
    open_site,
    pick_day,
    reload_until,
    starts,
)

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}}
DRIVER = "liam.byrne@hudson.example"


@pytest.fixture
def booked(open_page):
    """Return a manager's tab on the page of a booking of the driver."""
    page = open_page(MANAGER)
    open_site(page, "Malataverne")
    pick_day(page, 6)
    starts(page).first.click()
    book(page, driver="Liam Byrne", reference="Liam's own")
    return page


def test_a_driver_sees_the_booking_says_to_be_late_and_cancels(booked, open_page, operator):
    link = driver_link(operator, to=DRIVER, about="Liam's own")
    phone = open_page(**PHONE)
    phone.goto(link)
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Malataverne")
    expect(phone.locator("#driver-booking")).to_contain_text("Approved")
    with phone.expect_download() as started:
        phone.locator("#calendar-link").click()
    (entry,) = Calendar.from_ical(started.value.path().read_bytes()).walk("VEVENT")
    assert entry["STATUS"] == "CONFIRMED"

    phone.locator("#late-link").click()
    phone.get_by_label("20 minutes").check()
    phone.get_by_role("button", name="Tell my fleet manager").click()
    expect(phone.locator("#driver-booking")).to_be_visible()
    assert wait_until(
        lambda: any(
            "will be late" in operator.text(mail)
            for mail in operator.mails(to=MANAGER, about="Liam's own")
        ),
        seconds=30,
    )
    assert reload_until(booked, "min late, says", there="ol.history")

    phone.locator("#cancel-link").click()
    phone.get_by_role("button", name="Yes, cancel it").click()
    expect(phone.locator("#driver-booking")).to_contain_text("Cancelled", timeout=DECISION_MS)
    expect(phone.locator("#cancel-link")).to_have_count(0)
    booked.reload()
    expect_status(booked, "Cancelled")
    expect(booked.locator("ol.history")).to_contain_text("Liam Byrne")


def test_a_link_that_was_revoked_opens_nothing(booked, open_page, operator):
    link = driver_link(operator, to=DRIVER, about="Liam's own")
    before = operator.requests()
    for what in ("", "cancel/", "late/", "booking.ics"):
        # What a scanner of mails does.
        assert booked.request.get(f"{link}{what}").ok
    assert operator.requests() == before

    booked.locator("#revoke-link").click()
    expect(booked.locator("ol.history")).to_contain_text("revoked")
    answers = [booked.request.get(each) for each in (link, f"{link[:-2]}x/", "/d/nothing/")]
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert len({answer.text() for answer in answers}) == 1
