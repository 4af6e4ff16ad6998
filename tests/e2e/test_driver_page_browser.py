"""The driver's own page, opened from a mail on a phone, in a real browser."""

import pytest
from icalendar import Calendar

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    book_first,
    driver_link,
    expect,
    expect_status,
    reload_until,
    status,
)
from tools.services.ports import wait_until

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 360, "height": 740}}
DRIVER = "liam.byrne@hudson.example"


@pytest.fixture
def manager(open_page):
    """Return the tab of a manager who is signed in."""
    return open_page(MANAGER)


def test_a_driver_sees_the_booking_says_to_be_late_and_cancels(manager, open_page, operator):
    book_first(manager, "Malataverne", day=6, driver="Liam Byrne", reference="Liam's own")
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
    assert reload_until(manager, "min late, says", there="ol.history")

    phone.locator("#cancel-link").click()
    phone.get_by_role("button", name="Yes, cancel it").click()
    expect(phone.locator("#driver-booking")).to_contain_text("Cancelled", timeout=DECISION_MS)
    expect(phone.locator("#cancel-link")).to_have_count(0)
    manager.reload()
    expect_status(manager, "Cancelled")
    expect(manager.locator("ol.history")).to_contain_text(
        "Cancellation requested by the driver Liam Byrne"
    )


def test_whoever_only_looks_changes_nothing(manager, operator):
    book_first(manager, "Malataverne", day=6, driver="Liam Byrne", reference="Only looked at")
    link = driver_link(operator, to=DRIVER, about="Only looked at")
    before = operator.requests()
    for what in ("", "cancel/", "late/", "booking.ics"):
        # What a scanner of mails does.
        assert manager.request.get(f"{link}{what}").ok, what
    assert operator.requests() == before
    manager.reload()
    expect(status(manager)).to_contain_text("Approved")
    expect(status(manager)).not_to_contain_text("Cancel")
    expect(manager.locator("ol.history")).not_to_contain_text("late, says")

    manager.locator("#revoke-link").click()
    expect(manager.locator("ol.history")).to_contain_text("revoked")
    answers = [manager.request.get(each) for each in (link, f"{link[:-2]}x/", "/d/nothing/")]
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert len({answer.text() for answer in answers}) == 1
    assert "This link is no longer valid" in answers[0].text()
