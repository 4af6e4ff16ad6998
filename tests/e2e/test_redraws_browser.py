"""What keeps up is drawn anew under the hands of people, who lose nothing by that."""

import json
import random
import re

import pytest

from tests.e2e.redraws import draw_anew
from tests.e2e.steps import (
    MANAGER,
    arrive,
    begin_change,
    book_first,
    expect,
    open_site,
    pick_day,
    starts,
)
from tests.e2e.test_day_browser import column, drag, open_day, widest

pytestmark = pytest.mark.browser

NODE = "each => { window.__node = each; }"
IS_SAME = "each => each === window.__node"


def test_a_press_that_a_redraw_comes_between_still_counts(open_page):
    page = open_page(MANAGER)
    open_day(page)
    name = page.locator("th[scope=row] a").first
    facts = page.locator(".lanes__facts").first.inner_text()
    name.hover()
    page.mouse.down()
    # Even where what is pressed on has changed.
    draw_anew(page, "#lanes", gone=name.inner_text())
    page.mouse.up()
    expect(page.get_by_role("rowheader")).to_have_count(7)

    page.go_back()
    page.wait_for_load_state()
    page.mouse.move(*column(widest(page), 6))
    page.mouse.down()
    draw_anew(page, "#lanes", gone=facts)
    expect(page.get_by_text(facts).first).to_be_visible()
    # What came meanwhile was put off, not dropped.
    with page.expect_request(lambda asked: "/day/" in asked.url):
        page.mouse.up()
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")


def test_a_tap_that_a_redraw_comes_between_still_counts(open_page):
    page = open_page(MANAGER, has_touch=True)
    open_day(page)
    x, y = column(widest(page), 6)
    finger = page.context.new_cdp_session(page)
    touch = {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}
    finger.send("Input.dispatchTouchEvent", touch)
    draw_anew(page, "#lanes", gone="lane--free")
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.locator("#choice-text")).to_contain_text("(1 h)")


def test_a_drag_over_a_redraw_goes_on(open_page):
    page = open_page(MANAGER)
    open_day(page)
    link = widest(page)
    page.mouse.move(*column(link, 4))
    page.mouse.down()
    page.mouse.move(*column(link, 6), steps=2)
    draw_anew(page, "#lanes", gone="lane--free")
    page.mouse.move(*column(link, 9), steps=2)
    page.mouse.up()
    expect(page.locator("#choice-text")).to_contain_text("(1 h 30 min)")


def test_what_has_not_changed_stays_the_same_element(open_page):
    page = open_page(MANAGER)
    open_day(page)
    link = widest(page)
    link.evaluate(NODE)
    link.focus()
    drag(page, link, 4, 9)
    says = page.locator("#choice-text").inner_text()
    facts = page.locator(".lanes__facts").last.inner_text()
    draw_anew(page, "#lanes")
    assert link.evaluate(IS_SAME)
    draw_anew(page, "#lanes", gone=facts)
    expect(page.locator("#lanes")).not_to_contain_text(facts)
    assert link.evaluate(IS_SAME)
    expect(link).to_be_focused()
    expect(page.locator("#choice-text")).to_have_text(says)
    expect(page.locator("#lanes-choice")).to_be_visible()


def test_a_redraw_takes_the_focus_from_nobody(open_page):
    page = open_page(MANAGER)
    open_day(page)
    link = widest(page)
    link.focus()
    page.keyboard.press("Enter")
    page.evaluate(
        """document.addEventListener("htmx:afterSwap",
          () => document.getElementById("choice-book").focus(), { once: true })"""
    )
    draw_anew(page, "#lanes")
    expect(page.locator("#choice-book")).to_be_focused()


def test_the_first_screen_and_the_calendar_keep_their_elements_too(open_page):
    page = open_page(MANAGER)
    for address, part in (("/", "#today"), ("/bookings/calendar/", "#fleet-calendar")):
        page.goto(address)
        inner = page.locator(f"{part} a").first
        inner.evaluate(NODE)
        inner.focus()
        draw_anew(page, part)
        assert inner.evaluate(IS_SAME), address
        expect(inner).to_be_focused()


# Each redraw has to end in what the server has drawn, whatever was there: lists grow, shrink and
# are sorted anew, things become others.
REDRAW = """
async ([before, after]) => {
  document.getElementById("tried")?.remove();
  document.getElementById("main").insertAdjacentHTML("beforeend", before);
  const part = document.getElementById("tried");
  const ids = new Map([...part.querySelectorAll("[id]")].map((each) => [each.id, each]));
  const wanted = document.createElement("template");
  wanted.innerHTML = after;
  const settled = new Promise((done) => {
    part.addEventListener("htmx:afterSettle", done, { once: true });
    setTimeout(done, 2000);
  });
  window.htmx.swap(part, after, { swapStyle: "redraw", settleDelay: 0 }, { contextElement: part });
  await settled;
  const kept = [...part.children].filter(({ id }) => ids.get(id)?.parentNode === part);
  return {
    isSame: part.isEqualNode(wanted.content.firstElementChild),
    html: part.outerHTML,
    isKept: kept.every((each) => ids.get(each.id) === each),
  };
}
"""


