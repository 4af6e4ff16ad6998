"""Moving bookings to other places, and what is offered instead of a lost one, in a real browser."""

import re

import pytest

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    book_first,
    expect,
    expect_status,
    request_first,
    status,
)
from tools.services.ports import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page):
    """Return the tab of a manager who is signed in."""
    return open_page(MANAGER)


def test_a_booking_is_moved_to_another_charger(page, operator):
    old = book_first(page, "Mondeville", day=5, driver="Jamal Wright", reference="Move 1")
    was = operator.requests()[-1]["bookingId"]
    new = ask_for_move(page)
    expect(page.locator("#banner-replaces")).to_contain_text(f"booking {key(old)}")
    expect_status(page, "Approved")

    page.goto(old)
    expect_status(page, "Cancelled")
    expect(page.locator("#banner-moved")).to_contain_text(f"booking {key(new)}")
    assert operator.booking(was)["status"] == "cancelled"
    assert operator.booking(number_of(operator, new, page))["status"] == "accepted"


def test_a_move_that_is_rejected_leaves_the_booking_as_it_was(page, operator):
    old = book_first(page, "Mondeville", day=6, driver="Ines Costa", reference="Move 2")
    was = operator.requests()[-1]["bookingId"]
    operator.decide_by_hand(True)
    ask_for_move(page)
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    reject_last(operator, kind="create", reason="The bay is being painted.")
    expect_status(page, "Rejected")

    page.goto(old)
    expect(status(page)).to_contain_text("Approved")
    notice = page.locator("#banner-move-ended")
    expect(notice).to_contain_text("The bay is being painted.")
    expect(page.locator("#move-link")).to_be_visible()
    assert operator.booking(was)["status"] == "accepted"


def test_both_pages_warn_when_the_operator_keeps_the_old_booking(page, operator):
    old = book_first(page, "Mondeville", day=7, driver="Noah Klein", reference="Move 3")
    was = operator.requests()[-1]["bookingId"]
    operator.decide_by_hand(True)
    new = ask_for_move(page)
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    approve_last(operator)
    expect_status(page, "Approved")
    assert wait_until(lambda: waiting(operator, "cancel"), seconds=30)
    reject_last(operator, kind="cancel", reason="It is paid for.")
    for address in (old, new):
        page.goto(address)
        expect(page.locator("#banner-both-stand")).to_be_visible(timeout=DECISION_MS)
    assert operator.booking(was)["status"] == "accepted"


def test_one_click_on_what_is_free_instead_fills_the_form(page, operator):
    operator.decide_by_hand(True)
    request_first(page, "Queens Center Mall", day=6, driver="Kim Nguyen", reference="Instead 1")
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    reject_last(operator, kind="create", reason="Closed for an event.")
    expect_status(page, "Rejected")

    offered = page.locator("#other-times a, #other-chargers a").first
    expect(offered).to_be_visible(timeout=DECISION_MS)
    offered.click()
    expect(page.get_by_role("radio", name="Kim Nguyen")).to_be_checked()
    expect(page.get_by_label("Reference")).to_have_value("Instead 1")
    operator.decide_by_hand(False)
    page.get_by_role("button", name="Request booking").click()
    page.wait_for_url(re.compile(r"/bookings/\d+/$"))
    expect_status(page, "Approved")


def ask_for_move(page) -> str:
    """Ask for the first other charger at the same time; return the new booking's address."""
    page.locator("#move-link").click()
    candidate = page.locator("#other-chargers a").first
    expect(candidate).to_be_visible(timeout=DECISION_MS)
    candidate.click()
    page.locator("#send-request").click()
    page.wait_for_url(re.compile(r"/bookings/\d+/$"))
    return page.url


def key(address: str) -> str:
    """Return the portal's number of a booking."""
    return address.rstrip("/").rpartition("/")[2]


def number_of(operator, address: str, page) -> int:
    """Return the operator's number of a booking."""
    page.goto(address)
    terms = page.locator("dt", has_text="Operator's number")
    return int(terms.locator("xpath=following-sibling::dd[1]").inner_text())


def waiting(operator, kind: str) -> list[dict]:
    """Return the requests of a kind that wait for a person."""
    return [
        each for each in operator.requests() if (each["type"], each["status"]) == (kind, "pending")
    ]


def reject_last(operator, *, kind: str, reason: str) -> None:
    """Reject the newest request of a kind."""
    operator.reject(waiting(operator, kind)[-1]["id"], reason=reason)


def approve_last(operator) -> None:
    """Approve the newest request for a booking."""
    pk = waiting(operator, "create")[-1]["id"]
    operator.http.post(f"/control/requests/{pk}", json={"approve": True}).raise_for_status()
