"""What all pictures are taken with: pages that are opened, forms that are filled in."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from tools.demo.own import DemoStack
from tools.demo.stack import ROOT

try:
    from playwright.sync_api import Browser, Page, ViewportSize, expect
except ImportError:
    sys.exit("Playwright is not installed: run `make install-e2e`.")

FOLDER = ROOT / "docs" / "screenshots"
DESK = ViewportSize(width=1280, height=800)
TALL = ViewportSize(width=1280, height=1060)
TALLER = ViewportSize(width=1280, height=1400)
PHONE = ViewportSize(width=360, height=740)
MANAGER = "manager@hudson.example"
STAFF = "staff@operator.example"
PATIENCE_MS = 30_000
DEPOT = "Hudson Parcel Depot, Red Hook"


@contextmanager
def signed_in(browser: Browser, stack: DemoStack, email: str) -> Iterator[Page]:
    """Yield a page in a browser of its own, in which somebody has signed in."""
    context = browser.new_context(
        base_url=stack.portal,
        locale="en-GB",
        timezone_id="Europe/Paris",
        viewport=DESK,
        reduced_motion="reduce",
    )
    page = context.new_page()
    login = stack.login(email)
    page.goto("/")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


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
