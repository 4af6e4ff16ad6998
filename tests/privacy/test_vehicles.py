"""What vehicles, their plates and charging cards tell of people: exported, erased, cleared."""

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import BookingEvent
from drivers.models import IdTag
from privacy.erasure import erase_driver
from privacy.export import export_driver
from privacy.retention import clear_old_data, due
from tests.factories import VehicleFactory
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db

OLD = 800


@pytest.fixture
def van(fleet, quux) -> Vehicle:
    return VehicleFactory(fleet=fleet, number="Van 14", plate="HPF 14", usual_driver=quux)


@pytest.fixture
def card(quux) -> IdTag:
    return IdTag.objects.create(
        driver=quux, ampeco_id=1, type="rfid", status="enabled", label="Quux", last_digits="E5F6"
    )


def test_a_driver_gets_their_cards_and_vehicles(quux, van, card):
    document = json.loads("".join(export_driver(quux)))
    [vehicle] = document["vehicles"]
    assert (vehicle["plate"], vehicle["usual_driver"]) == ("HPF 14", "this driver")
    assert "search_text" not in vehicle
    [tag] = document["charging_cards"]
    assert (tag["label"], tag["last_digits"]) == ("Quux", "E5F6")


def test_an_erased_driver_has_no_card_and_no_plate_leads_to_them(quux, van, card, past_booking):
    booking = past_booking(quux)
    booking.vehicle = van
    booking.authorized_tokens = [{"id": 1, "type": "RFID", "last_digits": "E5F6"}]
    booking.save()
    assert erase_driver(driver=quux, email="xandra.quux@fleet.example")
    assert not IdTag.objects.exists()
    van.refresh_from_db()
    booking.refresh_from_db()
    # The vehicle is the fleet's.
    assert (van.plate, van.usual_driver) == ("HPF 14", None)
    assert booking.authorized_tokens == []


def test_old_bookings_name_no_vehicle_and_old_vehicles_no_plate(quux, van, past_booking):
    booking = past_booking(quux, days_ago=OLD)
    booking.vehicle = van
    booking.authorized_tokens = [{"id": 1, "type": "RFID", "last_digits": "E5F6"}]
    booking.save()
    BookingEvent.objects.create(
        booking=booking,
        what=BookingEvent.What.OTHER_VEHICLE,
        actor="manager",
        changes={"vehicle": [None, van.pk]},
    )
    Vehicle.objects.filter(pk=van.pk).update(retired_at=now() - timedelta(days=OLD), vin="W1")
    assert due().vehicles == 1
    assert clear_old_data().vehicles == 1
    booking.refresh_from_db()
    van.refresh_from_db()
    assert (booking.vehicle, booking.authorized_tokens) == (None, [])
    assert not BookingEvent.objects.filter(changes__has_key="vehicle").exists()
    assert (van.number, van.plate, van.vin, van.usual_driver) == ("Van 14", "", "", None)
    assert "hpf" not in van.search_text
    assert clear_old_data().vehicles == 0


def test_a_vehicle_in_use_keeps_its_plate(van):
    assert clear_old_data().vehicles == 0
    van.refresh_from_db()
    assert van.plate == "HPF 14"
