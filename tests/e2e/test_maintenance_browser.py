"""Planned maintenance in a real browser: greyed with its reason, and nothing to pick there."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.browser_fixture import page_width
from tests.e2e.steps import MANAGER, expect, open_site

pytestmark = pytest.mark.browser

DEPOT = "Hudson Parcel Depot, Red Hook"
REASON = "Replacing the cable"


def planned_day() -> str:
    """Return the day on which the simulated operator works there, by the clocks of New York."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = midnight + timedelta(days=3, hours=14)
    return f"{begins.astimezone(ZoneInfo('America/New_York')):%Y-%m-%d}"


@pytest.mark.parametrize("width", [1280, 390])
def test_is_greyed_where_slots_are_picked(open_page, width):
    page = open_page(MANAGER, viewport={"width": width, "height": 900})
    open_site(page, DEPOT)
    page.goto(f"{page.url.partition('?')[0]}?day={planned_day()}&from=00:00")
    row = page.locator("#picker-chargers > li").filter(has_text=REASON)
    expect(row).to_have_count(1)
    expect(row.locator(".availability__maintenance")).to_be_visible()
    assert page_width(page) <= width
    page.locator("#picker-day-view").click()
    greyed = page.locator("td.lane--maintenance")
    expect(greyed).to_have_count(1)
    expect(greyed.locator("a")).to_have_count(0)
    assert REASON in (greyed.locator("[title]").get_attribute("title") or "")
    expect(page.locator(".lanes-key__maintenance")).to_be_visible()
    assert page_width(page) <= width
