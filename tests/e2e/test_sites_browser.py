"""Finding a site: the map beside the list, what is near, and the stars."""

import re

import pytest

from tests.e2e.steps import MANAGER, VIEWER, expect

pytestmark = pytest.mark.browser

ALBANY = {"latitude": 42.65, "longitude": -73.75}


@pytest.fixture
def page(open_page):
    return open_page(MANAGER, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")


def shown(page, number: str) -> None:
    """Wait until the map has so many sites."""
    expect(page.locator("#site-map")).to_have_attribute("data-shown", re.compile(f"^{number}$"))


def names(page) -> list[str]:
    return page.locator("#site-results .site-row__name a").all_inner_texts()


def test_the_map_shows_all_sites_in_clusters_and_the_filters_narrow_both(page):
    page.goto("/sites/")
    shown(page, r"\d\d")
    expect(page.locator(".cluster").first).to_be_visible()
    expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
    expect(page.get_by_role("button", name="Zoom in")).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("corning")
    shown(page, "1")
    expect(page.locator(".pin")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"q=corning"))
    page.get_by_role("searchbox", name="Search").fill("")
    shown(page, r"\d\d")


def test_a_marker_leads_to_the_free_times_and_points_at_its_row(page):
    page.goto("/sites/?q=corning")
    shown(page, "1")
    row = page.locator(".site-row")
    row.hover()
    expect(page.locator(".pin.is-pointed")).to_have_count(1)
    page.get_by_role("heading", name="Sites").hover()
    marker = page.get_by_role("button", name="Corning Museum of Glass", exact=False).and_(
        page.locator(".pin")
    )
    marker.hover()
    expect(row).to_have_class(re.compile("is-pointed"))
    before = page.evaluate("scrollY")
    marker.click()
    assert page.evaluate("scrollY") == before
    popup = page.locator(".leaflet-popup")
    expect(popup).to_contain_text("Bookable chargers: 4")
    expect(popup.get_by_role("button", name="Close")).to_be_visible()
    popup.get_by_role("link", name="Free times").click()
    expect(page).to_have_url(re.compile(r"/sites/\d+/#picker"))


def test_the_map_is_passed_or_used_by_keyboard(page):
    page.goto("/sites/?q=corning")
    shown(page, "1")
    page.locator(".site-row__name a").last.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip the map")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#after-map")).to_be_focused()
    page.locator(".pin").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Free times")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".leaflet-popup")).to_have_count(0)
    expect(page.locator(".pin")).to_be_focused()


def test_a_place_puts_the_nearest_first(page):
    page.goto("/sites/")
    # What is typed is not looked up letter by letter.
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    near = page.get_by_label("Near", exact=True)
    near.press_sequentially("brooklyn")
    page.wait_for_timeout(500)
    assert not [url for url in asked if "/sites/?" in url]
    near.press("Enter")
    expect(page.locator("#site-results")).to_contain_text("nearest to Brooklyn first")
    assert names(page)[0] == "Hudson Parcel Depot, Red Hook"
    expect(page.locator(".here")).to_be_visible()
    page.locator(".site-row__name a").nth(1).click()
    expect(page.get_by_role("heading", name="Free times")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.go_back()
    expect(page.locator("#site-results")).to_contain_text("nearest to Brooklyn first")
    near.fill("atlantis")
    near.press("Enter")
    expect(page.locator("#id_near_error")).to_contain_text("We could not find this place")


def test_near_me(open_page):
    page = open_page(MANAGER, geolocation=ALBANY, permissions=["geolocation"])
    page.goto("/sites/")
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#site-results")).to_contain_text("nearest to 42.65, -73.75 first")
    assert names(page)[0] == "New Baltimore SB Travel Plaza"


def test_who_keeps_their_place_to_themselves_is_told_what_to_do(open_page):
    page = open_page(MANAGER)
    page.goto("/sites/")
    page.get_by_role("button", name="Near me").click()
    expect(page.locator("#id_near_error")).to_contain_text("Please enter a place instead")


def test_on_a_phone_the_map_waits_until_it_is_asked_for(open_page):
    page = open_page(MANAGER, viewport={"width": 360, "height": 740})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/sites/")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "leaflet" in url or "map.json" in url]
    page.get_by_role("button", name="Map").click()
    shown(page, r"\d\d")
    expect(page.locator("#site-results")).to_be_hidden()
    page.get_by_role("button", name="List").click()
    expect(page.locator("#site-map-canvas")).to_be_hidden()
    expect(page.locator("#site-results")).to_be_visible()


def test_a_star_is_pressed_and_the_first_screen_has_it(page):
    page.goto("/sites/?q=corning")
    star = page.get_by_role("button", name="Favourite: Corning")
    star.focus()
    page.keyboard.press("Enter")
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star).to_be_focused()
    page.goto("/sites/")
    assert names(page)[0].startswith("Corning")
    page.get_by_label("Favourites only").check()
    shown(page, "1")
    page.goto("/")
    page.locator(".quick-sites [id^=quick-site-]", has_text="Corning").click()
    page.get_by_role("button", name="Favourite: Corning").click()
    expect(page.get_by_role("button", name="Favourite: Corning")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_without_a_script_there_is_the_list_with_everything(open_page):
    page = open_page(VIEWER, java_script_enabled=False)
    page.goto("/sites/")
    expect(page.locator("#site-map")).to_be_hidden()
    expect(page.locator("#near-me")).to_be_hidden()
    page.get_by_label("Near", exact=True).fill("Buffalo")
    page.get_by_role("button", name="Search").click()
    first = page.locator("#site-results .site-row__name a").first
    expect(first).to_have_text("Buffalo Niagara International Airport")
    page.get_by_role("button", name="Favourite: Buffalo").click()
    expect(page.get_by_role("button", name="Favourite: Buffalo")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert "near=Buffalo" in page.url
