"""Twenty workdays from one form; and a file, without JavaScript."""

from datetime import UTC, datetime, time, timedelta

import pytest

from spreadsheets.writing import XLSX, as_workbook
from tests.e2e.steps import DECISION_MS, MANAGER, expect

pytestmark = pytest.mark.browser

SITE = "Geneva Town Hall"
MOST_CLICKS, MOST_LOADS = 6, 5


class Counted:
    """Counts the clicks and the loads of pages that something takes."""

    def __init__(self, page) -> None:
        self.page = page
        self.clicks = self.loads = 0
        page.on("load", self._note_load)

    def _note_load(self, _page) -> None:
        self.loads += 1

    def click(self, locator) -> None:
        self.clicks += 1
        locator.click()


def test_twenty_weekdays_are_one_form(open_page):
    page = open_page(MANAGER)
    page.goto("/")
    counted = Counted(page)
    counted.click(page.get_by_role("link", name="Bookings", exact=True))
    counted.click(page.get_by_text("Export and more"))
    counted.click(page.get_by_role("link", name="Series", exact=True))
    counted.click(page.locator("#new-series"))
    page.get_by_label("Site", exact=True).fill(SITE)
    # Whom hardly any other test books for.
    page.get_by_role("combobox", name="Driver").fill("mona.said@hudson.example")
    page.get_by_label("From", exact=True).fill("18:00")
    page.get_by_label("To", exact=True).fill("06:00")
    # Mondays to Fridays for four weeks is what the form proposes.
    counted.click(page.get_by_role("button", name="Show the dates"))
    expect(page.locator("#dates-sum")).to_be_visible()
    counted.click(page.locator("#send-series"))
    expect(page.get_by_role("heading", name="Series #")).to_be_visible()
    dates = page.locator("#series-dates tbody tr")
    total = dates.count() + page.locator("#beyond li").count()
    assert total == 20
    # Others may have taken a night, which is said then.
    expect(dates.filter(has_text="Approved").first).to_be_visible(timeout=DECISION_MS)
    page.wait_for_load_state()
    assert counted.clicks <= MOST_CLICKS
    assert counted.loads <= MOST_LOADS


def test_what_does_not_fit_is_greyed_and_last_as_one_picks(open_page):
    page = open_page(MANAGER)
    page.goto("/vehicles/add/")
    page.get_by_label("Number").fill("Van 78")
    page.get_by_label("AC power (kW)").fill("7,4")
    page.get_by_label("J1772").check()
    page.locator("#save-vehicle").click()
    expect(page.get_by_role("heading", name="Van 78", level=1)).to_be_visible()

    page.goto("/series/new/")
    chargers = page.locator("#id_charger")
    expect(chargers.locator("option")).to_have_count(1)
    page.get_by_label("Site", exact=True).fill("Hudson Parcel Depot, Red Hook")
    page.keyboard.press("Tab")
    expect(chargers.locator("option").nth(3)).to_be_attached()
    expect(chargers.locator("optgroup")).to_have_count(0)
    page.get_by_role("searchbox", name="Find a vehicle").press_sequentially("van 78")
    vehicle = page.get_by_role("radio", name="Van 78")
    expect(page.locator("#vehicle-options").get_by_role("radio")).to_have_count(2)
    vehicle.check()
    last = chargers.locator("> :last-child")
    expect(last).to_have_attribute("label", "Does not fit")
    expect(last.locator("option").first).to_contain_text("the vehicle takes J1772")
    fitting, misfit = (
        chargers.locator(f"> {which}").first.evaluate("each => getComputedStyle(each).color")
        for which in ("option", "optgroup > option")
    )
    assert fitting != misfit

    # The other way round: a charger that is picked says which vehicles do not fit it.
    chargers.focus()
    chargers.select_option(value=last.locator("option").first.get_attribute("value"))
    expect(page.locator("#vehicle-options .is-misfit")).to_contain_text("takes J1772")
    expect(vehicle).to_be_checked()
    expect(chargers).to_be_focused()
    page.get_by_label("Site", exact=True).fill(SITE)
    page.keyboard.press("Tab")
    expect(chargers.locator("option:checked")).to_have_text("Any charger that fits")
    expect(vehicle).to_be_checked()


def test_a_file_without_javascript(open_page):
    page = open_page(MANAGER, java_script_enabled=False)
    day = datetime.now(UTC).date() + timedelta(days=5)
    header = ["Fahrer", "Standort", "Datum", "Von", "Bis"]
    rows = [["ben.okafor@hudson.example", SITE, day, time(12), time(13)], ["Nobody", SITE, day]]
    page.goto("/imports/bookings/")
    page.get_by_label("File").set_input_files(
        {"name": "tour.xlsx", "mimeType": XLSX, "buffer": as_workbook(header, rows)}
    )
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.locator("#line-2")).to_contain_text("Will be asked for")
    expect(page.locator("#line-3")).to_contain_text("No driver of your fleet")
    page.get_by_role("button", name="Ask for 1 booking").click()
    expect(page.get_by_text("1 booking was asked for.")).to_be_visible()
