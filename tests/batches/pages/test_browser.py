"""Booking many in a real browser: clicks and loads counted, the keyboard, a phone, no script."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from batches.models import Batch
from bookings.models import Booking
from tests.batches.pages.conftest import VANS, approve_all, picture
from tests.browser_fixture import page_width
from tests.e2e.steps import expect
from tests.e2e.test_keyboard_browser import press
from tests.looks import check

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_twelve_vans_tonight_in_at_most_six_clicks_and_three_loads(
    person, depot, operator, workers
):
    me = person()
    page = me.page
    me.click(page.locator(f"#many-at-{depot.pk}"))
    expect(page.get_by_label("How many vehicles")).to_have_value(str(VANS))
    picture(page, "many")
    me.click(page.locator("#propose"))
    expect(page.locator("#batch-counts")).to_contain_text("12 will be asked for")
    picture(page, "draft")
    me.click(page.locator("#send-batch"))
    expect(page.locator("#batch-counts")).to_contain_text("12 waiting for the operator")
    page.wait_for_load_state()
    assert me.clicks <= 6
    assert me.loads <= 3
    approve_all(operator, workers)
    expect(page.locator("#batch-counts")).to_contain_text("12 of 12 booked")
    picture(page, "sent")
    evses = Booking.objects.values_list("evse", flat=True)
    assert len(set(evses)) == VANS


def test_a_block_of_a_day_by_dragging_and_rows_edited_in_place(person, depot):
    me = person()
    page = me.page
    day = (now() + timedelta(days=2)).astimezone(depot.zone).date()
    page.goto(f"/sites/{depot.pk}/day/?day={day}")
    lanes = page.locator(".lane__pick")
    first, fourth = lanes.nth(2).bounding_box(), lanes.nth(5).bounding_box()
    x = first["x"] + 200
    page.mouse.move(x, first["y"] + first["height"] / 2)
    page.mouse.down()
    page.mouse.move(x + 120, fourth["y"] + fourth["height"] / 2, steps=6)
    page.mouse.up()
    expect(page.locator("#choice-text")).to_contain_text("4 chargers")
    picture(page, "block")
    page.locator("#choice-block-book").click()
    expect(page.locator("#batch-counts")).to_contain_text("4 will be asked for")
    row = Batch.objects.get().rows.first()
    page.locator(f"#edit-{row.pk}").click()
    expect(page.locator(f"#row-{row.pk}-vehicle")).to_be_focused()
    page.locator(f"#row-{row.pk}-reference").fill("Tour 9")
    picture(page, "editing")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(f"#row-{row.pk}")).to_contain_text("Tour 9")
    expect(page.locator(f"#edit-{row.pk}")).to_be_focused()
    page.locator(f"#out-{row.pk}").click()
    expect(page.locator("#batch-counts")).to_contain_text("1 left out")
    expect(page.locator("#send-batch")).to_contain_text("Ask for 3 bookings")


def test_a_row_that_is_being_edited_stays_while_others_are_settled(person, depot):
    page = person().page
    page.locator(f"#many-at-{depot.pk}").click()
    page.locator("#propose").click()
    expect(page.locator("#send-batch")).to_be_visible()
    edited, other, third = Batch.objects.get().rows.all()[:3]
    page.locator(f"#edit-{edited.pk}").click()
    reference = page.locator(f"#row-{edited.pk}-reference")
    reference.fill("Half a refer")
    page.locator("#set-all summary").click()
    page.locator("#all-reference").fill("Not yet")
    page.locator(f"#edit-{other.pk}").click()
    page.locator(f"#row-{other.pk}-reference").fill("Tour 2")
    page.locator(f"#save-{other.pk}").click()
    expect(page.locator(f"#row-{other.pk}")).to_contain_text("Tour 2")
    page.locator(f"#out-{third.pk}").click()
    expect(page.locator("#batch-counts")).to_contain_text("1 left out")
    # Nor does what is given up take another one along.
    page.locator(f"#edit-{other.pk}").click()
    page.locator(f"#close-{other.pk}").click()
    expect(page.locator(f"#edit-{other.pk}")).to_be_visible()
    expect(page.locator("#all-reference")).to_have_value("Not yet")
    expect(reference).to_have_value("Half a refer")
    # Nor is it sent as it was before.
    page.locator("#send-batch").click()
    expect(page.get_by_text("A row is still being edited.")).to_be_visible()
    expect(page.locator(f"#row-{edited.pk}-vehicle")).to_be_focused()
    picture(page, "still-edited")
    assert not Booking.objects.exists()
    reference.fill("Tour 1")
    page.locator(f"#save-{edited.pk}").click()
    expect(page.locator(f"#row-{edited.pk}")).to_contain_text("Tour 1")
    page.locator("#send-batch").click()
    expect(page.locator("#batch-counts")).to_contain_text("11 waiting for the operator")


def test_a_block_by_the_keyboard_alone(person, depot):
    me = person()
    page = me.page
    day = (now() + timedelta(days=2)).astimezone(depot.zone).date()
    page.goto(f"/sites/{depot.pk}/day/?day={day}")
    link = page.locator(".lane__pick").nth(2)
    press(page, link)
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#choice-text")).to_contain_text("3 chargers")
    expect(page.locator("#choice-text")).to_contain_text("(1 h 15 min)")
    page.keyboard.press("Enter")
    expect(page.locator("#choice-block-book")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#batch-counts")).to_contain_text("3 will be asked for")
    press(page, page.locator("#send-batch"))
    expect(page.locator("#batch-counts")).to_contain_text("3 waiting for the operator")
    assert Booking.objects.count() == 3


def test_on_a_phone_the_table_needs_no_sideways_scrolling(person, depot, operator, workers):
    me = person(viewport={"width": 360, "height": 740}, has_touch=True, color_scheme="dark")
    page = me.page
    picture(page, "phone-today")
    ways = ((f"#many-at-{depot.pk}", "many", "#propose"), ("#propose", "draft", "#send-batch"))
    for press_on, name, found in ways:
        page.locator(press_on).tap()
        expect(page.locator(found)).to_be_visible()
        picture(page, f"phone-{name}")
        assert page_width(page) == 360
    row = Batch.objects.get().rows.first()
    page.locator(f"#edit-{row.pk}").tap()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    picture(page, "phone-editing")
    assert page_width(page) == 360
    page.locator(f"#close-{row.pk}").tap()
    expect(page.locator(f"#edit-{row.pk}")).to_be_visible()
    page.locator("#send-batch").tap()
    expect(page.locator("#batch-counts")).to_contain_text("12 waiting for the operator")
    picture(page, "phone-sent")
    assert page_width(page) == 360
    workers.submit()
    for asked in list(operator.requests.values()):
        operator.reject(asked, "Under repair.")
    workers.poll()
    expect(page.locator("#ask-again")).to_be_visible()
    picture(page, "phone-rejected")
    assert page_width(page) == 360


def test_without_a_script_a_row_is_a_page_and_all_is_sent(person, depot):
    me = person(java_script_enabled=False)
    page = me.page
    page.locator(f"#many-at-{depot.pk}").click()
    page.locator("#propose").click()
    row = Batch.objects.get().rows.first()
    page.locator(f"#edit-{row.pk}").click()
    page.get_by_label("Reference").fill("Tour 9")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(f"#row-{row.pk}")).to_contain_text("Tour 9")
    page.locator("#send-batch").click()
    expect(page.locator("#batch-counts")).to_contain_text("12 waiting for the operator")
    assert Booking.objects.count() == VANS


def test_the_pages_are_open_to_all_in_both_colours_and_widths(person, depot):
    page = person(reduced_motion="reduce").page
    page.goto(f"/bookings/tables/site/{depot.pk}/")
    check(page)
    page.locator("#propose").click()
    expect(page.locator("#send-batch")).to_be_visible()
    row = Batch.objects.get().rows.first()
    page.locator(f"#out-{row.pk}").click()
    expect(page.locator("#batch-counts")).to_contain_text("1 left out")
    page.locator(f"#edit-{row.pk + 1}").click()
    expect(page.get_by_role("button", name="Save", exact=True)).to_be_visible()
    page.locator("#set-all summary").click()
    check(page)
    page.locator(f"#close-{row.pk + 1}").click()
    expect(page.locator(f"#edit-{row.pk + 1}")).to_be_visible()
    page.locator("#send-batch").click()
    expect(page.locator("#batch-counts")).to_contain_text("11 waiting for the operator")
    check(page)
