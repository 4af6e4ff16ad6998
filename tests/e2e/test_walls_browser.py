"""What viewers and other fleets see of a fleet's bookings and sites."""

import re

import pytest

from tests.e2e.steps import (
    MANAGER,
    OTHER_MANAGER,
    VIEWER,
    book,
    expect,
    expect_status,
    open_site,
    pick_day,
    starts,
)

pytestmark = pytest.mark.browser

# All chargers there are private; Carla's partner lets her fleet use them.
PRIVATE_SITE = "Depot Alliance, Secaucus"
# Its docks belong to one fleet, its visitors' charger is for everybody.
SHARED_SITE = "Hudson Parcel Depot, Red Hook"


def test_a_viewer_sees_everything_and_may_ask_for_nothing(open_page):
    manager = open_page(MANAGER)
    open_site(manager, "Junius Ponds Travel Plaza")
    pick_day(manager, 2)
    slot = starts(manager).first
    form = slot.get_attribute("href")
    slot.click()
    booking = book(manager, driver="Ana Alvarez", reference="Seen by Vince")
    assert offers(manager) != []

    viewer = open_page(VIEWER)
    viewer.goto("/")
    expect(viewer.get_by_text("View only")).to_be_visible()
    viewer.goto("/bookings/")
    row = viewer.get_by_role("row").filter(has_text="Seen by Vince")
    expect(row).to_contain_text("Approved")
    row.get_by_role("link").click()
    expect_status(viewer, "Approved")
    assert offers(viewer) == []
    for what in ("change", "cancel", "move", "alternatives"):
        assert viewer.request.get(f"{booking}{what}/").status == 403, what
    for address in ("/bookings/", "/bookings/feeds/", "/bookings/notices/", "/bookings/sent/"):
        viewer.goto(address)
        expect(viewer.get_by_role("heading", level=1)).to_be_visible()
        assert offers(viewer) == [], address
        manager.goto(address)
        assert offers(manager) or address == "/bookings/sent/", address

    open_site(viewer, "Junius Ponds Travel Plaza")
    pick_day(viewer, 2)
    expect(viewer.get_by_text("lets you view slots but not request them")).to_be_visible()
    expect(viewer.locator("#picker-chargers .availability").first).to_be_visible()
    assert offers(viewer) == []

    viewer.goto("/drivers/")
    expect(viewer.get_by_text("Ana Alvarez")).to_be_visible()
    assert offers(viewer) == []
    assert viewer.request.get(form).status == 403


def offers(page) -> list[str]:
    """Return the words of what would change something of the fleet's."""
    main = page.locator("main")
    links = main.locator("a[href*='/bookings/new/']").all()
    forms = "form[method=post]:not(.favourite)"
    buttons = main.locator(f"{forms} button, #cancel-selected-button").all()
    ways = main.locator("a:is([href$='/change/'], [href$='/cancel/'], [href$='/move/'])").all()
    more = main.get_by_role("link", name=re.compile("New booking|Pick another slot")).all()
    return [each.inner_text() for each in (*links, *buttons, *ways, *more)]


def test_another_fleet_finds_nothing_of_this_one(open_page):
    manager = open_page(MANAGER)
    open_site(manager, PRIVATE_SITE)
    site = manager.url
    pick_day(manager, 3)
    slot = starts(manager).first
    form = slot.get_attribute("href")
    slot.click()
    booking = book(manager, driver="Carla Rossi", reference="Ours alone")
    driver = manager.request.get("/drivers/options/?q=carla").text()
    (driver_pk,) = re.findall(r'name="driver"[^>]* value="(\d+)"', driver)

    stranger = open_page(OTHER_MANAGER)
    for address in (
        booking,
        f"{booking}status/",
        f"{booking}calendar.ics",
        f"{booking}change/",
        f"{booking}cancel/",
        f"{booking}move/",
        f"{booking}alternatives/",
        site,
        f"{site}availability/",
        form,
    ):
        assert manager.request.get(address).status == 200, address
        assert stranger.request.get(address).status == 404, address

    stranger.goto("/bookings/?view=all")
    expect(stranger.locator("#booking-list")).not_to_contain_text("Ours alone")
    key = booking.rstrip("/").rpartition("/")[2]
    stranger.goto(f"/bookings/cancel/?booking={key}")
    expect(stranger.get_by_text("Please select the bookings")).to_be_visible()
    manager.goto("/bookings/sent/?to=carla.rossi")
    expect(manager.locator("tbody tr").first).to_contain_text("carla.rossi@")
    stranger.goto("/bookings/sent/?to=carla.rossi")
    expect(stranger.get_by_text("No e-mail matches")).to_be_visible()
    stranger.goto("/sites/?q=secaucus")
    expect(stranger.get_by_text("No site matches")).to_be_visible()
    stranger.goto("/drivers/?q=rossi")
    expect(stranger.get_by_text("No driver matches")).to_be_visible()

    open_site(stranger, "Junius Ponds Travel Plaza")
    pick_day(stranger, 4)
    starts(stranger).first.click()
    fields = stranger.locator("form input[type=hidden]").evaluate_all(
        "inputs => Object.fromEntries(inputs.map(input => [input.name, input.value]))"
    )
    refused = stranger.request.post(
        "/bookings/new/",
        form={**fields, "driver": driver_pk, "reference": ""},
        headers={"Referer": stranger.url},
    )
    assert "This driver is not in your fleet." in refused.text()


def test_private_chargers_of_a_shared_site_show_to_their_fleet_only(open_page):
    manager = open_page(MANAGER)
    open_site(manager, SHARED_SITE)
    site = manager.url
    expect(manager.locator("main")).to_contain_text("Dock 1 (")
    pick_day(manager, 2)
    dock = manager.locator("#picker-chargers > li").filter(has_text="Dock 1")
    form = dock.locator("a[href*='/bookings/new/']").first.get_attribute("href")

    stranger = open_page(OTHER_MANAGER)
    stranger.goto(site)
    expect(stranger.locator("main")).to_contain_text("Visitors (")
    expect(stranger.locator("main")).not_to_contain_text("Dock")
    assert manager.request.get(form).status == 200
    assert stranger.request.get(form).status == 404
