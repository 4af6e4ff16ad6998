"""The booking flow as a fleet manager sees it, in a real browser against the running demo."""

import re
from datetime import datetime

import pytest
from icalendar import Calendar

from sites.slots.availability import JUST_NOW_SECONDS
from tests.e2e.steps import (
    DECISION_MS,
    MANAGER,
    OTHER_MANAGER,
    expect,
    expect_status,
    fill_request,
    open_site,
    pick_day,
    pick_length,
    reload_until,
    request_booking,
    send,
    sign_in,
    start_of,
    starts,
    status,
)
from tools.services.ports import wait_until

pytestmark = pytest.mark.browser


def test_the_whole_flow_from_finding_a_site_to_the_mails(page, demo_stack, operator):
    sign_in(page, demo_stack.login(MANAGER))
    page.get_by_role("link", name="New booking").click()

    page.get_by_role("searchbox", name="Search").press_sequentially("geneva")
    expect(page.locator("#site-results").get_by_role("listitem")).to_have_count(1)
    page.get_by_role("link", name="Geneva Town Hall").click()

    pick_day(page, 3)
    pick_length(page, "120")
    slot = starts(page).first
    start = start_of(slot)
    slot.click()

    operator.decide_by_hand(True)
    request_booking(page, driver="Ben Okafor", reference="Route 12")
    # What stands on the page now is gone if it is ever loaded again.
    page.evaluate("document.body.dataset.loadedOnce = ''")
    expect(status(page)).to_contain_text("Requested")
    expect(page.get_by_text("Received by the operator")).to_be_visible(timeout=DECISION_MS)
    operator.decide_by_hand(False)
    expect_status(page, "Approved")
    expect(page.locator("#announcer")).to_have_text("Approved")

    history = page.get_by_role("list", name="History").get_by_role("listitem")
    expect(history).to_contain_text(
        [
            "Requested by Maya Okafor",
            "Received by the operator",
            "Approved by the operator",
            "E-mail",
            "E-mail",
        ]
    )
    expect(page.locator("body[data-loaded-once]")).to_have_count(1)
    expect(page.get_by_text("Route 12")).to_be_visible()

    asked = operator.requests()[-1]
    assert (asked["startAt"], asked["status"]) == (start, "approved")
    for recipient in ("ben.okafor@hudson.example", MANAGER):
        assert wait_until(
            lambda to=recipient: operator.mails(to=to, about="Route 12"), seconds=30
        ), recipient
        (mail,) = operator.mails(to=recipient, about="Route 12")
        assert "Geneva Town Hall" in operator.text(mail)
        (event,) = Calendar.from_ical(operator.attachment(mail)).walk("VEVENT")
        assert event.start == datetime.fromisoformat(start)
        assert (event.end - event.start).total_seconds() == 2 * 3600

    mailbox = page.context.browser.new_page()
    mailbox.goto(f"{demo_stack.operator}{mail}")
    expect(mailbox.get_by_role("link", name=".ics")).to_be_visible()
    html = mailbox.frame_locator("iframe")
    expect(html.get_by_text("Geneva Town Hall").first).to_be_visible()
    mailbox.close()


def test_a_rejection_shows_the_operators_words_by_itself_and_leads_to_other_slots(
    open_page, demo_stack, operator
):
    operator.decide_by_hand(True)
    page = open_page(MANAGER)
    open_site(page, "Buffalo Niagara International Airport")
    pick_day(page, 2)
    starts(page).first.click()
    request_booking(page, driver="Ines Costa", reference="By hand")
    expect(page.get_by_text("The operator has your request and decides.")).to_be_visible(
        timeout=DECISION_MS
    )

    desk = page.context.browser.new_page(base_url=demo_stack.operator)
    desk.goto("/")
    row = desk.get_by_role("row").filter(has_text="Ines Costa")
    row.get_by_label("Reason").fill("The car park is closed for repairs.")
    row.get_by_role("button", name="Reject").click()
    expect(desk.get_by_text("rejected: The car park is closed for repairs.")).to_be_visible()
    desk.close()

    expect_status(page, "Rejected")
    expect(page.locator("blockquote")).to_have_text("The car park is closed for repairs.")
    booking = page.url
    page.get_by_role("link", name="Pick another slot").click()
    expect(page.get_by_role("heading", name="Buffalo Niagara", level=1)).to_be_visible()
    expect(page.locator("#picker-day-2")).to_have_attribute("aria-current", "date")
    expect(starts(page).first).to_be_visible()

    page.goto("/bookings/?view=attention")
    expect(page.get_by_role("row").filter(has_text="By hand")).to_contain_text("Rejected")
    page.goto(booking)
    page.get_by_role("button", name="Mark as done").click()
    expect(page.get_by_role("row").filter(has_text="By hand")).to_have_count(0)


def test_a_night_is_booked_with_as_few_clicks_as_an_hour(open_page, operator):
    page = open_page(MANAGER)
    open_site(page, "Milence Truck Charging Station Lille Lesquin")
    pick_day(page, 2)
    pick_length(page, "night")
    slot = starts(page).first
    expect(slot).to_contain_text(re.compile(r"(18|19|2\d):\d\d – 0?\d+:\d\d \+1 day"))
    start = start_of(slot)
    slot.click()

    expect(page.locator(".sticky-summary")).to_contain_text("12 h")
    request_booking(page, driver="Noah Klein", reference="Night 1")
    expect_status(page, "Approved")
    asked = operator.requests()[-1]
    length = datetime.fromisoformat(asked["endAt"]) - datetime.fromisoformat(asked["startAt"])
    assert (asked["startAt"], length.total_seconds()) == (start, 12 * 3600)


