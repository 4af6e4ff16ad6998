"""Each main page in both colours and both widths: open to all, and no wider than the screen."""

import re

import pytest

from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    arrive,
    book,
    driver_link,
    expect,
    expect_status,
    open_site,
    pick_day,
    request_booking,
    starts,
    status,
)
from tests.looks import PHONE, check

pytestmark = pytest.mark.browser

SITE = "DES - Delancey and Essex Municipal Parking Garage"


@pytest.fixture
def calm_page(open_page):
    """Return a manager's tab in which nothing moves, so that no colour is caught half-way."""
    return open_page(MANAGER, reduced_motion="reduce")


@pytest.mark.parametrize(
    "address",
    [
        "/account/security/",
        "/account/security/sessions/",
        "/account/security/webauthn/",
        "/account/security/totp/activate/",
        "/sites/",
        "/sites/?q=nowhere",
        "/sites/?power=x",
        "/sites/?near=brooklyn&favourites=on",
        "/sites/?near=atlantis",
        "/",
        "/search/?q=museum",
        "/search/?q=nowhere",
        "/team/",
        "/bookings/",
        "/bookings/?view=attention&q=nothing",
        "/bookings/?since=2026-02-02&until=2026-01-01",
        "/bookings/calendar/?view=day",
        "/bookings/calendar/",
        "/bookings/calendar/?view=month&cancelled=on",
        "/bookings/calendar/?day=nonsense",
        "/bookings/notices/",
        "/bookings/sent/",
        "/bookings/feeds/",
        "/drivers/",
        "/drivers/?q=nobody",
        "/account/password/change/",
    ],
)
def test_pages_of_a_member(calm_page, address):
    calm_page.goto(address)
    check(calm_page)


@pytest.mark.parametrize("address", ["/account/login/", "/account/password/reset/"])
def test_pages_before_signing_in(open_page, address):
    page = open_page(reduced_motion="reduce")
    page.goto(address)
    check(page)
    page.locator("main form button[type=submit]").first.click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)


def test_the_map(calm_page):
    page = calm_page
    page.goto("/sites/?near=brooklyn")
    expect(page.locator("#site-map")).to_have_attribute("data-shown", re.compile("."))
    page.locator(".pin").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Free times")).to_be_visible()
    page.locator("#finder").evaluate("each => { each.dataset.view = 'map'; }")
    check(page)


def test_the_menus(calm_page):
    calm_page.goto("/bookings/")
    for menu in (".topbar details.menu summary", "main details.menu summary"):
        calm_page.locator(menu).click()
        check(calm_page)
        calm_page.keyboard.press("Escape")
    calm_page.set_viewport_size({"width": PHONE, "height": 800})
    calm_page.get_by_role("button", name="Menu").click()
    check(calm_page)


def test_the_dialogs(calm_page):
    calm_page.goto("/")
    calm_page.keyboard.press("/")
    calm_page.get_by_role("searchbox", name="Search sites").fill("corning")
    expect(calm_page.get_by_role("dialog").get_by_role("link")).not_to_have_count(0)
    check(calm_page)
    calm_page.keyboard.press("Escape")
    calm_page.keyboard.press("?")
    check(calm_page)


def test_the_slot_picker(calm_page):
    page = calm_page
    open_site(page, SITE)
    check(page)
    pick_day(page, 2)
    page.locator("#picker-chargers a[id^=picker-all-]").first.click()
    expect(page.get_by_role("link", name="Fewer start times")).to_be_visible()
    check(page)
    page.locator("#picker-mode-any").click()
    expect(page.locator("#picker-any-title")).to_be_visible()
    check(page)


