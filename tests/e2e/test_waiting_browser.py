"""Waiting for a slot until it is cancelled, and a driver's page, in a real browser."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    book_first,
    expect,
    expect_status,
    pick_day,
    send,
    starts,
)
from tools.services.ports import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page):
    """Return the tab of a manager who is signed in."""
    return open_page(MANAGER)


def test_what_is_cancelled_is_offered_to_whoever_waits_and_booked(page, operator):
    taken = book_first(page, "Mondeville", day=4, driver="Jamal Wright", reference="Wait 1")
    page.goto(f"/waiting/new/?booking={taken.rstrip('/').rpartition('/')[2]}")
    page.get_by_role("searchbox", name="Find a driver").press_sequentially("ana alvarez")
    expect(page.locator("#driver-options").get_by_role("radio")).to_have_count(2)
    page.get_by_role("radio", name="Ana Alvarez").check()
    page.get_by_label("Reference").fill("Wait 2")
    page.get_by_role("button", name="Put on the waiting list").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Waiting for")
    waits = page.url

    page.goto(f"{taken}cancel/")
    page.get_by_role("button", name="Cancel this booking").click()
    expect_status(page, "Cancelled")
    about = "What you wait for was free"
    assert wait_until(lambda: operator.mails(to=MANAGER, about=about), seconds=120)
    mail = operator.text(operator.mails(to=MANAGER, about=about)[0])
    page.goto(re.search(r"https?://[^/\s]+(/waiting/offers/\S+)", mail)[1])
    expect(page.get_by_role("radio", name="Ana Alvarez")).to_be_checked()
    send(page)
    expect_status(page, "Approved")
    page.goto(waits)
    expect(page.locator("#wish-title")).to_contain_text("Booked", timeout=DECISION_MS)


def test_a_booking_begins_on_the_drivers_page(page):
    page.goto("/drivers/")
    page.get_by_role("link", name="Kim Nguyen").click()
    page.get_by_role("link", name="Book for this driver").click()
    expect(page.locator("#booking-for")).to_contain_text("You are booking for Kim Nguyen.")
    query = parse_qs(urlsplit(page.url).query)
    page.get_by_role("searchbox", name="Search").fill("Mondeville")
    page.get_by_role("searchbox", name="Search").press("Enter")
    page.get_by_role("link", name="Mondeville").click()
    pick_day(page, 3)
    starts(page).first.click()
    expect(page.locator(f"#driver-option-{query['driver'][0]}")).to_be_checked()
    send(page)
    booked = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"/drivers/{query['driver'][0]}/")
    expect(page.locator(f"#booking-list #booking-{booked}")).to_be_visible()