def test_the_chosen_day_stays_in_sight_on_a_phone(open_page):
    page = open_page(MANAGER, viewport={"width": 360, "height": 740})
    open_site(page, "Queens Center Mall")
    for day in (4, 7):
        pick_day(page, day)
        expect(page.locator(f"#picker-day-{day}")).to_be_in_viewport(ratio=1)
    page.reload()
    expect(page.locator("#picker-day-7")).to_be_in_viewport(ratio=1)


def test_any_charger_that_fits_is_asked_for_by_what_it_must_offer(open_page, operator):
    page = open_page(MANAGER)
    open_site(page, "Green Acres Mall")
    pick_day(page, 4)
    page.locator("#picker-mode-any").click()
    page.get_by_label("Current").select_option("dc")
    expect(page).to_have_url(re.compile("current=dc"))
    page.get_by_label("Power").select_option(label="At least 150 kW")
    expect(page).to_have_url(re.compile("min_power=150"))
    starts(page).first.click()

    expect(page.locator(".sticky-summary")).to_contain_text("Any suitable charger: DC, from 150 kW")
    request_booking(page, driver="Kim Nguyen", reference="Any 1")
    expect_status(page, "Approved")
    # The operator has assigned one meanwhile, and the page names it.
    facts = page.locator("dl.facts").first
    expect(facts).to_contain_text("150 kW", timeout=30_000)
    expect(facts).not_to_contain_text("Any suitable charger")
    asked = operator.requests()[-1]
    assert "evseId" not in asked
    assert asked["evseCriteria"]["currentType"] == "dc"


def test_a_slot_taken_in_between_offers_fresh_ones_and_keeps_what_was_entered(open_page):
    page = open_page(MANAGER)
    open_site(page, "Milence Truck Charging Station Heudebouville")
    pick_day(page, 3)
    starts(page).first.click()
    fill_request(page, driver="Hiro Tanaka", reference="Second come")

    faster = open_page(OTHER_MANAGER)
    faster.goto(page.url)
    request_booking(faster, driver="Jules Moreau", reference="First come")
    expect_status(faster, "Approved")

    taken = start_of_page(page)
    # What the operator said just now is not asked again.
    page.wait_for_timeout(1000 * JUST_NOW_SECONDS)
    page.get_by_role("button", name="Request booking").click()
    problem = page.get_by_role("alert")
    expect(problem).to_contain_text("This charger is no longer free at that time.")
    expect(problem).to_contain_text("The driver and the reference that you entered are kept.")
    charger = page.locator("#picker-chargers > li").first
    expect(charger).to_be_visible()
    assert taken not in [start_of(each) for each in charger.locator("a.slot-chip").all()]

    starts(page).first.click()
    expect(page.get_by_role("radio", name="Hiro Tanaka")).to_be_checked()
    expect(page.get_by_label("Reference")).to_have_value("Second come")
    send(page)
    expect_status(page, "Approved")


def start_of_page(page) -> str:
    return page.locator("form input[name=start]").input_value()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_double_click_makes_one_request(open_page, operator, scripts):
    page = open_page(MANAGER, java_script_enabled=scripts)
    open_site(page, "Milence Truck Charging Station Dunkirk Grande-Synthe")
    pick_day(page, 5 if scripts else 6)
    starts(page).first.click()
    reference = f"Twice {scripts}"
    page.get_by_role("radio", name="Elif Demir").check()
    page.get_by_label("Reference").fill(reference)
    before = len(operator.requests())

    page.get_by_role("button", name="Request booking").dblclick()

    page.wait_for_url(re.compile(r"/bookings/\d+/$"))
    page.reload()
    assert reload_until(page, "Approved")
    assert len(operator.requests()) == before + 1
    page.goto(f"/bookings/?view=all&q={reference}")
    expect(page.get_by_role("row").filter(has_text=reference)).to_have_count(1)


def test_the_whole_flow_without_scripts(open_page, demo_stack):
    page = open_page(java_script_enabled=False)
    sign_in(page, demo_stack.login(MANAGER))
    page.goto("/sites/")
    page.get_by_role("searchbox", name="Search").fill("Hamilton")
    page.get_by_role("searchbox", name="Search").press("Enter")
    page.get_by_role("link", name="Hamilton Parking Garage").click()
    pick_day(page, 2)
    page.get_by_label("Hours").select_option("3")
    page.get_by_label("Minutes").select_option("15")
    page.get_by_role("button", name="Apply").click()
    starts(page).first.click()
    page.get_by_role("searchbox", name="Find a driver").fill("jamal")
    page.get_by_label("Reference").fill("By post")
    page.locator("#id_driver").get_by_role("button", name="Find").click()
    expect(page.locator("#driver-options").get_by_role("radio")).to_have_count(1)
    expect(page.get_by_label("Reference")).to_have_value("By post")
    page.get_by_role("radio", name="Jamal Wright").check()
    send(page)

    assert reload_until(page, "Approved")
    expect(page.get_by_text("3 h 15 min")).to_be_visible()
    page.goto("/bookings/?view=all&q=By+post")
    expect(page.get_by_role("row").filter(has_text="By post")).to_contain_text("Jamal Wright")
