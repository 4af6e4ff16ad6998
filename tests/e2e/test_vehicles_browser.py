"""A vehicle in a real browser: from its page to a booking that carries its plate."""

import pytest

from tests.e2e.steps import MANAGER, expect, pick_day, send, status

pytestmark = pytest.mark.browser


def test_from_a_new_vehicle_to_its_booking(open_page, operator):
    page = open_page(MANAGER)
    page.goto("/")
    page.get_by_role("link", name="Vehicles", exact=True).click()
    page.locator("#add-vehicle").click()
    page.get_by_label("Number").fill("Van 77")
    page.get_by_label("Plate").fill("hpf 77")
    page.get_by_label("AC power (kW)").fill("7,4")
    page.get_by_label("J1772").check()
    page.locator("#id_home_site").select_option(label="Hudson Parcel Depot, Red Hook")
    page.locator("#save-vehicle").click()
    expect(page.get_by_role("heading", name="Van 77", level=1)).to_be_visible()
    expect(page.get_by_text("AC 7.4 kW")).to_be_visible()
    expect(page.locator("#assumed")).to_contain_text("size and weight")

    page.locator("#book-vehicle").click()
    pick_day(page, 3)
    # What its plug fits comes first, the others last with the reason.
    names = page.locator("#picker-chargers h3").all_inner_texts()
    fitting = [name.startswith(("Visitors", "Bay")) for name in names]
    assert fitting == sorted(fitting, reverse=True)
    expect(page.locator("#picker-chargers .is-misfit").first).to_contain_text("CCS1")
    # The one that is open to every driver.
    visitors = page.locator("#picker-chargers > li").filter(has_text="Visitors")
    visitors.locator("a[href*='/bookings/new/']").first.click()
    expect(page.get_by_label("Van 77")).to_be_checked()

    page.get_by_label("Ben Okafor").check()
    # The driver's usual vehicle comes next to the one that is picked.
    expect(page.locator("#vehicle-options")).to_contain_text("Usual vehicle")
    expect(page.get_by_label("Van 77")).to_be_checked()
    send(page)
    expect(status(page)).to_contain_text("Approved", timeout=30_000)
    expect(page.locator("#booking-facts")).to_contain_text("Van 77 (HPF 77)")

    # With the keyboard alone: another vehicle, and history tells it.
    page.locator("#name-vehicle").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Vehicle of booking")).to_be_visible()
    page.locator("#vehicle-option-none").focus()
    page.keyboard.press("Space")
    page.locator("#save-booking-vehicle").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Another vehicle named by")).to_be_visible()
    expect(page.locator("#booking-facts")).to_contain_text("None named")