def some_tree(chance: random.Random, depth: int = 0) -> str:
    """Return a few elements, some with ids, with white space and text between them."""
    numbers = chance.sample(range(100 * depth, 100 * depth + 12), chance.randint(0, 5))
    parts = []
    for number in numbers:
        tag = chance.choice(("p", "div", "section"))
        key = f' id="n{number}-{tag}"' if depth < 2 and chance.random() < 0.5 else ""
        look = chance.choice(("", ' class="lane"', ' class="lane lane--free"', ' title="free"'))
        inner = "" if depth == 2 else some_tree(chance, depth + 1) if tag != "p" else "text"
        parts.append(f"<{tag}{key}{look}>{inner}{chance.choice(('', 'a', 'b'))}</{tag}>")
    return chance.choice(("", "\n", " ")).join(parts)


def test_what_is_shown_afterwards_is_what_was_drawn(open_page):
    page = open_page()
    page.goto("/account/login/")
    for seed in range(300):
        chance = random.Random(seed)
        before, after = (
            f'<div id="tried"{chance.choice(("", " class=x"))}>{some_tree(chance)}</div>'
            for _ in "ab"
        )
        found = page.evaluate(REDRAW, [before, after])
        assert found["isSame"], json.dumps([seed, before, after, found["html"]], indent=1)
        assert found["isKept"], seed


class Late:
    """Keeps the requests of a tab for an address under way until their answers are let through."""

    def __init__(self, page, address: str) -> None:
        self.page = page
        self.kept = []
        self.asked = []
        self.is_late = True
        page.route(re.compile(address), self._keep)

    def _keep(self, route) -> None:
        self.asked.append(route.request.url)
        if self.is_late:
            self.kept.append(route)
        else:
            route.continue_()

    def answer(self, *, and_wait: bool = True) -> None:
        """Let them go on, the first one first, and wait until the tab has done with them."""
        waits = self.page.locator("html[data-waiting]")
        expect(waits).to_have_count(1)
        self.is_late = False
        for route in self.kept:
            with self.page.expect_event(
                "requestfinished", lambda each, of=route: each == of.request
            ):
                route.continue_()
            self.page.wait_for_timeout(300)
        if and_wait:
            expect(waits).to_have_count(0)


def late_vehicles(page):
    """Pick a driver in the form; return what is held back of their vehicles, and one to pick."""
    open_site(page, "Queens Center Mall")
    pick_day(page, 6)
    starts(page).first.click()
    arrive(page, "Request a booking")
    late = Late(page, "/bookings/new/vehicles/")
    page.get_by_label("Ben Okafor").check()
    last = page.locator("#vehicle-options input:enabled").last
    van = page.locator(f"#{last.get_attribute('id')}")
    return late, van


def test_a_late_answer_leaves_the_vehicle_that_was_picked_since(open_page):
    late, van = late_vehicles(open_page(MANAGER))
    van.check()
    late.answer()
    expect(van).to_be_checked()
    # What followed from the driver was asked for once more, with the vehicle.
    asked = [each for each in late.asked if f"vehicle={van.get_attribute('value')}" in each]
    assert len(asked) == 1


def test_a_late_answer_leaves_the_vehicle_that_is_being_picked(open_page):
    late, van = late_vehicles(open_page(MANAGER))
    van.hover()
    late.page.mouse.down()
    late.answer(and_wait=False)
    late.page.mouse.up()
    expect(van).to_be_checked()
    expect(late.page.locator("html[data-waiting]")).to_have_count(0)
    expect(van).to_be_checked()


def test_a_late_answer_leaves_the_charger_of_a_series(open_page):
    page = open_page(MANAGER)
    page.goto("/series/new/")
    page.get_by_label("Site", exact=True).fill("Hudson Parcel Depot, Red Hook")
    page.keyboard.press("Tab")
    chargers = page.locator("#id_charger")
    expect(chargers.locator("option").nth(3)).to_be_attached()
    late = Late(page, "/series/new/chargers/")
    van = page.locator("#vehicle-options input:enabled").last
    van.check()
    picked = chargers.locator("option").nth(2).get_attribute("value")
    chargers.select_option(value=picked)
    late.answer()
    expect(chargers).to_have_value(picked)


def test_late_answers_leave_what_was_filled_in_of_a_change(open_page):
    page = open_page(MANAGER)
    book_first(page, "Queens Center Mall", day=6, driver="Ben Okafor", reference="Late 1")
    begin_change(page)
    start = page.locator("#change-times button[name=pick][aria-pressed=false]").last
    picked = start.get_attribute("value")
    late = Late(page, "/change/$")
    start.click()
    other = page.locator("#driver-options input:not(:checked)").first
    driver = other.get_attribute("id")
    other.check()
    late.answer()
    expect(page.locator("input[name=start]")).to_have_value(picked)
    expect(page.locator(f"#{driver}")).to_be_checked()


def test_a_late_answer_leaves_what_was_picked_about_a_slot_since(open_page):
    page = open_page(MANAGER)
    open_site(page, "Queens Center Mall")
    pick_day(page, 6)
    late = Late(page, "/availability/")
    page.locator("#picker-day-5").click()
    page.locator("#picker-from").select_option("15:00")
    late.answer()
    expect(page.locator("#picker-from")).to_have_value("15:00")
