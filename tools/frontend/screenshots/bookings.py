"""`make screenshots`: the pictures in docs/screenshots, taken from a demo of their own."""

import json
import re
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

from tools.demo.own import DemoStack, own_demo
from tools.demo.stack import ROOT
from tools.frontend.browser import chromium_flags, chromium_path

try:
    from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
except ImportError:
    sys.exit("Playwright is not installed: run `make install-e2e`.")

FOLDER = ROOT / "docs" / "screenshots"
DESK = ViewportSize(width=1280, height=800)
TALL = ViewportSize(width=1280, height=1060)
PHONE = ViewportSize(width=360, height=740)
MANAGER = "manager@hudson.example"
PATIENCE_MS = 30_000
# Where, for whom, what the fleet calls it, on which day of the strip, how long.
APPROVED = (
    ("Lille Lesquin", "Carla Rossi", "Night tour 3", 3, "night"),
    ("Geneva Town Hall", "Ben Okafor", "Route 12", 2, "120"),
    ("Hudson Parcel Depot", "Ana Alvarez", "CC 4711", 4, "240"),
    ("Port Adelaide", "Mona Said", "Job 88-102", 5, "60"),
)
REJECTED = ("Clarence Travel Plaza", "Liam Byrne", "CC 4711", 4, "120")
REQUESTED = ("Lille Lesquin", "Noah Klein", "Night tour 4", 4, "night")
DEPOT = "Hudson Parcel Depot, Red Hook"
REASON = "The car park is closed for repairs until Monday."


def control(stack: DemoStack, path: str, **fields: object) -> None:
    body = json.dumps(fields).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{stack.operator}/control/{path}"
    with urlopen(Request(url, data=body, headers=headers), timeout=10):  # noqa: S310
        pass


def open_site(page: Page, name: str) -> None:
    page.goto("/sites/?q=" + name.replace(" ", "+"))
    page.locator("#site-results").get_by_role("link", name=name).click()


def open_slots(page: Page, site: str, day: int, length: str) -> None:
    open_site(page, site)
    for choice in (f"#picker-day-{day}", f"#picker-length-{length}"):
        page.locator(choice).click()
        expect(page.locator(f"{choice}[aria-current]")).to_be_visible()


def book(page: Page, site: str, driver: str, reference: str, day: int, length: str) -> None:
    open_slots(page, site, day, length)
    page.locator("#picker a[href*='/bookings/new/']").first.click()
    fill(page, driver, reference)
    page.get_by_role("button", name="Request booking").click()
    expect(page.locator("#status-title")).to_contain_text("Requested")


def fill(page: Page, driver: str, reference: str) -> None:
    page.get_by_role("searchbox", name="Find a driver").press_sequentially(driver.lower())
    expect(page.locator("#driver-options").get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio", name=driver).check()
    page.get_by_label("Reference").fill(reference)


def wait_for_status(page: Page, text: str) -> None:
    expect(page.locator("#status-title")).to_contain_text(text, timeout=PATIENCE_MS)
    expect(page.get_by_text("E-mail sent to").first).to_be_visible(timeout=PATIENCE_MS)


def take(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
    print(f"{name}.png: {(FOLDER / f'{name}.png').stat().st_size // 1024} kB")


def sign_in(page: Page, stack: DemoStack) -> None:
    login = stack.login(MANAGER)
    page.goto("/")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Today", level=1).wait_for()


def fill_portal(page: Page, stack: DemoStack) -> None:
    """Book what the pictures show; the last request is left undecided."""
    control(stack, "settings", decision_delay=1.0)
    for wanted in APPROVED:
        book(page, *wanted)
        wait_for_status(page, "Approved")
    control(stack, "settings", manual=True)
    for wanted in (REJECTED, REQUESTED):
        book(page, *wanted)
        expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=PATIENCE_MS)
        if wanted is REJECTED:
            page.goto(stack.operator)
            page.get_by_label("Reason").fill(REASON)
            page.get_by_role("button", name="Reject").click()


def take_pictures(browser: Browser, stack: DemoStack) -> None:
    context = browser.new_context(
        base_url=stack.portal,
        locale="en-GB",
        timezone_id="Europe/Paris",
        viewport=DESK,
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page, stack)
    fill_portal(page, stack)

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
    page.locator("#picker a[href*='/bookings/new/']").first.click()
    fill(page, "Carla Rossi", "Early tour 5")
    take(page, "new-booking")

    take_pictures_of_many(page, stack)
    take_pictures_of_charging(page)

    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    open_slots(page, "Lille Lesquin", 4, "night")
    page.evaluate("document.getElementById('picker-summary').scrollIntoView()")
    take(page, "site-phone")


def take_pictures_of_many(page: Page, stack: DemoStack) -> None:
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


def take_pictures_of_charging(page: Page) -> None:
    """Show a vehicle's battery and last session, and a site's power, once they have been read."""
    page.goto("/vehicles/?q=Van+7")
    page.locator("tbody a").first.click()
    while not page.get_by_text("telematics").first.is_visible():
        page.wait_for_timeout(1_000)
        page.reload()
    page.set_viewport_size(TALL)
    page.wait_for_timeout(1_000)
    take(page, "vehicle")
    page.set_viewport_size(DESK)
    open_site(page, DEPOT)
    page.locator("#site-power").click()
    take(page, "power")


def main() -> int:
    path = chromium_path()
    if path is None:
        print("There is no Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="chargebook-") as folder,
        own_demo(Path(folder)) as stack,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=chromium_flags())
        take_pictures(browser, stack)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
