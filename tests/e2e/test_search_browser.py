"""The search and the shortcuts, by keyboard."""

import pytest

from tests.e2e.steps import MANAGER, arrive, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page):
    """Return a tab with the first screen, whose scripts are there: keys go to them."""
    page = open_page(MANAGER)
    page.goto("/")
    return page


def test_a_site_is_found_and_opened_by_keyboard_alone(page):
    page.keyboard.press("/")
    typed = page.get_by_role("searchbox", name="Search sites, drivers, vehicles and bookings")
    expect(typed).to_be_focused()
    page.keyboard.type("corning")
    link = page.get_by_role("dialog").get_by_role("link", name="Corning Museum of Glass").first
    expect(link).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(link).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(typed).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Corning Museum of Glass", level=1)).to_be_visible()


def test_the_dialog_gives_the_focus_back(page):
    page.get_by_role("link", name="Search").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="Search")).to_be_focused()


def test_keys_go_to_the_pages_but_not_while_somebody_types(page):
    page.keyboard.press("g")
    page.keyboard.press("b")
    arrive(page, "Bookings")
    page.keyboard.press("g")
    page.keyboard.press("s")
    arrive(page, "Sites")
    search = page.get_by_role("searchbox", name="Search")
    search.fill("")
    search.press_sequentially("gb/?")
    expect(search).to_have_value("gb/?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_shortcuts_are_listed(page):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_keys_alone_can_be_switched_off(page):
    page.locator(".menu summary").first.click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.reload()
    for key in ("/", "?", "g", "b"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()
    page.locator(".menu summary").first.click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_role("checkbox").check()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()


def test_enter_in_the_search_for_a_driver_keeps_the_focus(page):
    page.goto("/sites/")
    page.get_by_role("link", name="Corning Museum of Glass").first.click()
    page.locator("#picker .slot-chip[href*='/bookings/new/']").first.click()
    expect(page.get_by_role("heading", name="Request a booking", level=1)).to_be_visible()
    page.get_by_label("Reference").fill("Tour 7")
    typed = page.get_by_role("searchbox", name="Find a driver by name or e-mail")
    typed.fill("ben")
    with page.expect_response("**/drivers/options/**"):
        page.keyboard.press("Enter")
    expect(page.locator("#driver-options")).to_contain_text("Ben")
    expect(typed).to_be_focused()
    expect(page.get_by_label("Reference")).to_have_value("Tour 7")


def test_a_session_that_ends_while_a_driver_is_sought_comes_back_filled_in(page, demo_stack):
    page.goto("/sites/")
    page.get_by_role("link", name="Corning Museum of Glass").first.click()
    page.locator("#picker .slot-chip[href*='/bookings/new/']").first.click()
    page.get_by_label("Reference").fill("Tour 8")
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("searchbox", name="Find a driver by name or e-mail").press_sequentially("ben")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    login = demo_stack.login(MANAGER)
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("You were signed out, so nothing was sent.")).to_be_visible()
    expect(page.get_by_label("Reference")).to_have_value("Tour 8")


def test_without_a_script_the_search_is_a_page(open_page):
    page = open_page(MANAGER, java_script_enabled=False)
    page.goto("/")
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Site, driver, vehicle, reference").fill("corning")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Corning Museum of Glass").first).to_be_visible()
