"""A charger that does not work now says so wherever it can be chosen, with its age.

Likewise drivers who have no access to it.
"""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from bookings.actions.alternatives import Wish
from bookings.models import Booking
from drivers.models import Driver
from mirror.models import SyncRun
from shell.formats import instant
from sites.models import ChargePoint, Evse
from tests.factories import DriverFactory

pytestmark = pytest.mark.django_db

OTHER_PARTNER = 777


def text_of(answer) -> str:
    return " ".join(answer.content.decode().split())


def pages_of(slot, booking) -> dict[str, str]:
    """Return the pages on which somebody chooses this charger, or sees that it is chosen."""
    site, charger = slot.location.pk, slot.evse.pk
    # The booking has the slot itself.
    start = slot.start_at + timedelta(hours=2)
    query = f"site={site}&evse={charger}&start={instant(start)}&minutes=60"
    return {
        "site": f"/sites/{site}/",
        "free times": f"/sites/{site}/availability/?any=1",
        "day": f"/sites/{site}/day/",
        "week": f"/sites/{site}/chargers/{charger}/week/",
        "form": f"/bookings/new/?{query}",
        "instead": f"/bookings/new/alternatives/?{query}",
        "change": f"/bookings/{booking.pk}/change/",
        "instead of a booking": f"/bookings/{booking.pk}/alternatives/",
    }


def break_down(evse: Evse, **at_charge_point) -> None:
    since = now() - timedelta(hours=3, minutes=20)
    if at_charge_point:
        points = ChargePoint.objects.filter(pk=evse.charge_point_id)
        points.update(ampeco_updated_at=since, **at_charge_point)
    else:
        rows = Evse.objects.filter(pk=evse.pk)
        rows.update(hardware_status="faulted", ampeco_updated_at=since)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({}, "The charger reports a fault."),
        ({"network_status": "temporarily unavailable"}, "The charger is offline."),
        ({"hardware_status": "unavailable"}, "The charger reports that it is not available."),
    ],
)
def test_trouble_is_said_wherever_the_charger_can_be_chosen(
    as_manager, confirmed, slot, trouble, words
):
    booking = confirmed
    pages = pages_of(slot, booking)
    for name, address in pages.items():
        assert words not in text_of(as_manager.get(address)), name
    break_down(slot.evse, **trouble)
    for name, address in pages.items():
        page = text_of(as_manager.get(address))
        assert f"{words} Reported 3 hours ago." in page, name


def test_it_can_be_booked_all_the_same_and_is_said_what_that_means(as_manager, slot, driver):
    break_down(slot.evse)
    data = {"site": slot.location.pk, "evse": slot.evse.pk, "minutes": 60}
    data["start"] = instant(slot.start_at)
    page = text_of(as_manager.get("/bookings/new/", data))
    assert "It can be booked all the same" in page
    data |= {"driver": driver.pk, "submission_key": "0b3f6a9e-6f5c-4b57-9d6c-6f7b6d1f3f11"}
    assert as_manager.post("/bookings/new/", data).status_code == 302
    assert Booking.objects.get().evse == slot.evse


def test_nothing_reads_can_be_booked_beside_a_broken_charger(as_manager, slot):
    break_down(slot.evse)
    page = as_manager.get(f"/sites/{slot.location.pk}/").content.decode()
    card = page.split(f'id="charger-{slot.evse.pk}"')[1].split("</li>")[0]
    assert "Not working now" in card
    assert "Can be booked" not in card
    assert "Later times can be booked all the same" in card


def test_any_charger_is_in_trouble_where_all_that_fit_are(as_manager, any_slot, evse):
    data = {"site": any_slot.location.pk, "any": "1", "current": "dc", "minutes": 60}
    data["start"] = instant(any_slot.start_at)
    assert "works now" not in text_of(as_manager.get("/bookings/new/", data))
    break_down(evse)
    assert "None of the chargers that fit works now." in text_of(
        as_manager.get("/bookings/new/", data)
    )


