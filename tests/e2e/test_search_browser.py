"""The search and the shortcuts, by keyboard."""

import pytest

from tests.e2e.steps import MANAGER, expect, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page, demo_stack):
    page = open_page()
    sign_in(page, demo_stack.login(MANAGER))
    return page


def test_a_site_is_found_and_opened_by_keyboard_alone(page):
    page.keyboard.press("/")
    typed = page.get_by_role("searchbox", name="Search sites, drivers and bookings")
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
    expect(page.get_by_role("heading", name="Bookings", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Sites", level=1)).to_be_visible()
    search = page.get_by_role("searchbox", name="Search")
    search.fill("")
    search.press_sequentially("gb/?")
    expect(search).to_have_value("gb/?")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_shortcuts_are_listed(page):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_without_a_script_the_search_is_a_page(open_page, demo_stack):
    page = open_page(java_script_enabled=False)
    sign_in(page, demo_stack.login(MANAGER))
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Site, driver, reference").fill("corning")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Corning Museum of Glass").first).to_be_visible()
