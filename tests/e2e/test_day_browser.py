"""The day of a site in a real browser: dragging, clicking, the keyboard, a finger, no script."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser_fixture import page_width
from tests.e2e.redraws import draw_anew
from tests.e2e.steps import (
    MANAGER,
    VIEWER,
    expect,
    fill_request,
    open_site,
    pick_day,
    send,
    status,
)
from tests.e2e.test_keyboard_browser import tab_to

pytestmark = pytest.mark.browser

SITE = "DES - Delancey and Essex Municipal Parking Garage"


def open_day(page, day=3) -> None:
    """Turn from a site to one of its days, counted from today as 1."""
    open_site(page, SITE)
    pick_day(page, day)
    page.locator("#picker-day-view").click()
    # Not before the script is there: until then a click follows the link.
    page.wait_for_load_state()
    expect(page.locator("table.lanes")).to_be_visible()


def widest(page):
    """Return the longest stretch of free time, in which every test finds room."""
    key = page.evaluate(
        """() => [...document.querySelectorAll(".lane__pick")].sort(
          (one, other) => other.dataset.columns - one.dataset.columns)[0].id"""
    )
    link = page.locator(f"#{key}")
    # At once: pages scroll smoothly, and what is measured meanwhile is soon elsewhere.
    link.evaluate("each => each.scrollIntoView({block: 'center', behavior: 'instant'})")
    return link


def column(link, number) -> tuple[float, float]:
    """Return a place in the middle of a column of a stretch."""
    box = link.evaluate("each => each.parentElement.getBoundingClientRect().toJSON()")
    each = box["width"] / int(link.get_attribute("data-columns"))
    return box["x"] + (number + 0.5) * each, box["y"] + box["height"] / 2


def chosen(page) -> dict[str, str]:
    """Return what the link of the bar asks for."""
    query = parse_qs(urlsplit(page.locator("#choice-book").get_attribute("href")).query)
    return {name: values[0] for name, values in query.items()}


def drag(page, link, first, last) -> None:
    """Drag over columns of a stretch."""
    page.mouse.move(*column(link, first))
    page.mouse.down()
    page.mouse.move(*column(link, last), steps=4)
    page.mouse.up()


def test_dragging_chooses_and_only_a_press_goes_on(open_page):
    page = open_page(MANAGER)
    open_day(page)
    link = widest(page)
    drag(page, link, 4, 9)
    expect(page.locator("#choice-text")).to_contain_text("(1 h 30 min)")
    expect(page.locator("#lanes-choice")).to_be_visible()
    assert "/day/" in page.url
    assert chosen(page)["minutes"] == "90"
    drag(page, link, 9, 4)
    assert chosen(page)["minutes"] == "90"
    # A stretch ends where the free time ends.
    drag(page, link, 2, -20)
    assert chosen(page)["minutes"] == "45"

    page.locator("#choice-cancel").click()
    expect(page.locator("#choice-book")).to_be_hidden()
    expect(page.locator("#lanes-choice")).to_be_hidden()

    page.mouse.click(*column(link, 6))
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")
    start = chosen(page)["start"]
    page.locator("#choice-book").click()
    fill_request(page, driver="Carla Rossi", reference="Dragged")
    assert start.replace(":", "%3A") in page.url or start in page.url


def test_the_choice_outlives_a_refresh_and_is_dropped_when_it_is_taken(open_page):
    page = open_page(MANAGER)
    open_day(page, 4)
    link = widest(page)
    key = link.get_attribute("id")
    page.mouse.click(*column(link, 2))
    link.focus()
    before = page.locator("#choice-text").inner_text()
    draw_anew(page, "#lanes")
    expect(page.locator("#choice-text")).to_have_text(before)
    expect(page.locator("#lanes-choice")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == key

    other = page.context.new_page()
    other.goto(page.locator("#choice-book").evaluate("link => link.href"))
    fill_request(other, driver="Carla Rossi", reference="Faster")
    send(other)
    expect(status(other)).to_be_visible()
    other.close()
    draw_anew(page, "#lanes")
    expect(page.locator("#choice-text")).to_contain_text("No longer free")
    expect(page.locator("#choice-book")).to_be_hidden()
    expect(page.locator("table.lanes")).to_contain_text("Carla Rossi")


def test_booking_from_the_day_by_keyboard_alone(open_page):
    page = open_page(MANAGER)
    open_day(page, 5)
    link = page.locator(".lane__pick").first
    tab_to(page, link)
    page.keyboard.press("Enter")
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")
    first = chosen(page)
    page.keyboard.press("ArrowRight")
    assert chosen(page)["start"] > first["start"]
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == first
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == first
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#choice-text")).to_contain_text("(1 h 15 min)")
    page.keyboard.press("Escape")
    expect(page.locator("#choice-text")).to_have_text("Nothing is selected.")
    expect(page.locator("#choice-book")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#choice-book")).to_be_focused()
    page.keyboard.press("Enter")
    fill_request(page, driver="Carla Rossi", reference="By keys")
    send(page)
    expect(status(page)).to_be_visible()


def test_without_scripts_links_and_the_form_lead_to_a_booking(open_page):
    page = open_page(MANAGER)
    open_site(page, SITE)
    address = page.locator("#day-view").evaluate("link => link.href.split('?')[0]")
    cookies = page.context.cookies()
    plain = open_page(java_script_enabled=False)
    plain.context.add_cookies(cookies)
    plain.goto(address)
    plain.locator("#turn-later").click()
    plain.locator(".lane__pick").first.click()
    expect(plain.get_by_role("heading", name="Request a booking")).to_be_visible()

    plain.go_back()
    plain.get_by_label("From").fill("11:00")
    plain.get_by_label("To", exact=True).fill("11:05")
    plain.get_by_role("button", name="Continue").click()
    expect(plain.locator("#typed-end_error")).to_contain_text("quarter hour")
    for number in range(plain.locator("#typed-evse option").count()):
        plain.get_by_label("Charger", exact=True).select_option(index=number)
        plain.get_by_label("From").fill("11:00")
        plain.get_by_label("To", exact=True).fill("12:30")
        plain.get_by_role("button", name="Continue").click()
        if "/bookings/new/" in plain.url:
            break
        expect(plain.locator("#typed-begin_error")).to_contain_text("is not free")
    expect(plain.locator("main")).to_contain_text("1 h 30 min")


def test_on_a_phone_a_finger_scrolls_and_a_tap_chooses(open_page):
    page = open_page(MANAGER, viewport={"width": 360, "height": 740}, has_touch=True)
    open_day(page)
    assert page_width(page) == 360
    region = page.locator("#lanes-region")
    assert region.evaluate("each => each.scrollWidth > each.clientWidth")
    name = page.locator("th[scope=row]").first
    left = name.bounding_box()["x"]
    region.evaluate("each => each.scrollBy(200, 0)")
    assert name.bounding_box()["x"] == pytest.approx(left, abs=1)
    link = widest(page)
    box, frame = link.bounding_box(), region.bounding_box()
    x = min(max(box["x"] + 10, left + 150), frame["x"] + frame["width"] - 20)
    page.touchscreen.tap(x, box["y"] + box["height"] / 2)
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")
    expect(page.locator("#choice-book")).to_be_in_viewport()


def test_now_is_a_line_and_a_week_has_its_own(open_page):
    page = open_page(MANAGER)
    open_day(page, 1)
    expect(page.locator("#lanes-now")).to_be_visible()
    head = page.locator(".lanes__hour[aria-current=time]").bounding_box()
    line = page.locator("#lanes-now").bounding_box()
    assert head["x"] - 2 <= line["x"] <= head["x"] + head["width"] + 2
    page.locator("th[scope=row] a").first.click()
    expect(page.get_by_role("rowheader")).to_have_count(7)
    expect(page.locator("#lanes-now")).to_be_visible()
    assert page.locator("#lanes-now").bounding_box()["height"] < 120
    page.locator("#turn-later").click()
    page.wait_for_load_state()
    expect(page.locator("#lanes-now")).to_be_hidden()
    link = widest(page)
    page.mouse.click(*column(link, 3))
    expect(page.locator("#choice-text")).to_contain_text(re.compile(r"\(1 h\)"))


def test_who_may_only_look_picks_nothing(open_page):
    page = open_page(VIEWER)
    open_day(page)
    expect(page.locator(".lane--free").first).to_be_visible()
    page.locator(".lane--free").first.click()
    expect(page.locator("#choice")).to_have_count(0)
    expect(page.locator(".lane__pick")).to_have_count(0)
