"""Bookings that do not give what their vehicles' departures ask: on their pages and on Today."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from energy.models import Departure
from tests.energy.factories import DepartureFactory, VehicleNowFactory
from tests.factories import BookingFactory, EvseFactory, LocationFactory, VehicleFactory

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("still")


@pytest.fixture(autouse=True)
def _on(settings):
    settings.AMPCONTROL_BASE_URL = "https://ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "test"


@pytest.fixture
def vehicle(fleet):
    """75 kWh, 11 kW AC, 0.25 kWh per km."""
    site = LocationFactory(timezone="UTC")
    facts = {"kwh_per_km": Decimal("0.25"), "reserve_percent": 15}
    return VehicleFactory(fleet=fleet, number="Van 14", home_site=site, **facts)


@pytest.fixture
def booking(fleet, vehicle):
    """From in two hours on for four, at 22 kW AC: 4 h × 9.196 kW are 36.8 kWh, 49 %."""
    evse = EvseFactory(current_type="ac", max_power_kw=22)
    return book(fleet, vehicle, evse, 2)


def book(fleet, vehicle, evse, hours: float):
    start_at = timezone.now() + hours * HOUR
    return BookingFactory(
        accepted=True,
        fleet=fleet,
        vehicle=vehicle,
        evse=evse,
        start_at=start_at,
        end_at=start_at + 4 * HOUR,
        created_at=timezone.now() - HOUR,
    )


@pytest.fixture
def leaves(vehicle):
    """Return a function that lets the vehicle leave in so many hours, as it did all along."""

    def make(hours: float, **needs) -> Departure:
        early = {"created_at": timezone.now() - 2 * HOUR}
        leaves_at = timezone.now() + hours * HOUR
        return DepartureFactory(vehicle=vehicle, leaves_at=leaves_at, **early | needs)

    return make


@pytest.fixture
def says(as_manager, booking):
    """Return a function that reads what a booking's page and Today say of it."""

    def read() -> tuple[str, str]:
        shown = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
        _before, mark, banner = shown.partition('id="banner-departure"')
        today = as_manager.get("/").content.decode()
        _before, _mark, attention = today.partition('id="attention-title"')
        return (
            banner.partition("<dl")[0] if mark else "",
            attention.partition("</section>")[0],
        )

    return read


def test_it_leaves_before_the_booking_ends(leaves, says, booking):
    leaves(5, target_percent=None)
    banner, today = says()
    assert "This booking does not fit the vehicle’s departure." in banner
    assert "before this booking ends." in banner
    assert today.count("before this booking ends.") == 1
    assert f"/bookings/{booking.pk}/" in today


def test_it_needs_more_than_it_gets(leaves, says, vehicle):
    VehicleNowFactory(vehicle=vehicle, state_of_charge=20)
    leaves(8, target_percent=80)
    banner, today = says()
    assert "It should reach 69 % by then, and needs 80 %." in banner
    assert "Assumed" not in banner
    assert "It should reach 69 % by then, and needs 80 %." in today


def test_it_says_what_it_assumes(leaves, says):
    leaves(8, target_percent=None, distance_km=Decimal(200))
    banner, _today = says()
    # 200 km × 0.25 are 50 kWh, 67 %, and 15 % in reserve.
    assert "It should reach 69 % by then, and needs 82 %." in banner
    assert "Assumed: 20 % in its battery at the start." in banner


def test_what_was_told_long_ago_is_assumed(leaves, says, vehicle):
    long_ago = timezone.now() - 3 * HOUR
    VehicleNowFactory(vehicle=vehicle, state_of_charge=90, state_of_charge_at=long_ago)
    leaves(8, target_percent=80)
    assert "Assumed: 20 %" in says()[0]


def test_before_it_leaves_once_more_nobody_knows(leaves, says, vehicle):
    VehicleNowFactory(vehicle=vehicle, state_of_charge=90)
    leaves(1, target_percent=None)
    leaves(8, target_percent=80)
    assert "Assumed: 20 %" in says()[0]


def test_what_is_enough_is_not_spoken_of(leaves, says, vehicle):
    VehicleNowFactory(vehicle=vehicle, state_of_charge=40)
    leaves(8, target_percent=85)
    assert says() == ("", "")


@pytest.mark.parametrize(
    ("hours", "needs"),
    [(40, {"target_percent": 100}), (8, {"target_percent": None}), (8, {"cancelled_at": True})],
    ids=["much later", "nothing asked", "called off"],
)
def test_what_is_no_matter_of_the_booking(leaves, says, hours, needs):
    if needs.get("cancelled_at"):
        needs = {"target_percent": 100, "cancelled_at": timezone.now()}
    leaves(hours, **needs)
    assert says() == ("", "")


def test_a_later_booking_gives_the_rest(leaves, says, fleet, vehicle, booking):
    leaves(20, target_percent=80)
    assert "It should reach 69 %" in says()[0]
    book(fleet, vehicle, booking.evse, 12)
    banner, today = says()
    assert banner == ""
    assert today.count("It should reach 69 %") == 1


def test_a_trip_that_no_battery_lasts(leaves, says):
    leaves(8, target_percent=None, distance_km=Decimal(300))
    assert "The trip needs more than a full battery: 115 %." in says()[0]


def test_a_battery_of_unknown_size_promises_nothing(leaves, says, vehicle):
    vehicle.battery_kwh = None
    vehicle.save()
    leaves(8, target_percent=100)
    assert says() == ("", "")


def test_a_route_that_changed_after_it_was_booked_says_so(leaves, says):
    before = timezone.now() + 9 * HOUR
    leaves(
        5,
        target_percent=None,
        source="route",
        changed_at=timezone.now(),
        changed_from={"leaves_at": f"{before:%Y-%m-%dT%H:%M:%SZ}"},
    )
    banner, today = says()
    assert "This booking no longer fits the vehicle’s departure." in banner
    assert "Its route was changed after this was booked. It was to leave at " in banner
    assert f"{before:%H:%M}." in banner
    assert "Its route was changed after this was booked." in today


def test_a_departure_that_was_set_later_says_so(leaves, says):
    leaves(5, created_at=timezone.now())
    assert "The departure was set after this was booked." in says()[0]


def test_without_ampcontrol_nobody_asks(
    leaves, says, settings, as_manager, booking, django_assert_num_queries
):
    leaves(5)
    settings.AMPCONTROL_BASE_URL = ""
    assert says() == ("", "")


def test_more_bookings_cost_no_more_queries(
    as_manager, fleet, leaves, booking, vehicle, django_assert_max_num_queries
):
    leaves(5)
    as_manager.get("/")
    with django_assert_max_num_queries(20) as first:
        as_manager.get("/")
    for number in range(5):
        other = VehicleFactory(fleet=fleet, home_site=LocationFactory())
        book(fleet, other, EvseFactory(), number + 1)
        DepartureFactory(vehicle=other, leaves_at=timezone.now() + 3 * HOUR)
    with django_assert_max_num_queries(len(first)):
        as_manager.get("/")
