"""What a person does on the way to a booking, as steps that the browser tests share."""

import re
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.reading import Page as Reading
from tools.services.ports import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.e2e.operator_desk import Operator

# Skips the tests that use these steps where there is no Playwright.
expect = pytest.importorskip(
    "playwright.sync_api", reason="needs the e2e dependency group (make install-e2e)"
).expect

DECISION_MS = 30_000
MANAGER = "manager@hudson.example"
VIEWER = "viewer@hudson.example"
OTHER_MANAGER = "manager@rhone.example"


def arrive(page: "Page", title: str) -> None:
    """Wait for a page by its title, and for its scripts: keys go to them."""
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    page.wait_for_load_state()


def sign_in(page: "Page", login: dict[str, str]) -> None:
    """Sign in; the first screen shows."""
    page.goto("/")
    page.get_by_label("E-mail").fill(login["email"])
    page.get_by_label("Password").fill(login["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Today", level=1)).to_be_visible()


def open_site(page: "Page", name: str) -> None:
    """Open the page of the only site with such a name; finding it is for other tests."""
    page.goto(site_address(page, name))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def site_address(page: "Page", name: str) -> str:
    """Return the address of the only site with such a name."""
    found = page.request.get("/sites/", params={"q": name}).text()
    rows = re.findall(r'<a [^>]*href="(/sites/\d+/)">([^<]*)</a>', found)
    (address,) = (address for address, text in rows if name in unescape(text))
    return address


def pick_day(page: "Page", number: int) -> None:
    """Turn to a day of the strip, counted from today as 1."""
    page.locator(f"#picker-day-{number}").click()
    expect(page.locator(f"#picker-day-{number}")).to_have_attribute("aria-current", "date")


def pick_length(page: "Page", key: str) -> None:
    """Choose a length that is one click away: its minutes, or `night`."""
    page.locator(f"#picker-length-{key}").click()
    expect(page.locator(f"#picker-length-{key}")).to_have_attribute("aria-current", "true")


def starts(page: "Page") -> "Locator":
    """Return the links that lead from a start to the form."""
    return page.locator("#picker a[href*='/bookings/new/']")


def start_of(link: "Locator") -> str:
    """Return the instant that a start's link names."""
    query = parse_qs(urlsplit(link.get_attribute("href")).query)
    return query["start"][0]


def fill_request(page: "Page", *, driver: str, reference: str) -> None:
    """Pick a driver by typing, and fill in the reference."""
    arrive(page, "Request a booking")
    page.get_by_role("searchbox", name="Find a driver").press_sequentially(driver.lower())
    expect(page.locator("#driver-options").get_by_role("radio")).to_have_count(1)
    page.get_by_role("radio", name=driver).check()
    page.get_by_label("Reference").fill(reference)


def begin_change(page: "Page") -> None:
    """Go from the page of a booking to the form that changes it."""
    page.locator("#change-link").click()
    # With its scripts: what is picked there before they run is asked of nobody.
    page.wait_for_url("**/change/")


def request_booking(page: "Page", *, driver: str, reference: str) -> None:
    """Fill in the form and send it; the page of the booking shows."""
    fill_request(page, driver=driver, reference=reference)
    send(page)


def send(page: "Page") -> None:
    """Send the form; the page of the booking shows.

    Which tests share a demo is not fixed, so that the driver may have a booking at that time.
    """
    page.get_by_role("button", name="Request booking").click()
    anyway = page.get_by_role("button", name="Book anyway")
    expect(anyway.or_(status(page))).to_be_visible(timeout=DECISION_MS)
    if anyway.is_visible():
        anyway.click()
    page.wait_for_url(r"**/bookings/*/")


def book(page: "Page", *, driver: str, reference: str) -> str:
    """Fill in the form of a slot and wait until the operator has approved; return the address."""
    request_booking(page, driver=driver, reference=reference)
    return approved(page)


def approved(page: "Page") -> str:
    """Wait until the operator has approved the booking that is open; return its address."""
    expect_status(page, "Approved")
    # Changes can be asked for once the portal knows the operator's number of the booking.
    expect(page.locator("#change-link")).to_be_visible(timeout=DECISION_MS)
    return page.url


def request_first(page: "Page", site: str, *, day: int, driver: str, reference: str) -> str:
    """Request the first start of a day of a site and open the booking; return its address.

    Without the pages on the way there, for tests of what comes afterwards.
    """
    picker = page.request.get(site_address(page, site)).text()
    that_day = unescape(re.search(rf'id="picker-day-{day}" href="([^"]+)"', picker)[1])
    slot = Reading(page.request.get(that_day).text()).link("/bookings/new/")
    form = Reading(page.request.get(slot).text())
    hidden = ("csrfmiddlewaretoken", "site", "evse", "start", "minutes", "submission_key")
    options = page.request.get("/drivers/options/", params={"driver_query": driver}).text()
    (who,) = Reading(options).fields["driver"]
    filled = {**form.hidden(*hidden), "driver": who, "reference": reference}
    answer = page.request.post("/bookings/new/", form=filled)
    # The driver may have a booking at that time, as in `send`.
    if overlap := re.search(r'name="confirmed_overlap" value="([^"]+)"', answer.text()):
        filled["confirmed_overlap"] = unescape(overlap[1])
        answer = page.request.post("/bookings/new/", form=filled)
    page.goto(answer.url)
    expect(status(page)).to_be_visible()
    return page.url


def book_first(page: "Page", site: str, *, day: int, driver: str, reference: str) -> str:
    """Book the first start of a day of a site as `request_first`; return the booking's address."""
    request_first(page, site, day=day, driver=driver, reference=reference)
    return approved(page)


def driver_link(operator: "Operator", *, to: str, about: str) -> str:
    """Return the address of the driver's page, from the newest mail to the driver about it."""
    assert wait_until(lambda: operator.mails(to=to, about=about), seconds=30), to
    text = operator.text(operator.mails(to=to, about=about)[0])
    return re.search(r"https?://\S+(/d/\S+)", text)[1]


def status(page: "Page") -> "Locator":
    """Return the heading that says how a booking stands."""
    return page.locator("#status-title")


def expect_status(page: "Page", text: str) -> None:
    """Wait until the page says so, by itself."""
    expect(status(page)).to_contain_text(text, timeout=DECISION_MS)


def reload_until(page: "Page", text: str, *, there: str = "#status-title") -> bool:
    """Load the page of a booking again until it says so there."""

    def says_so() -> bool:
        page.reload()
        return text in page.locator(there).inner_text()

    return wait_until(says_so, seconds=DECISION_MS / 1000, every=0.5)
