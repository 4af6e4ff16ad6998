"""What is known of a vehicle now: on its page, on its bookings' pages, and as they keep up."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from energy.models import Link, VehicleNow
from tests.energy.factories import (
    DepartureFactory,
    NetworkFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    SessionFactory,
    VehicleNowFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import BookingFactory, EvseFactory, LocationFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def van(fleet):
    return VehicleFactory(fleet=fleet, number="Van 14")


@pytest.fixture
def remote(van):
    """The van in Ampcontrol."""
    remote = RemoteVehicleFactory()
    link_vehicle(van, remote)
    return remote


@pytest.fixture
def told(van, remote):
    return VehicleNowFactory(vehicle=van, state_of_charge_at=now() - 4 * MINUTE)


def panel_of(client, van) -> str:
    answer = client.get(f"/vehicles/{van.pk}/now/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_a_state_of_charge_has_its_source_and_its_age(as_manager, van, told):
    assert "62 % · telematics, 4 min ago" in panel_of(as_manager, van)
    assert "62 % · telematics, 4 min ago" in as_manager.get(f"/vehicles/{van.pk}/").content.decode()


def test_what_nobody_told_is_unknown(as_manager, van, remote):
    page = panel_of(as_manager, van)
    assert "<dd>unknown</dd> <dt>Plug</dt> <dd>unknown</dd> <dt>Where</dt> <dd>unknown</dd>" in page


def test_what_was_told_long_ago_is_not_to_be_counted_on(as_manager, van, told):
    VehicleNow.objects.update(state_of_charge_at=now() - 3 * HOUR)
    page = panel_of(as_manager, van)
    assert "62 % · telematics, 3 h ago" in page
    assert "Too old to be counted on." in page


@pytest.mark.parametrize(
    ("plugged_in", "words"), [(True, "plugged in"), (False, "not plugged in"), (None, "unknown")]
)
def test_whether_it_is_plugged_in(as_manager, van, told, plugged_in, words):
    VehicleNow.objects.update(plugged_in=plugged_in, plugged_in_at=now() - MINUTE)
    age = " · 1 min ago" if plugged_in is not None else ""
    assert f"<dt>Plug</dt> <dd>{words}{age}</dd>" in panel_of(as_manager, van)


def test_where_it_is_and_whether_the_fleet_may_know_the_place(as_manager, van, told):
    evse = EvseFactory(charge_point__location__name="Pier 40")
    network = NetworkFactory()
    site = evse.charge_point.location
    Link.objects.create(
        kind="network", remote_id=network.remote_id, location=site, state="confirmed"
    )
    VehicleNow.objects.update(network=network, network_at=now() - 2 * MINUTE)
    assert f'<a href="/sites/{site.pk}/">Pier 40</a> · 2 min ago' in panel_of(as_manager, van)
    site.charge_points.update(type="private", ampeco_partner_id=999)
    page = panel_of(as_manager, van)
    assert "Pier 40" not in page
    assert "at none of your sites · 2 min ago" in page


def test_what_it_charges_and_when_that_should_end(as_manager, van, remote, told):
    evse = EvseFactory(label="Bay 3", physical_reference="", charge_point__location__name="Pier 40")
    connector = RemoteConnectorFactory()
    link_evse(evse, connector)
    SessionFactory(
        network=connector.charge_point.network,
        connector_remote_id=connector.remote_id,
        vehicle_remote_id=remote.remote_id,
        power_kw=Decimal(22),
        energy_kwh=Decimal("12.4"),
        expected_end_at=now() + 3 * HOUR,
    )
    DepartureFactory(vehicle=van, leaves_at=now() + 4 * HOUR, target_percent=80)
    page = panel_of(as_manager, van)
    assert "charging, 22 kW at Bay 3, Pier 40" in page
    assert "22 kW now · 12.4 kWh so far" in page
    assert "By the operator’s plan it should end at" in page
    assert "target 80 % · typed in" in page
    assert "would still be charging" not in page
    DepartureFactory(vehicle=van, leaves_at=now() + 2 * HOUR, target_percent=None)
    page = panel_of(as_manager, van)
    assert "would still be charging when it leaves" in page
    assert "no target" in page


def test_what_a_session_gave_long_ago_is_told_with_its_age(as_manager, van, remote, told):
    connector = RemoteConnectorFactory()
    link_evse(EvseFactory(current_type="ac", label="Bay 3", physical_reference=""), connector)
    SessionFactory(
        connector_remote_id=connector.remote_id,
        vehicle_remote_id=remote.remote_id,
        power_kw=Decimal(22),
        energy_kwh=Decimal("12.4"),
        expected_end_at=now() + 2 * HOUR,
        plan=[[(now() - HOUR).isoformat(), 15]],
        read_at=now() - 3 * HOUR,
    )
    VehicleNow.objects.update(plugged_in=True, plugged_in_at=now() - 3 * HOUR)
    page = panel_of(as_manager, van)
    assert "12.4 kWh so far · 3 h ago<br>Too old to be counted on." in page
    for word in ("22 kW", "should", "names no end"):
        assert word not in page
    assert "<dd>plugged in at Bay 3," in page
    VehicleNow.objects.update(charging_kw=Decimal(17), told_at=now())
    assert "17 kW now<br>12.4 kWh so far · 3 h ago<br>Too old" in panel_of(as_manager, van)


def test_what_the_plan_should_bring_it_to_and_what_is_assumed(as_manager, van, remote, told):
    connector = RemoteConnectorFactory()
    link_evse(EvseFactory(current_type="ac"), connector)
    session = SessionFactory(
        connector_remote_id=connector.remote_id,
        vehicle_remote_id=remote.remote_id,
        expected_end_at=now() + 2 * HOUR,
        plan=[[(now() - HOUR).isoformat(), 15], [(now() + HOUR).isoformat(), 5]],
    )
    # 15 + 5 kWh, of which 88 % get into a battery of 75 kWh.
    words = "It should reach 85 % by then. Assumed: 88 % of the energy gets into it."
    assert words in panel_of(as_manager, van)
    session.plan = [[(now() - HOUR).isoformat(), 100]]
    session.save()
    assert "It should reach 100 % by then." in panel_of(as_manager, van)
    VehicleNow.objects.update(state_of_charge_at=now() - 3 * HOUR)
    assert "should reach" not in panel_of(as_manager, van)


def test_the_panel_says_nothing_while_nothing_changes(as_manager, van, told):
    (seen,) = re.findall(r"/now/\?seen=(\w+)", panel_of(as_manager, van))
    address = f"/vehicles/{van.pk}/now/?seen={seen}"
    assert as_manager.get(address).status_code == 204
    VehicleNow.objects.update(state_of_charge=63)
    answer = as_manager.get(address)
    assert answer.status_code == 200
    assert f'id="vehicle-now-{van.pk}"' in answer.content.decode()


@pytest.mark.parametrize("reason", ["never linked", "retired"])
def test_where_there_is_nothing_pages_are_as_they_were(as_manager, fleet, van, reason):
    if reason == "retired":
        link_vehicle(van)
        VehicleNowFactory(vehicle=van)
        van.retired_at = now()
        van.save()
    booking = BookingFactory(fleet=fleet, vehicle=van, accepted=True)
    for address in (f"/vehicles/{van.pk}/", f"/bookings/{booking.pk}/"):
        assert "vehicle-now" not in as_manager.get(address).content.decode()
    assert as_manager.get(f"/vehicles/{van.pk}/now/").content == b""


def test_a_bookings_page_has_it_as_long_as_the_booking_goes_on(as_manager, fleet, van, told):
    booking = BookingFactory(fleet=fleet, vehicle=van, accepted=True)
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert f'hx-get="/vehicles/{van.pk}/now/?seen=' in page
    booking.start_at, booking.end_at = now() - 2 * HOUR, now() - HOUR
    booking.save()
    assert "vehicle-now" not in as_manager.get(f"/bookings/{booking.pk}/").content.decode()


def test_a_vehicle_that_is_another_fleets_now_is_not_told_of(
    as_manager, fleet, other_fleet, van, told
):
    booking = BookingFactory(fleet=fleet, vehicle=van, accepted=True)
    van.fleet = other_fleet
    van.save()
    assert "vehicle-now" not in as_manager.get(f"/bookings/{booking.pk}/").content.decode()


def test_viewers_see_it_and_other_fleets_do_not(as_viewer, other_manager, van, told, client):
    assert "62 %" in panel_of(as_viewer, van)
    client.force_login(other_manager)
    assert client.get(f"/vehicles/{van.pk}/now/").status_code == 404


def test_a_bar_shows_no_more_than_a_full_battery(as_manager, van, told):
    VehicleNow.objects.update(state_of_charge=Decimal(104))
    assert 'value="100"' in panel_of(as_manager, van)


def test_its_page_costs_the_same_with_everything_known(
    as_manager, van, remote, told, django_assert_max_num_queries
):
    home = LocationFactory()
    van.home_site = home
    van.save()
    for _ in range(4):
        SessionFactory(vehicle_remote_id=remote.remote_id)
        DepartureFactory(vehicle=van, leaves_at=now() + HOUR * (1 + _))
    as_manager.get(f"/vehicles/{van.pk}/")
    with django_assert_max_num_queries(20) as first:
        as_manager.get(f"/vehicles/{van.pk}/")
    for _ in range(6):
        SessionFactory(vehicle_remote_id=remote.remote_id, active=False)
    with django_assert_max_num_queries(len(first)):
        as_manager.get(f"/vehicles/{van.pk}/")
