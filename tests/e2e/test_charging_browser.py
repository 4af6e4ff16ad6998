"""What was charged, in a real browser: ticked, assigned, summed by cost centre."""

import re

import pytest

from tests.e2e.steps import MANAGER, VIEWER, expect

pytestmark = pytest.mark.browser

MIRRORED_MS = 90_000


def open_all(page) -> None:
    """Show all sessions, once the operator's are there."""
    page.goto("/charging/?period=all")
    rows = page.locator("#session-list tbody tr")
    for _again in range(30):
        if rows.count() >= 3:
            return
        page.wait_for_timeout(MIRRORED_MS / 30)
        page.reload()
    expect(rows.nth(2)).to_be_visible()


def test_ticked_sessions_go_to_a_cost_centre(open_page):
    page = open_page(MANAGER)
    open_all(page)
    page.locator("#cost-centres-link").click()
    page.get_by_role("textbox", name="Code").fill("4711")
    page.get_by_role("textbox", name="Name").fill("Parcels")
    page.locator("#add-cost-centre").click()
    expect(page.get_by_text("4711 – Parcels is added.")).to_be_visible()

    open_all(page)
    ticks = page.locator("#session-list [name=session]")
    for number in range(3):
        ticks.nth(number).check()
    expect(page.locator("#assign-button")).to_contain_text("(3)")
    page.locator("#assign-button").click()
    expect(page.get_by_role("heading", name="Assign 3 sessions", level=1)).to_be_visible()
    page.get_by_role("combobox", name="Cost centre").select_option(label="4711 – Parcels")
    page.get_by_role("textbox", name="Reference").fill("Tour 7")
    page.locator("#save-assignment").click()
    expect(page.get_by_text("3 sessions are changed.")).to_be_visible()
    assert "period=all" in page.url

    page.locator("#by-cost-centre").click()
    row = page.locator("#session-groups tr").filter(has_text="4711 – Parcels")
    expect(row.locator("td").first).to_have_text("3")
    row.get_by_role("link").click()
    expect(page.locator("#session-list tbody tr")).to_have_count(3)

    page.locator("#session-list tbody a").first.click()
    expect(page.locator("#session-history")).to_contain_text("Cost centre: none → 4711 – Parcels")
    expect(page.locator("#session-course svg.drawing")).to_be_visible()
    page.locator("#session-course summary").click()
    expect(page.locator("#session-course tbody tr").first).to_be_visible()


def test_a_period_that_is_chosen_takes_the_place_of_entered_dates(open_page):
    page = open_page(VIEWER)
    page.goto("/charging/?since=2025-01-01&until=2025-01-31&period=month")
    periods = page.get_by_role("combobox", name="Period")
    expect(periods.locator("option:checked")).to_have_text("The dates entered")
    periods.select_option(label="Last month")
    expect(page).to_have_url(re.compile("period=last-month"))
    expect(page.locator("#id_since")).to_have_value("")
    expect(page.locator("#id_until")).to_have_value("")
    expect(periods.locator("option:checked")).to_have_text("Last month")


def test_a_viewer_looks_only(open_page):
    page = open_page(VIEWER)
    open_all(page)
    expect(page.locator("#assign-button")).to_have_count(0)
    page.locator("#session-list tbody a").first.click()
    expect(page.locator("#session-facts")).to_be_visible()
    expect(page.locator("#assign-link")).to_have_count(0)