def test_what_works_is_offered_first(as_manager, slot):
    """Of two that are offered instead, the nearer one in power is broken."""
    others = [
        Evse.objects.create(
            ampeco_id=9000 + power,
            charge_point=slot.evse.charge_point,
            label=f"{power} kW",
            current_type="dc",
            status="enabled",
            hardware_status="available",
            booking_enabled=True,
            max_power_kw=power,
            synced_at=now(),
        )
        for power in (150, 300)
    ]
    near, _far = others
    assert near.name == "150 kW"
    wish = Wish(frozenset(), "", min_power_kw=None, power_kw=slot.evse.max_power_kw)
    assert [evse.name for evse in sorted(others, key=wish.distance)] == ["150 kW", "300 kW"]
    near.hardware_status = "faulted"
    assert [evse.name for evse in sorted(others, key=wish.distance)] == ["300 kW", "150 kW"]


def test_what_was_read_long_ago_is_said_to_be(as_manager, confirmed, slot):
    pages = pages_of(slot, confirmed)
    runs = SyncRun.objects.filter(kind=SyncRun.Kind.SITES_FULL)
    runs.update(started_at=now() - timedelta(hours=2, minutes=10))
    for name in ("site", "form", "instead", "change"):
        page = text_of(as_manager.get(pages[name]))
        assert "The state of chargers was last read 2 hours ago" in page, name
    runs.update(started_at=now() - timedelta(minutes=6))
    assert "was last read" not in text_of(as_manager.get(pages["site"]))


# Drivers who have no access


@pytest.fixture
def private(slot, fleet):
    """The charger is private now; one driver may use it, whose name comes last."""
    ChargePoint.objects.filter(pk=slot.evse.charge_point_id).update(
        type="private", ampeco_partner_id=OTHER_PARTNER
    )
    return DriverFactory(
        fleet=fleet, first_name="Zoe", last_name="Zz", private_access=[OTHER_PARTNER]
    )


def options_of(page: str) -> list[tuple[str, bool, bool]]:
    """Return who is offered, whether they can be picked, and whether it is said why not."""
    rows = page.split('id="driver-options"')[1].split("</fieldset>")[0].split("<label")[1:]
    return [
        (
            row.split('form-check-label">')[1].split("<")[0].strip(),
            " disabled" not in row,
            "No access to this charger" in row,
        )
        for row in rows
    ]


def test_who_has_no_access_comes_last_and_cannot_be_picked(as_manager, slot, private):
    data = {"site": slot.location.pk, "evse": slot.evse.pk, "minutes": 60}
    data["start"] = instant(slot.start_at)
    Driver.objects.filter(status="disabled").update(last_name="Aa")
    offered = options_of(as_manager.get("/bookings/new/", data).content.decode())
    assert offered[0] == ("Zoe Zz", True, False)
    assert len(offered) > 2
    assert not any(can_pick for _name, can_pick, _why in offered[1:])
    assert offered[1][2]


def test_the_search_for_a_driver_knows_of_it(as_manager, slot, private, driver):
    data = {"site": slot.location.pk, "evse": slot.evse.pk, "minutes": 60}
    data["start"] = instant(slot.start_at)
    page = as_manager.get("/bookings/new/", data).content.decode()
    access = page.split('name="access" value="')[1].split('"')[0]
    assert "access" in page.split('hx-params="')[1].split('"')[0]
    sought = {"driver_query": driver.first_name, "access": access}
    found = as_manager.get(reverse("drivers:options"), sought).content.decode()
    assert (driver.display_name, False, True) in options_of(found)
    odd = as_manager.get(
        reverse("drivers:options"), sought | {"access": "x,²,,9999999999999999999"}
    )
    assert (driver.display_name, True, False) in options_of(odd.content.decode())


def test_the_form_for_a_change_knows_of_it_too(as_manager, slot, confirmed):
    booking = confirmed
    ChargePoint.objects.filter(pk=slot.evse.charge_point_id).update(
        type="private", ampeco_partner_id=OTHER_PARTNER
    )
    page = as_manager.get(f"/bookings/{booking.pk}/change/").content.decode()
    assert all(not can_pick for _name, can_pick, _why in options_of(page))