def test_the_day_and_the_week(calm_page):
    page = calm_page
    open_site(page, SITE)
    pick_day(page, 2)
    page.locator("#picker-day-view").click()
    page.locator(".lane__pick").first.click()
    expect(page.locator("#choice-book")).to_be_visible()
    check(page)
    page.locator("#typed-continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    page.locator("th[scope=row] a").first.click()
    expect(page.locator("#to-day")).to_be_visible()
    check(page)
    page.goto(page.url.split("?")[0] + "?day=soon")
    check(page)


def test_the_way_to_a_booking(calm_page, operator):
    page = calm_page
    open_site(page, SITE)
    pick_day(page, 3)
    starts(page).first.click()
    arrive(page, "Request a booking")
    check(page)
    page.get_by_role("button", name="Request booking").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)

    operator.decide_by_hand(True)
    request_booking(page, driver="Carla Rossi", reference="Checked")
    expect(status(page)).to_contain_text("Requested")
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    check(page)
    operator.reject(operator.requests()[-1]["id"], reason="The car park is closed.")
    expect_status(page, "Rejected")
    check(page)
    page.goto("/bookings/?view=attention")
    expect(page.get_by_role("row").filter(has_text="Checked")).to_be_visible()
    check(page)

    operator.decide_by_hand(False)
    page.goto("/bookings/?view=all")
    page.get_by_role("link", name="New booking").click()
    open_site(page, SITE)
    pick_day(page, 4)
    starts(page).first.click()
    booking = book(page, driver="Carla Rossi", reference="Checked")
    check(page)
    for what in ("change", "cancel", "move", "alternatives"):
        page.goto(f"{booking}{what}/")
        expect(page.locator("h1")).to_contain_text(re.compile("booking|Other slots"))
        expect(page.locator(".htmx-request")).to_have_count(0)
        check(page)
    page.goto("/bookings/?q=Checked")
    page.locator("#tick-all").check()
    page.locator("#cancel-selected-button").click()
    check(page)
    page.get_by_role("button", name="Cancel 1 booking").click()
    expect(page.locator("#cancelled-together")).to_be_visible()
    check(page)


def test_the_drivers_page(calm_page, open_page, operator):
    page = calm_page
    open_site(page, SITE)
    pick_day(page, 5)
    starts(page).first.click()
    book(page, driver="Elif Demir", reference="Elif's own")
    drivers = open_page(reduced_motion="reduce")
    address = driver_link(operator, to="elif.demir@", about="Elif's own")
    for what in ("", "late/", "cancel/"):
        drivers.goto(f"{address}{what}")
        check(drivers)


def test_calendars(calm_page):
    page = calm_page
    page.goto("/bookings/feeds/")
    page.get_by_role("button", name="Create calendar").click()
    expect(page.get_by_role("textbox", name="Secret address")).to_be_visible()
    check(page)


@pytest.mark.parametrize(
    ("address", "text"),
    [("/nowhere/", "Error 404"), ("/d/nothing/", "This link is no longer valid")],
)
def test_a_page_that_is_not_there(chromium, demo_stack, address, text):
    page = chromium.new_page(base_url=demo_stack.portal, reduced_motion="reduce")
    page.goto(address)
    expect(page.get_by_text(text)).to_be_visible()
    check(page)
    page.close()


def test_a_series_and_a_file(calm_page):
    calm_page.goto("/series/new/")
    calm_page.locator("#id_site").fill(SITE)
    calm_page.locator("#id_driver").fill("ben.okafor@hudson.example")
    # When no other test has the driver: most book what a day begins with.
    calm_page.locator("#id_start").fill("14:00")
    calm_page.locator("#id_end").fill("15:00")
    calm_page.get_by_role("button", name="Show the dates").click()
    expect(calm_page.locator("#dates-sum")).to_be_visible()
    check(calm_page)
    calm_page.locator("#send-series").click()
    expect(calm_page.get_by_role("heading", name="Series #")).to_be_visible()
    check(calm_page)
    calm_page.locator("#cancel-series").click()
    check(calm_page)
    calm_page.goto("/imports/bookings/")
    rows = f"Driver;Site;Date;Start;End\nBen Okafor;{SITE};31.12.2039;18:00;06:00"
    calm_page.locator("#id_text").fill(rows)
    calm_page.get_by_role("button", name="Show what it would do").click()
    expect(calm_page.locator("#line-2")).to_be_visible()
    check(calm_page)
