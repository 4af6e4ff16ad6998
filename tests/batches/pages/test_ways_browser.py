"""The other ways to many bookings, in a real browser: each with its clicks and loads counted."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking
from tests.batches.pages.conftest import VANS
from tests.browser_fixture import page_width
from tests.e2e.steps import expect
from tests.e2e.test_keyboard_browser import press
from tests.factories import BookingFactory
from vehicles.models import Vehicle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def waits_for_all(page, number=VANS) -> None:
    """See on the page of the sent table that each row was asked for."""
    expect(page.locator("#batch-counts")).to_contain_text(f"{number} waiting for the operator")
    assert Booking.objects.filter(status="requested").count() == number
    # The last page counts, too.
    page.wait_for_load_state()


def in_three_days(depot):
    return (now() + timedelta(days=3)).astimezone(depot.zone).date()


def table_of_vans(depot, day, separator="\t") -> str:
    """Return what somebody copies from a spreadsheet: a night for each van."""
    lines = [["Vehicle", "Site", "Charger", "Date", "From", "To"]]
    for at, number in enumerate(Vehicle.objects.values_list("number", flat=True)):
        lines.append([number, depot.name, str(311 + at), day.isoformat(), "18:00", "06:00"])
    return "\n".join(separator.join(line) for line in lines) + "\n"


def test_vehicles_ticked_in_their_list(person, depot):
    me = person()
    page = me.page
    me.click(page.get_by_role("link", name="Vehicles", exact=True))
    me.click(page.locator("#tick-all"))
    me.click(page.locator("#book-vehicles-button"))
    expect(page.locator("#which")).to_have_attribute("open", "")
    me.click(page.locator("#propose"))
    expect(page.locator("#batch-counts")).to_contain_text(f"{VANS} will be asked for")
    me.click(page.locator("#send-batch"))
    waits_for_all(page)
    assert (me.clicks, me.loads) == (5, 4)


def test_a_block_with_shift_and_a_click(person, depot):
    me = person()
    page = me.page
    page.goto(f"/sites/{depot.pk}/day/?day={in_three_days(depot)}")
    page.wait_for_load_state()
    me.loads = 0
    lanes = page.locator(".lane__pick")
    me.click(lanes.nth(2))
    expect(page.locator("#choice-text")).to_be_visible()
    lanes.nth(7).click(modifiers=["Shift"])
    me.clicks += 1
    expect(page.locator("#choice-text")).to_contain_text("6 chargers")
    me.click(page.locator("#choice-block-book"))
    expect(page.locator("#batch-counts")).to_contain_text("6 will be asked for")
    me.click(page.locator("#send-batch"))
    waits_for_all(page, 6)
    assert (me.clicks, me.loads) == (4, 2)


def test_the_same_as_last_week(person, depot, fleet, driver):
    day = in_three_days(depot)
    start_at = (now() + timedelta(days=3)).replace(hour=19, minute=0, second=0, microsecond=0)
    evses = [evse for point in depot.charge_points.all() for evse in point.evses.all()][2:8]
    day = start_at.astimezone(depot.zone).date()
    for evse in evses:
        BookingFactory(
            fleet=fleet,
            driver=driver,
            evse=evse,
            status="completed",
            start_at=start_at - timedelta(days=7),
            end_at=start_at - timedelta(days=7) + timedelta(hours=2),
        )
    me = person()
    page = me.page
    page.goto(f"/sites/{depot.pk}/day/?day={day}")
    page.wait_for_load_state()
    me.loads = 0
    me.click(page.locator("#copy-last-week"))
    # One drives them all: that is said, and no reason not to ask.
    expect(page.locator("#batch-counts")).to_contain_text("6 will be asked for")
    me.click(page.locator("#send-batch"))
    waits_for_all(page, 6)
    assert (me.clicks, me.loads) == (2, 2)


@pytest.mark.parametrize("java_script_enabled", [True, False], ids=["script", "no-script"])
def test_a_file(person, depot, java_script_enabled):
    me = person(java_script_enabled=java_script_enabled)
    page = me.page
    me.click(page.get_by_role("link", name="Bookings", exact=True))
    me.click(page.get_by_text("Export and more"))
    me.click(page.locator("#import-link"))
    table = table_of_vans(depot, in_three_days(depot), ";").encode()
    page.get_by_label("File").set_input_files(
        {"name": "night.csv", "mimeType": "text/csv", "buffer": table}
    )
    me.click(page.locator("#read-table"))
    expect(page.locator("#dry-run-sum")).to_contain_text(f"{VANS} bookings can be asked for.")
    assert not Booking.objects.exists()
    me.click(page.locator("#ask-for-all"))
    waits_for_all(page)
    assert (me.clicks, me.loads) == (5, 4)
    # The same file once more: all of it is known.
    page.goto("/imports/bookings/")
    page.get_by_label("File").set_input_files(
        {"name": "again.csv", "mimeType": "text/csv", "buffer": table}
    )
    page.locator("#read-table").click()
    expect(page.locator("#dry-run-sum")).to_contain_text(f"{VANS} rows are booked already.")
    expect(page.locator("#ask-for-all")).to_have_count(0)


def test_cells_pasted_with_the_keyboard_alone_on_a_phone(person, depot):
    me = person(viewport={"width": 360, "height": 740}, color_scheme="dark")
    page = me.page
    page.goto("/imports/bookings/")
    page.get_by_label("Or paste cells").focus()
    page.keyboard.insert_text(table_of_vans(depot, in_three_days(depot)))
    press(page, page.locator("#read-table"))
    expect(page.locator("#dry-run-sum")).to_be_visible()
    assert page_width(page) == 360
    press(page, page.locator("#ask-for-all"))
    waits_for_all(page)
    assert page_width(page) == 360


def test_vehicles_ticked_with_the_keyboard_alone(person, depot):
    page = person().page
    press(page, page.get_by_role("link", name="Vehicles", exact=True))
    first = page.locator("[id^=tick-]:not(#tick-all)")
    for at in range(3):
        first.nth(at).focus()
        page.keyboard.press("Space")
    press(page, page.locator("#book-vehicles-button"))
    press(page, page.locator("#propose"))
    expect(page.locator("#batch-counts")).to_contain_text("3 will be asked for")
    press(page, page.locator("#send-batch"))
    waits_for_all(page, 3)
