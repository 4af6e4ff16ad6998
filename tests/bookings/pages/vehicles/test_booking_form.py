"""A vehicle in the form for a booking, in the pickers, on the booking itself and on the wire."""

import re
import uuid
from dataclasses import replace
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.urls import reverse

from bookings.actions.candidate import Slot
from bookings.actions.vehicle import name_vehicle
from bookings.models import Booking, BookingEvent
from sandbox.world.records import ParkingSpace as Space
from shell.formats import instant
from sites.models import Evse, ParkingLimits, ParkingSpace
from sites.selectors import Criteria
from tests.factories import BookingFactory, DriverFactory, VehicleFactory
from tests.sites.conftest import LONG_AGO
from vehicles.models import BayMemory, Vehicle

pytestmark = pytest.mark.django_db

NEW = "/bookings/new/"
SEEN = re.compile(r'name="version" value="(\d*)"')


@pytest.fixture
def van(fleet, driver) -> Vehicle:
    """It takes what the first charger of the small operator has, and not what the second has."""
    return VehicleFactory(
        fleet=fleet,
        number="Van 14",
        plate="HPF 14",
        plugs=["ccs1"],
        ac_kw=Decimal(0),
        length_cm=600,
        usual_driver=driver,
    )


def place(slot: Slot) -> dict[str, str]:
    where = {"evse": str(slot.evse.pk)} if slot.evse else {"any": "1"}
    return {
        "site": str(slot.location.pk),
        "start": instant(slot.start_at),
        "minutes": str(slot.minutes),
        **where,
    }


def filled(slot: Slot, driver, vehicle, **changes: str) -> dict[str, str]:
    typed = {"driver": str(driver.pk), "vehicle": str(vehicle.pk) if vehicle else ""}
    return place(slot) | typed | {"submission_key": str(uuid.uuid4())} | changes


def at_the_other(slot: Slot) -> Slot:
    return replace(slot, evse=Evse.objects.get(ampeco_id=302))


def bay_of(slot: Slot) -> ParkingSpace:
    bay = ParkingSpace.objects.create(
        ampeco_id=901, location=slot.location, status="enabled", synced_at=LONG_AGO
    )
    bay.evses.add(slot.evse)
    return bay


def test_a_named_vehicle_is_chosen_with_its_usual_driver(as_manager, slot, driver, van):
    page = as_manager.get(NEW, place(slot) | {"vehicle": str(van.pk)}).content.decode()
    assert f'id="vehicle-option-{van.pk}" value="{van.pk}" checked' in page
    assert f'id="driver-option-{driver.pk}" value="{driver.pk}" checked' in page


def test_the_drivers_usual_vehicle_comes_first_and_what_does_not_fit_last(
    as_manager, fleet, slot, driver, van
):
    VehicleFactory(fleet=fleet, number="A wrong plug", plugs=["chademo"])
    recent = VehicleFactory(fleet=fleet, number="Z recent", plugs=["ccs1"])
    VehicleFactory(fleet=fleet, number="B other", plugs=["ccs1"])
    BookingFactory(fleet=fleet, driver=driver, vehicle=recent)
    query = place(slot) | {"driver": str(driver.pk)}
    page = as_manager.get("/bookings/new/vehicles/", query).content.decode()
    numbers = ["Van 14", "Z recent", "B other", "A wrong plug"]
    assert sorted(numbers, key=page.index) == numbers
    assert "takes CHAdeMO" in page
    assert "disabled" in page.partition("A wrong plug")[0].rpartition("<label")[2]


def test_a_booking_is_saved_with_its_vehicle(as_manager, slot, driver, van):
    answer = as_manager.post(NEW, filled(slot, driver, van), follow=True)
    assert Booking.objects.get().vehicle == van
    page = answer.content.decode()
    assert "Van 14 (HPF 14)" in page


def test_a_plug_that_does_not_fit_is_refused_beside_the_field(as_manager, slot, driver, van):
    page = as_manager.post(NEW, filled(at_the_other(slot), driver, van)).content.decode()
    assert "Van 14 cannot charge there." in page.partition('id="id_vehicle_error"')[2]
    assert not Booking.objects.exists()


def test_a_vehicle_of_another_fleet_is_none(as_manager, slot, driver):
    theirs = VehicleFactory(number="Theirs")
    page = as_manager.post(NEW, filled(slot, driver, theirs)).content.decode()
    assert "This vehicle is not in your fleet" in page
    assert not Booking.objects.exists()
    assert as_manager.get(NEW, place(slot) | {"vehicle": str(theirs.pk)}).status_code == 404
    site = reverse("sites:detail", args=[slot.location.pk])
    day = reverse("sites:day", args=[slot.location.pk])
    for address in (site, day):
        assert as_manager.get(address, {"vehicle": str(theirs.pk)}).status_code == 404
        assert as_manager.get(address, {"vehicle": "9" * 30}).status_code == 404


