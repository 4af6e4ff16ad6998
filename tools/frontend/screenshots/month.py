"""Pictures of charges, their cost, chargers and the back office, in a demo with bookings."""

import re
from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, Page, expect

from tools.demo.own import DemoStack
from tools.frontend.screenshots.steps import (
    DEPOT,
    DESK,
    MANAGER,
    PATIENCE_MS,
    STAFF,
    TALL,
    TALLER,
    open_site,
    signed_in,
    take,
)

# In so many days some work is planned at the depot.
DOWNTIME_IN_DAYS = 3


def take_pictures(browser: Browser, stack: DemoStack) -> None:
    with signed_in(browser, stack, MANAGER) as page:
        _take_money(page)
        _take_running(page)
        _take_vehicle(page)
        _take_chargers(page)
    with signed_in(browser, stack, STAFF) as page:
        page.goto("/back-office/")
        take(page, "back-office")


def _take_money(page: Page) -> None:
    """Show the charges of the month before, one of them, its budgets and a report."""
    today = datetime.now(UTC).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    page.goto("/charging/?period=last-month")
    take(page, "charging")
    paid = page.get_by_role("row").filter(has_text="Paid", has_not_text="Booked")
    paid.filter(has_text="CC 4711").first.locator("th a, td a").first.click()
    page.set_viewport_size(TALL)
    expect(page.locator("#session-price")).to_be_visible()
    take(page, "session")
    page.set_viewport_size(DESK)
    page.goto(f"/charging/budgets/?month={last_month:%Y-%m}")
    take(page, "budgets")
    page.set_viewport_size(TALL)
    page.goto(f"/reports/cost/?period={last_month:%Y-%m}")
    _reload_until_gone(page, "The figures follow")
    take(page, "report")
    page.set_viewport_size(DESK)


def _reload_until_gone(page: Page, text: str) -> None:
    while page.get_by_text(text).first.is_visible():
        page.wait_for_timeout(2_000)
        page.reload()


def _take_running(page: Page) -> None:
    """Show the booking whose driver waits for the start of the charge."""
    page.goto("/bookings/?view=all")
    running = page.get_by_role("row").filter(has_text="Queens Center Mall")
    running.filter(has_text="Van 24").get_by_role("link").first.click()
    expect(page.locator("#remote-start")).to_be_visible(timeout=PATIENCE_MS)
    take(page, "remote")


def _take_vehicle(page: Page) -> None:
    """Show the battery of the vehicle that charges, once that has been read."""
    page.goto("/vehicles/?q=Van+14")
    page.locator("tbody a").first.click()
    while not page.get_by_text("Going on").first.is_visible():
        page.wait_for_timeout(2_000)
        page.reload()
    page.set_viewport_size(TALLER)
    page.wait_for_timeout(1_000)
    take(page, "vehicle")
    page.set_viewport_size(DESK)


def _take_chargers(page: Page) -> None:
    """Show planned work in a day, and how the fleet's own chargers do once their logs were read."""
    open_site(page, DEPOT)
    page.locator("#day-view").click()
    day = datetime.now(UTC).date() + timedelta(days=DOWNTIME_IN_DAYS)
    page.goto(f"{page.url.partition('?')[0]}?day={day}")
    expect(page.get_by_text(re.compile("Replacing the cable")).first).to_be_attached()
    take(page, "downtime")
    page.goto("/chargers/")
    _reload_until_gone(page, "Not read yet")
    take(page, "our-chargers")
    page.get_by_role("link", name="RH-12").click()
    page.set_viewport_size(TALL)
    take(page, "charger")
    page.set_viewport_size(DESK)
