"""The fleet's calendar: from the week to a booking and back, on a phone, and on paper."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.browser_fixture import page_width
from tests.e2e.steps import MANAGER, book_first, expect

pytestmark = pytest.mark.browser

SITE = "DES - Delancey and Essex Municipal Parking Garage"


@pytest.fixture
def page(open_page):
    return open_page(MANAGER, timezone_id="America/New_York")


@pytest.fixture
def booked(page):
    """Book for the day after tomorrow; return the path of the booking and the site's day."""
    address = book_first(page, SITE, day=3, driver="Carla Rossi", reference="In the calendar")
    calendar = page.request.get(f"{address}calendar.ics").text()
    start = datetime.strptime(re.search(r"DTSTART:(\w+Z)", calendar)[1], "%Y%m%dT%H%M%S%z")
    day = start.astimezone(ZoneInfo("America/New_York")).date()
    return re.search(r"/bookings/\d+/", address)[0], day.isoformat()


def test_from_the_week_to_the_day_to_a_booking_and_back(page, booked):
    path, day = booked
    page.goto("/")
    page.get_by_role("link", name="Calendar").click()
    expect(page.locator("table.cal-week")).to_be_visible()
    page.locator("#id_day").fill(day)
    page.get_by_role("button", name="Apply").click()
    chip = page.locator(f"table.cal-week a[href='{path}']").first
    expect(chip).to_be_visible()
    expect(chip).to_contain_text("Carla Rossi")
    expect(chip).to_contain_text("Approved")
    column = chip.evaluate("element => element.closest('td').cellIndex")
    page.locator("table.cal-week thead a").nth(column).click()
    expect(page.get_by_role("heading", name=SITE)).to_be_visible()
    page.locator(f"#fleet-calendar a[href='{path}']").click()
    expect(page).to_have_url(re.compile(path))
    page.go_back()
    expect(page.get_by_role("heading", name=SITE)).to_be_visible()


def test_a_month_on_a_phone_has_a_number_for_each_day_and_the_chosen_one_below(page, booked):
    path, day = booked
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"/bookings/calendar/?view=month&day={day}")
    chip = page.locator(f".cal-below a[href='{path}']")
    square = page.locator("table.cal-month td.is-chosen").get_by_role("link")
    expect(chip).to_be_visible()
    expect(square).to_have_accessible_name(re.compile(r"^\d+ bookings? on "))
    other = page.locator("table.cal-month td:not(.is-chosen) a.cal__square").first
    name = other.text_content()
    other.click()
    expect(page.locator("table.cal-month td.is-chosen a.cal__square")).to_have_text(name)
    assert page_width(page) <= 360


def test_the_focus_stays_where_it_is_when_the_page_looks_again(page, booked):
    path, day = booked
    page.goto(f"/bookings/calendar/?view=day&day={day}")
    link = page.locator(f"#fleet-calendar a[href='{path}']").first
    link.focus()
    page.evaluate("document.getElementById('fleet-calendar').dataset.old = 'yes'")
    page.evaluate("htmx.ajax('GET', location.href, {target: '#fleet-calendar', swap: 'outerHTML'})")
    expect(page.locator("#fleet-calendar:not([data-old])")).to_be_visible()
    expect(page.locator(f"#fleet-calendar a[href='{path}']").first).to_be_focused()


@pytest.mark.parametrize("address", ["/bookings/calendar/?view=day", "/", "/bookings/"])
def test_paper_has_the_plan_and_nothing_to_press(page, booked, address):
    day = booked[1]
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}&day={day}" if "view" in address else address)
    if address != "/bookings/":
        expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in (".topbar", ".shell__foot", ".page-head__actions", ".filter-bar"):
        for each in page.locator(hidden).all():
            expect(each).to_be_hidden()
    assert page.locator("main :is(button, .btn, select, input):visible").count() == 0
    expect(page.locator(".print-only")).to_contain_text("Hudson Parcel Fleet")
    expect(page.locator(".print-only")).to_contain_text("New York time")
    for part in ("body", "main h1"):
        style = page.locator(part).evaluate(
            "each => [each, document.body].map(one => getComputedStyle(one))"
            ".map((style, at) => (at ? style.backgroundColor : style.color))"
        )
        assert style == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    expect(page.locator("main .state").first).to_be_visible()
    for paper in ("A4", "Letter"):
        assert page.pdf(format=paper).startswith(b"%PDF")


def test_the_button_prints(page):
    page.goto("/bookings/calendar/?view=day")
    page.evaluate("window.print = () => { document.title = 'Printed'; }")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("Printed")