def test_too_long_for_the_parking_space_may_be_confirmed(as_manager, slot, driver, van):
    ParkingLimits.objects.create(space=bay_of(slot), max_length_cm=500)
    form = filled(slot, driver, van)
    page = as_manager.post(NEW, form).content.decode()
    assert "this one is 6.00 m long" in page
    assert not Booking.objects.exists()
    key = page.partition('name="confirmed_misfit" value="')[2].partition('"')[0]
    as_manager.post(NEW, form | {"confirmed_misfit": key})
    assert Booking.objects.get().vehicle == van


def enter_presses(page: str, form: str) -> str:
    """Return the name of a form's first button: browsers press it when Enter is."""
    first = re.search(r"<button[^>]*>", page.partition(form)[2])[0]
    assert 'type="submit"' in first
    return re.search(r'name="(\w*)"', first)[1]


def test_enter_in_a_search_asks_for_nothing_that_was_warned_of(
    as_manager, slot, driver, van, fleet
):
    ParkingLimits.objects.create(space=bay_of(slot), max_length_cm=500)
    form = filled(slot, driver, van)
    page = as_manager.post(NEW, form).content.decode()
    assert 'id="book-although-misfit"' in page
    assert enter_presses(page, 'id="booking-form"') == "find"

    booking = BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=slot.evse)
    address = reverse("bookings:vehicle", args=[booking.pk])
    seen = SEEN.search(as_manager.get(address).content.decode())[1]
    page = as_manager.post(address, {"vehicle": str(van.pk), "version": seen}).content.decode()
    assert "Change anyway" in page
    assert "Nothing was sent yet" not in page
    assert enter_presses(page, '<form method="post" class="card"') == "find"


def test_the_picker_for_any_vehicle_keeps_all_else(as_manager, fleet, driver, slot, van):
    old = BookingFactory(accepted=True, fleet=fleet, driver=driver, evse=slot.evse)
    kept = {"move": str(old.pk), "day": f"{slot.local_day}", "minutes": "90", "from": "00:15"}
    site = reverse("sites:detail", args=[slot.location.pk])
    for more in ({}, {"any": "1"}):
        query = kept | more | {"vehicle": str(van.pk)}
        page = as_manager.get(site, query).content.decode()
        link = unescape(re.search(r'id="no-vehicle" href="([^"]+)"', page)[1])
        assert dict(parse_qsl(urlsplit(link).query)) == kept | more
        assert "Show for any vehicle" not in as_manager.get(link).content.decode()


def test_the_pickers_list_what_does_not_fit_last_with_the_reason(as_manager, slot, van):
    site = reverse("sites:detail", args=[slot.location.pk])
    query = {"vehicle": str(van.pk), "day": f"{slot.local_day}", "from": "00:00"}
    page = as_manager.get(site, query).content.decode()
    names = page.partition('id="picker-chargers"')[2]
    assert names.index("Bay 301") < names.index("Bay 302")
    assert "Does not fit Van 14" in names.partition("Bay 302")[2]
    assert f"vehicle={van.pk}" in names
    # Any charger that fits is filled in from the vehicle.
    whole = as_manager.get(site, query | {"any": "1"}).content.decode()
    assert '<option value="ccs1" selected>' in whole
    assert '<option value="50" selected>At least 50 kW' in whole
    assert '<option value="200" selected>At most 200 kW' in whole


def test_the_day_lists_what_does_not_fit_last(as_manager, slot, van):
    day = reverse("sites:day", args=[slot.location.pk])
    page = as_manager.get(day, {"vehicle": str(van.pk), "day": f"{slot.local_day}"})
    text = page.content.decode().partition('id="lanes"')[2]
    assert text.index("Bay 301") < text.index("Bay 302")
    assert "Does not fit Van 14" in text
    assert f"vehicle={van.pk}" in text


def test_any_that_fits_goes_out_with_all_criteria_and_the_answer_is_remembered(
    as_manager, slot, driver, van, workers, operator
):
    operator.add_parking_space(Space(901, "P 1", 101, [301], LONG_AGO))
    space = ParkingSpace.objects.create(
        ampeco_id=901, location=slot.location, status="enabled", synced_at=LONG_AGO
    )
    space.evses.add(slot.evse)
    any_slot = replace(slot, evse=None, criteria=Criteria())
    wanted = {"connector": "ccs1", "current": "dc", "min_power": "50", "max_power": "200"}
    as_manager.post(NEW, filled(any_slot, driver, van, **wanted))
    workers.submit()
    [asked] = operator.requests.values()
    assert asked.criteria == {
        "currentType": "dc", "connectorType": "ccs1", "minPower": 50, "maxPower": 200,
    }  # fmt: skip
    assert asked.parking == {"vehicleLengthCm": 600, "vehicleType": "light_duty_vans"}
    operator.decide(asked)
    workers.poll()
    memory = BayMemory.objects.get()
    assert (memory.approved, memory.refused) == (1, 0)
    page = as_manager.get(reverse("sites:detail", args=[slot.location.pk])).content.decode()
    assert "Size of Van 14" in page
    assert "Approved once." in page
    assert "Approved once." in as_manager.get(f"/vehicles/{van.pk}/").content.decode()


