"""A booking that gets a vehicle which has another booking at that time."""

import html
import re
from datetime import timedelta

import pytest

from bookings.models import Booking
from sites.models import ParkingLimits, ParkingSpace
from tests.factories import BookingFactory, VehicleFactory
from tests.sites.conftest import LONG_AGO

pytestmark = pytest.mark.django_db

TWICE = "Van 14 has another booking at that time: "
NARROW = "this one is 6.00 m long"


@pytest.fixture
def van(fleet):
    return VehicleFactory(fleet=fleet, number="Van 14", plugs=["ccs1"], length_cm=600)


@pytest.fixture
def other(fleet, van, confirmed):
    return BookingFactory(fleet=fleet, vehicle=van, accepted=True, start_at=confirmed.start_at)


def name(client, booking: Booking, vehicle, **more: str) -> str:
    booking.refresh_from_db()
    form = {"vehicle": str(vehicle.pk), "version": str(booking.version), **more}
    answer = client.post(f"/bookings/{booking.pk}/vehicle/", form, follow=True)
    booking.refresh_from_db()
    return html.unescape(answer.content.decode())


def key_on(page: str) -> str:
    return re.search(r'name="confirmed_misfit" value="([^"]*)"', page)[1]


def park_narrowly(booking: Booking) -> None:
    space = ParkingSpace.objects.create(
        ampeco_id=901, location=booking.location, status="enabled", synced_at=LONG_AGO
    )
    space.evses.add(booking.evse)
    ParkingLimits.objects.create(space=space, max_length_cm=500)


@pytest.mark.parametrize("is_narrow", [False, True])
def test_is_warned_of_and_may_be_confirmed(as_manager, confirmed, van, other, is_narrow):
    if is_narrow:
        park_narrowly(confirmed)
    page = name(as_manager, confirmed, van)
    assert TWICE in page
    assert (NARROW in page) == is_narrow
    assert confirmed.vehicle is None
    name(as_manager, confirmed, van, confirmed_misfit=key_on(page))
    assert confirmed.vehicle == van


def test_what_came_up_since_is_not_confirmed_unseen(as_manager, fleet, confirmed, van):
    park_narrowly(confirmed)
    page = name(as_manager, confirmed, van)
    assert NARROW in page
    assert TWICE not in page
    BookingFactory(fleet=fleet, vehicle=van, accepted=True, start_at=confirmed.start_at)
    page = name(as_manager, confirmed, van, confirmed_misfit=key_on(page))
    assert TWICE in page
    assert confirmed.vehicle is None
    another = VehicleFactory(fleet=fleet, number="Van 15", plugs=["ccs1"], length_cm=600)
    name(as_manager, confirmed, another, confirmed_misfit=key_on(page))
    assert confirmed.vehicle is None, "the other one was meant"
    name(as_manager, confirmed, van, confirmed_misfit=key_on(page))
    assert confirmed.vehicle == van


def test_also_where_the_charger_is_not_known_yet(as_manager, confirmed, van, other):
    Booking.objects.filter(pk=confirmed.pk).update(evse=None)
    assert TWICE in name(as_manager, confirmed, van)
    assert confirmed.vehicle is None


def test_what_the_driver_has_besides_is_no_matter_of_the_vehicle(
    as_manager, fleet, confirmed, van, other
):
    Booking.objects.filter(pk=other.pk).update(
        driver=confirmed.driver, vehicle=VehicleFactory(fleet=fleet)
    )
    BookingFactory(
        fleet=fleet,
        vehicle=van,
        accepted=True,
        start_at=confirmed.start_at + timedelta(hours=1),
    )
    name(as_manager, confirmed, van)
    assert confirmed.vehicle == van
