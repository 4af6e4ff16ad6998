"""Booking, changing and cancelling with the keyboard alone, in a real browser."""

import pytest

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    book_first,
    expect,
    expect_status,
    starts,
    status,
)

pytestmark = pytest.mark.browser


def test_the_whole_flow_by_keyboard_alone(open_page, demo_stack):
    page = open_page()
    page.goto("/")
    login = demo_stack.login(MANAGER)
    tab_to(page, page.get_by_label("E-mail"))
    page.keyboard.type(login["email"])
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(login["password"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()

    press(page, page.get_by_role("link", name="New booking"))
    tab_to(page, page.get_by_role("searchbox", name="Search"))
    page.keyboard.type("corning")
    expect(page.locator("#site-results").get_by_role("listitem")).to_have_count(1)
    press(page, page.get_by_role("link", name="Corning Museum of Glass"))

    press(page, page.locator("#picker-day-2"))
    expect(page.locator("#picker-day-2")).to_have_attribute("aria-current", "date")
    expect(page.locator("#picker-day-2")).to_be_focused()
    press(page, page.locator("#picker-length-240"))
    expect(page.locator("#picker-length-240")).to_have_attribute("aria-current", "true")
    expect(page.locator("#picker-length-240")).to_be_focused()
    press(page, starts(page).first)

    tab_to(page, page.get_by_role("searchbox", name="Find a driver"))
    page.keyboard.type("liam")
    expect(page.locator("#driver-options").get_by_role("radio")).to_have_count(1)
    tab_to(page, page.get_by_role("radio", name="Liam Byrne"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_label("Reference"))
    page.keyboard.type("By keyboard")
    press(page, page.get_by_role("button", name="Request booking"))

    expect_status(page, "Approved")
    expect(page.locator(".sticky-summary")).to_contain_text("Liam Byrne")


def test_a_booking_is_changed_and_cancelled_by_keyboard_alone(open_page, operator):
    page = open_page(MANAGER)
    book_first(page, "Geneva Town Hall", day=5, driver="Liam Byrne", reference="Hands off")
    facts = page.locator("#booking-facts")
    before = facts.inner_text()

    press(page, page.locator("#change-link"))
    expect(page.get_by_role("heading", name="Change booking")).to_be_visible()
    another = page.locator("#change-times button[aria-pressed=false]").first
    time = page.locator(f"#{another.get_attribute('id')}")
    press(page, time)
    expect(time).to_have_attribute("aria-pressed", "true")
    expect(time).to_be_focused()
    press(page, page.locator("#send-change"), key="Shift+Tab")
    expect(facts).not_to_have_text(before, timeout=DECISION_MS, use_inner_text=True)
    expect(page.locator("#banner-open-change")).to_have_count(0, timeout=DECISION_MS)

    operator.decide_by_hand(True)
    press(page, page.locator("#cancel-link"))
    press(page, page.locator("#send-cancel"))
    expect(status(page)).to_contain_text("Cancellation requested")
    operator.decide_by_hand(False)
    expect_status(page, "Cancelled")


def tab_to(page, target, *, key: str = "Tab") -> None:
    """Press Tab, or another key, until `target` has the focus, which must show that it has it."""
    target.wait_for()
    for _ in range(150):
        page.keyboard.press(key)
        if target.evaluate("element => element === document.activeElement"):
            ring = target.evaluate(
                "element => [getComputedStyle(element).outlineStyle, "
                "getComputedStyle(element).boxShadow]"
            )
            assert ring != ["none", "none"], f"{target} does not show that it has the focus"
            return
    raise AssertionError(f"Tab does not lead to {target}.")


def press(page, target, *, key: str = "Tab") -> None:
    """Go to `target` by Tab, or another key, and press Enter."""
    tab_to(page, target, key=key)
    page.keyboard.press("Enter")