def test_a_refusal_is_remembered_with_its_reason(as_manager, slot, driver, van, workers, operator):
    operator.add_parking_space(Space(901, "P 1", 101, [301], LONG_AGO))
    space = ParkingSpace.objects.create(
        ampeco_id=901, location=slot.location, status="enabled", synced_at=LONG_AGO
    )
    space.evses.add(slot.evse)
    any_slot = replace(slot, evse=None, criteria=Criteria())
    as_manager.post(NEW, filled(any_slot, driver, van, connector="ccs1"))
    workers.submit()
    [asked] = operator.requests.values()
    operator.reject(asked, "Too long for our bays.")
    workers.poll()
    page = as_manager.get(f"/vehicles/{van.pk}/").content.decode()
    assert "Refused once: “Too long for our bays.”" in page


def test_another_vehicle_is_ours_alone_and_history_tells_it(
    as_manager, fleet, confirmed, van, wire
):
    other = VehicleFactory(fleet=fleet, number="Van 15", plugs=["ccs1"])
    address = f"/bookings/{confirmed.pk}/vehicle/"
    before = wire.count("booking-requests")
    for vehicle in (van, other):
        confirmed.refresh_from_db()
        form = {"vehicle": str(vehicle.pk), "version": str(confirmed.version)}
        assert as_manager.post(address, form).status_code == 302
    confirmed.refresh_from_db()
    assert confirmed.vehicle == other
    assert confirmed.slot_key
    assert wire.count("booking-requests") == before
    event = BookingEvent.objects.filter(what="other-vehicle").last()
    assert event.changes == {"vehicle": [van.pk, other.pk]}
    page = as_manager.get(f"/bookings/{confirmed.pk}/").content.decode()
    assert "Another vehicle named by" in page
    # Who saw an older version is told, and changes nothing.
    stale = as_manager.post(address, {"vehicle": str(van.pk), "version": "0"})
    assert stale.status_code == 200
    confirmed.refresh_from_db()
    assert confirmed.vehicle == other


@pytest.mark.parametrize("way", ["a search", "a mistake", "a log-in"])
def test_no_search_or_mistake_hides_that_somebody_named_another_vehicle(
    client, manager, fleet, confirmed, van, way
):
    other = VehicleFactory(fleet=fleet, number="Van 15", plugs=["ccs1"])
    address = f"/bookings/{confirmed.pk}/vehicle/"
    form = {"vehicle": str(van.pk), "version": str(confirmed.version)}
    if way != "a log-in":
        client.force_login(manager)
    name_vehicle(confirmed, other, user=manager, seen_version=None)
    if way == "a search":
        page = client.post(address, form | {"find": "1", "vehicle_query": "van"})
    elif way == "a mistake":
        page = client.post(address, form | {"vehicle": "none of them"})
    elif way == "a log-in":
        goal = client.post(address, form | {"fleet": fleet.pk}).url
        client.force_login(manager)
        page = client.get(parse_qs(urlsplit(goal).query)["next"][0])
    version = SEEN.search(page.content.decode())[1]
    assert version == form["version"]
    told = client.post(address, form | {"version": version}).content.decode()
    assert "has changed since you opened the page" in told
    confirmed.refresh_from_db()
    assert confirmed.vehicle == other
    client.post(address, form | {"version": SEEN.search(told)[1]})
    confirmed.refresh_from_db()
    assert confirmed.vehicle == van


def test_a_booking_gets_no_vehicle_whose_plug_does_not_fit(as_manager, fleet, confirmed):
    wrong = VehicleFactory(fleet=fleet, plugs=["chademo"])
    form = {"vehicle": str(wrong.pk), "version": str(confirmed.version)}
    page = as_manager.post(f"/bookings/{confirmed.pk}/vehicle/", form).content.decode()
    assert "cannot charge there" in page
    confirmed.refresh_from_db()
    assert confirmed.vehicle is None


def test_alternatives_leave_out_what_the_vehicle_cannot_use(as_manager, slot, driver, van):
    query = place(slot) | {"vehicle": str(van.pk), "driver": str(driver.pk)}
    with_van = as_manager.get("/bookings/new/alternatives/", query).content.decode()
    assert "Bay 302" not in with_van
    assert f"vehicle={van.pk}" in with_van


def test_bookings_are_found_by_number_and_plate(as_manager, fleet, van):
    booking = BookingFactory(fleet=fleet, vehicle=van, accepted=True)
    BookingFactory(fleet=fleet, driver=DriverFactory(fleet=fleet), accepted=True)
    for query in ({"q": "van 14"}, {"q": "hpf"}, {"vehicle": "Van 14"}):
        page = as_manager.get("/bookings/", query | {"view": "all"}).content.decode()
        assert page.count('id="booking-link-') == 1
        assert f'id="booking-link-{booking.pk}"' in page
