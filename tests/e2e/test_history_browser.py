"""Back, forward and large text keep working, and what takes long is seen to be on its way."""

import re

import pytest

from tests.browser_fixture import page_width
from tests.e2e.steps import MANAGER, expect

pytestmark = pytest.mark.browser


def test_going_back_returns_to_the_list_as_it_was(open_page):
    page = open_page(MANAGER)
    page.goto("/sites/")
    page.get_by_label("Search", exact=True).fill("plaza")
    expect(page).to_have_url(re.compile(r"q=plaza"))
    names = page.locator("#site-results li a[href^='/sites/']").all_text_contents()
    page.locator("#site-results li a[href^='/sites/']").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(names[1])
    page.locator("#picker-day-3").click()
    expect(page.locator("#picker-day-3[aria-current]")).to_be_visible()
    page.go_back()
    expect(page.locator("#picker-day-3[aria-current]")).to_have_count(0)
    page.go_back()
    expect(page.get_by_label("Search", exact=True)).to_have_value("plaza")
    expect(page.locator("#site-results li a[href^='/sites/']")).to_have_text(names)
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text(names[1])


# At 200 % of 1280 px a page is laid out as on 640 px.
@pytest.mark.parametrize(
    "address", ["/", "/sites/", "/bookings/", "/bookings/calendar/", "/drivers/", "/team/"]
)
def test_twice_as_large_nothing_is_cut_off(open_page, address):
    page = open_page(MANAGER, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page_width(page) <= 640
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Drivers")).to_be_visible()


def test_what_takes_long_shows_that_it_is_on_its_way(open_page):
    page = open_page(MANAGER)
    page.goto("/sites/?current=dc")
    page.locator("#site-results li a[href^='/sites/']").first.click()
    # With its scripts: before that, a link leads to a page of its own.
    page.wait_for_url(re.compile(r"/sites/\d+/"))
    held = []
    page.route("**/availability/**", lambda route: held.append(route))
    page.locator("#picker-day-3").click()
    expect(page.locator("html")).to_have_attribute("data-waiting", "")
    held[0].continue_()
    expect(page.locator("#picker-day-3[aria-current]")).to_be_visible()
    expect(page.locator("html[data-waiting]")).to_have_count(0)
