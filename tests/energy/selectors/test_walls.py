"""A fleet sees of Ampcontrol what is linked to it, in its time, and nothing else."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from energy.models import Line, Link, PastLink, RemoteRoute
from energy.selectors import walls
from tests.energy.factories import (
    AlertFactory,
    NetworkFactory,
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    SessionFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import EvseFactory, FleetFactory, LocationFactory, VehicleFactory

pytestmark = pytest.mark.django_db
STATES = [Link.State.PROPOSED, Link.State.REFUSED]


def test_a_fleet_has_the_vehicles_linked_to_it():
    link, other = link_vehicle(), link_vehicle()

    assert walls.remote_ids_of(link.fleet) == {link.vehicle_id: link.remote_id}
    assert list(walls.linked_vehicles(other.fleet)) == [other.vehicle]
    assert walls.remote_ids_of(link.fleet, [other.vehicle_id]) == {}
    assert walls.vehicles_by_remote_id() == {
        link.remote_id: link.vehicle_id,
        other.remote_id: other.vehicle_id,
    }


@pytest.mark.parametrize("state", STATES)
def test_what_is_not_confirmed_is_not_there(state):
    link = link_vehicle()
    session = SessionFactory(vehicle_remote_id=link.remote_id)
    evse_link = link_evse()
    Link.objects.update(state=state)

    assert not walls.remote_ids_of(link.fleet)
    assert not walls.vehicles_by_remote_id()
    assert session not in walls.sessions_of(link.fleet)
    assert not walls.connectors_of([evse_link.evse_id])
    assert not walls.networks_of([evse_link.evse.charge_point.location_id])


def test_a_vehicle_that_changed_hands_is_gone_at_once():
    link = link_vehicle()
    link.vehicle.fleet = FleetFactory()
    link.vehicle.save()

    assert not walls.remote_ids_of(link.fleet)
    assert not walls.remote_ids_of(link.vehicle.fleet)


def test_a_retired_vehicle_is_gone_at_once_and_keeps_what_it_did():
    link = link_vehicle()
    before = SessionFactory(vehicle_remote_id=link.remote_id, started_at=now() - timedelta(hours=2))
    after = SessionFactory(vehicle_remote_id=link.remote_id, started_at=now())
    link.vehicle.retired_at = now() - timedelta(hours=1)
    link.vehicle.save()

    assert not walls.remote_ids_of(link.fleet)
    assert list(walls.sessions_of(link.fleet)) == [before]
    assert after not in walls.sessions_of(link.fleet)


def test_each_owner_of_a_vehicle_sees_what_was_in_its_own_time():
    remote, sold = RemoteVehicleFactory(), now() - timedelta(days=2)
    old = PastLink.objects.create(
        remote_id=remote.remote_id,
        vehicle=(was := VehicleFactory()),
        fleet=was.fleet,
        ended_at=sold,
    )
    new = link_vehicle(VehicleFactory(), remote, counts_from=sold)
    hour = timedelta(hours=1)
    before = SessionFactory(vehicle_remote_id=remote.remote_id, started_at=sold - hour)
    after = SessionFactory(vehicle_remote_id=remote.remote_id, started_at=sold + hour)

    assert list(walls.sessions_of(old.fleet)) == [before]
    assert list(walls.sessions_of(new.fleet)) == [after]
    alert = AlertFactory(vehicle_remote_id=remote.remote_id, raised_at=sold - hour)
    assert alert not in walls.alerts_of(new.fleet)
    assert alert in walls.alerts_of(old.fleet)


def test_routes_are_those_of_own_vehicles_and_never_of_a_group():
    link, other = link_vehicle(), link_vehicle()
    made = {"read_at": now(), "starts_at": now(), "vehicle_group": "Vans"}
    own = RemoteRoute.objects.create(remote_id="1", vehicle_remote_id=link.remote_id, **made)
    RemoteRoute.objects.create(remote_id="2", vehicle_remote_id=other.remote_id, **made)
    RemoteRoute.objects.create(remote_id="3", **made)

    assert list(walls.routes_of(link.fleet)) == [own]


def test_alerts_are_about_own_vehicles_and_booked_evses():
    link, other = link_vehicle(), link_vehicle()
    connector = RemoteConnectorFactory()
    evse = EvseFactory()
    link_evse(evse, connector)
    there = {
        "charge_point_remote_id": connector.charge_point.remote_id,
        "connector_remote_id": connector.remote_id,
    }
    of_vehicle = AlertFactory(vehicle_remote_id=link.remote_id)
    of_evse = AlertFactory(**there)
    of_charge_point = AlertFactory(charge_point_remote_id=connector.charge_point.remote_id)
    AlertFactory(**there, vehicle_remote_id=other.remote_id)
    AlertFactory(**{**there, "connector_remote_id": "another"})
    AlertFactory()

    assert set(walls.alerts_of(link.fleet, [evse.pk])) == {of_vehicle, of_evse, of_charge_point}
    assert set(walls.alerts_of(link.fleet)) == {of_vehicle}


def test_an_evse_may_have_several_connectors():
    evse, charge_point = EvseFactory(), RemoteConnectorFactory().charge_point
    connectors = [RemoteConnectorFactory(charge_point=charge_point, number=n) for n in (2, 3)]
    for connector in connectors:
        link_evse(evse, connector)

    ids = [connector.remote_id for connector in connectors]
    assert walls.connectors_of([evse.pk]) == {evse.pk: ids}
    assert walls.evses_by_connector(ids) == dict.fromkeys(ids, evse.pk)


def test_the_networks_line_wins_and_a_sites_own_counts_once_confirmed():
    site, network = LocationFactory(), NetworkFactory()
    made = {"kind": Line.Kind.CAPACITY, "read_at": now()}
    theirs = Line.objects.create(network=network, **made)
    own = Line.objects.create(location=site, **made)

    assert not walls.lines_of(site.pk)
    own.confirmed_at = now()
    own.save()
    assert list(walls.lines_of(site.pk)) == [own]
    Link.objects.create(
        kind=Link.Kind.NETWORK,
        remote_id=network.remote_id,
        location=site,
        state=Link.State.CONFIRMED,
    )
    assert list(walls.lines_of(site.pk)) == [theirs]
    assert not walls.lines_of(LocationFactory().pk)
