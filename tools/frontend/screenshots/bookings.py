"""Pictures of a fleet that books, in a demo without bookings: it makes what the pictures show."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Page, expect

from tools.demo.own import DemoStack
from tools.frontend.screenshots.steps import (
    DEPOT,
    DESK,
    MANAGER,
    PATIENCE_MS,
    PHONE,
    TALL,
    control,
    fill,
    open_site,
    open_slots,
    signed_in,
    take,
    wait_for_status,
)

# Where, for whom, what the fleet calls it, on which day of the strip, how long.
APPROVED = (
    ("Lille Lesquin", "Carla Rossi", "Night tour 3", 3, "night"),
    ("Geneva Town Hall", "Ben Okafor", "Route 12", 2, "120"),
    ("Hudson Parcel Depot", "Ana Alvarez", "CC 4711", 4, "240"),
    ("Port Adelaide", "Mona Said", "Job 88-102", 5, "60"),
)
REJECTED = ("Clarence Travel Plaza", "Liam Byrne", "CC 4711", 4, "120")
REQUESTED = ("Lille Lesquin", "Noah Klein", "Night tour 4", 4, "night")
REASON = "The car park is closed for repairs until Monday."


def _book(page: Page, site: str, driver: str, reference: str, day: int, length: str) -> None:
    open_slots(page, site, day, length)
    page.locator("#picker a[href*='/bookings/new/']").first.click()
    fill(page, driver, reference)
    page.get_by_role("button", name="Request booking").click()
    expect(page.locator("#status-title")).to_contain_text("Requested")


def _fill_portal(page: Page, stack: DemoStack) -> None:
    """Book what the pictures show; the last request is left undecided."""
    control(stack, "settings", decision_delay=1.0)
    for wanted in APPROVED:
        _book(page, *wanted)
        wait_for_status(page, "Approved")
    control(stack, "settings", manual=True)
    for wanted in (REJECTED, REQUESTED):
        _book(page, *wanted)
        expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=PATIENCE_MS)
        if wanted is REJECTED:
            page.goto(stack.operator)
            page.get_by_label("Reason").fill(REASON)
            page.get_by_role("button", name="Reject").click()


def take_pictures(browser: Browser, stack: DemoStack) -> None:
    with signed_in(browser, stack, MANAGER) as page:
        _take_all(page, stack)


def _take_all(page: Page, stack: DemoStack) -> None:
    _fill_portal(page, stack)

    page.goto(stack.operator)
    take(page, "desk")
    page.goto(f"{stack.operator}/mail")
    page.get_by_role("row").filter(has_text="carla.rossi@").get_by_role("link").first.click()
    take(page, "mail")
    page.goto("/bookings/?view=all")
    take(page, "bookings")
    page.get_by_role("row").filter(has_text="Route 12").get_by_role("link").first.click()
    take(page, "booking")
    page.goto("/")
    take(page, "today")
    # Around then lies most of what was booked: the fourth day of the strip, by the site's clock.
    soon = datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=3)
    page.goto(f"/bookings/calendar/?day={soon:%Y-%m-%d}")
    take(page, "calendar")
    page.goto("/sites/?near=lille")
    expect(page.locator("#site-map")).to_have_attribute("data-shown", re.compile("."))
    take(page, "sites")
    open_site(page, "Lille Lesquin")
    page.locator("#day-view").click()
    page.goto(f"{page.url.partition('?')[0]}?day={soon:%Y-%m-%d}")
    take(page, "day")
    page.goto("/drivers/")
    take(page, "drivers")
    page.set_viewport_size(TALL)
    open_slots(page, "Lille Lesquin", 4, "120")
    page.evaluate("document.getElementById('picker').scrollIntoView()")
    take(page, "site")
    page.set_viewport_size(DESK)
    open_slots(page, "Geneva Town Hall", 4, "120")
    page.locator("#picker a[href*='/bookings/new/']").first.click()
    fill(page, "Carla Rossi", "Early tour 5")
    page.wait_for_load_state("networkidle")
    page.get_by_role("radio", name="Van 21").check()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("radio", name="Van 21")).to_be_checked()
    page.locator("details.price summary").first.click()
    page.evaluate("window.scrollTo(0, 0)")
    take(page, "new-booking")

    _take_many(page, stack)
    _take_power(page)

    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    open_slots(page, "Lille Lesquin", 4, "night")
    page.evaluate("document.getElementById('picker-summary').scrollIntoView()")
    take(page, "site-phone")


def _take_many(page: Page, stack: DemoStack) -> None:
    """Show the fleet's vehicles, a table of many bookings, a series, and a file."""
    control(stack, "settings", manual=False, decision_delay=1.0)
    page.goto("/vehicles/")
    take(page, "vehicles")
    page.goto("/")
    page.locator("[id^=many-at-]").first.click()
    page.locator("#propose").click()
    expect(page.locator("#send-batch")).to_be_visible()
    take(page, "table")
    page.locator("#send-batch").click()
    expect(page.locator("#batch-counts")).not_to_contain_text("waiting", timeout=PATIENCE_MS)
    take(page, "table-results")
    page.goto("/series/new/")
    page.get_by_label("Site", exact=True).fill(DEPOT)
    page.get_by_role("combobox", name="Driver").fill("ben.okafor@hudson.example")
    page.get_by_label("From", exact=True).fill("12:00")
    page.get_by_label("To", exact=True).fill("14:00")
    page.get_by_role("button", name="Show the dates").click()
    page.locator("#dates-sum").scroll_into_view_if_needed()
    take(page, "series")


def _take_power(page: Page) -> None:
    open_site(page, DEPOT)
    page.locator("#site-power").click()
    take(page, "power")
