"""The same by the client itself, over HTTP, against the simulated Ampcontrol."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
import time_machine

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch
from energy.departures.actions import Plan, cancel_departure, change_departure, set_departure
from energy.departures.passing import pass_on_departures
from energy.departures.routes import OURS, send_routes
from energy.departures.telling import (
    acknowledge,
    charge_first,
    create_in_ampcontrol,
    send_tellings,
    type_state_of_charge,
)
from energy.models import PassedOn, Telling
from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.world.build import build_world
from tests.energy.factories import (
    AlertFactory,
    RemoteVehicleFactory,
    SessionFactory,
    link_vehicle,
)
from tests.factories import UserFactory, VehicleFactory

NOW = datetime(2026, 3, 4, 1, 7, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "a-token-of-the-tests"


@pytest.fixture(autouse=True)
def _evening():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world():
    return build_world(now=NOW)


@pytest.fixture
def client(world):
    transport = httpx.WSGITransport(create_app(world, ampcontrol_token=TOKEN))
    client = AmpcontrolClient(
        base_url="http://operator.test/ampcontrol",
        token=TOKEN,
        writes=list(Switch),
        transport=transport,
    )
    yield client
    client.close()


@pytest.fixture
def remote(client):
    """A vehicle there that nobody has given a departure."""
    now = datetime.now(UTC)
    return next(
        each for each in client.vehicles() if each.departs_at is None or each.departs_at < now
    )


@pytest.fixture
def ours(fleet, remote):
    vehicle = VehicleFactory(fleet=fleet)
    link_vehicle(vehicle, RemoteVehicleFactory(remote_id=remote.id))
    return vehicle


@pytest.fixture
def user(db):
    return UserFactory()


def read(client, remote):
    return next(each for each in client.vehicles() if each.id == remote.id)


def test_a_departure_goes_there_and_away(client, remote, ours, user, world):
    row = set_departure(ours, Plan(leaves_at=NOW + 5 * HOUR, target_percent=85), user=user)
    pass_on_departures(client=client)
    told = read(client, remote)
    assert (told.departs_at, told.target_percent) == (row.leaves_at, 85)
    assert PassedOn.objects.get().held == {"departs_at": "2026-03-04T06:07:30Z", "target": 85}

    cancel_departure(row, seen_version=0, user=user)
    pass_on_departures(client=client)
    # Set by nobody, it tells what its own timetable says, if it has one.
    assert read(client, remote).departs_at != row.leaves_at
    assert PassedOn.objects.get().held == {}
    assert physics_of(world).depots.vehicles[remote.id].told[-1][1] is None


def test_a_route_goes_up_changes_and_goes(client, remote, ours, user):
    plan = Plan(leaves_at=NOW + 5 * HOUR, returns_at=NOW + 9 * HOUR, distance_km=Decimal("80.5"))
    row = set_departure(ours, plan, user=user)

    def trips():
        found = client.routes(start=NOW, end=NOW + 24 * HOUR)
        return [each for each in found if each.external_id.startswith(OURS)]

    others = len(list(client.routes(start=NOW, end=NOW + 24 * HOUR)))
    send_routes(client=client)
    (trip,) = trips()
    assert (trip.starts_at, trip.ends_at, trip.distance_km) == (
        plan.leaves_at,
        plan.returns_at,
        plan.distance_km,
    )
    change_departure(
        row, Plan(leaves_at=NOW + 4 * HOUR, target_percent=70), seen_version=0, user=user
    )
    send_routes(client=client)
    (trip,) = trips()
    assert (trip.starts_at, trip.target_percent) == (NOW + 4 * HOUR, 70)
    cancel_departure(row, seen_version=1, user=user)
    send_routes(client=client)
    assert trips() == []
    assert len(list(client.routes(start=NOW, end=NOW + 24 * HOUR))) == others


def test_what_is_clicked_arrives(client, remote, ours, user, world):
    type_state_of_charge(ours, percent=Decimal("47.5"), at=NOW, key="a", user=user)
    session = next(
        each for network in client.networks() for each in client.active_sessions(network.id)
    )
    there = SessionFactory(remote_id=session.id, vehicle_remote_id=remote.id)
    charge_first(there, ours, key="b", user=user)
    create_in_ampcontrol(VehicleFactory(fleet=ours.fleet, number="Van 77"), user=user)

    send_tellings(client=client)

    assert set(Telling.objects.values_list("kind", "state")) == {
        ("state-of-charge", "done"),
        ("priority", "done"),
        ("vehicle", "done"),
    }
    (told,) = client.telematics_of(remote.id, start=NOW - HOUR / 60, end=NOW + HOUR / 60)
    assert told.state_of_charge == Decimal("47.5")
    changed = [
        each
        for network in client.networks()
        for each in client.active_sessions(network.id)
        if each.id == session.id
    ]
    assert changed[0].priority == 1
    assert "Van 77" in {each.customer_number for each in client.vehicles()}


def test_an_alert_that_is_not_there_is_a_refusal(client, user, db):
    acknowledge(AlertFactory(remote_id="00000000-0000-4000-8000-000000000000"), user=user)
    send_tellings(client=client)
    assert Telling.objects.get().state == "refused"
