"""The client against the simulated Ampcontrol: all it asks for is there, whatever goes wrong.

The simulated one trips over each call that nobody may send.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch
from ampcontrol.types import Route
from sandbox.energy.attach import physics_of
from sandbox.faults import ENERGY_KINDS
from sandbox.world.build import build_world
from tests.operator_fixture import Wire
from upstream.errors import UpstreamError, UpstreamNotFound
from upstream.rate_gate import MemoryGate

# Eight in the evening in New York.
NOW = datetime(2026, 3, 4, 1, 7, 30, tzinfo=UTC)
NIGHT = {"start": NOW - timedelta(hours=12), "end": NOW + timedelta(hours=12)}
HOUR = timedelta(hours=1)
READS = {
    "me": lambda c, of: c.me(),
    "networks": lambda c, of: c.networks(),
    "charge points": lambda c, of: c.charge_points(),
    "connectors": lambda c, of: c.connectors(network_id=of.network),
    "vehicles": lambda c, of: c.vehicles(),
    "vehicle": lambda c, of: c.vehicle(of.vehicle),
    "groups": lambda c, of: c.vehicle_groups(),
    "live telematics": lambda c, of: c.live_telematics(),
    "telematics": lambda c, of: c.telematics_of(of.vehicle, **NIGHT),
    "id tags": lambda c, of: c.id_tags(),
    "routes": lambda c, of: c.routes(start=NOW - timedelta(days=3), end=NOW + timedelta(days=9)),
    "active sessions": lambda c, of: c.active_sessions(of.network),
    "sessions": lambda c, of: c.sessions(**NIGHT, network_id=of.network),
    "optimizations": lambda c, of: c.optimizations(of.network),
    "alerts": lambda c, of: c.alerts(of.network, start=NOW - timedelta(days=7)),
    "events": lambda c, of: c.events(of.network, **NIGHT),
    "capacities": lambda c, of: c.capacities(of.network, **NIGHT),
    "prices": lambda c, of: c.prices(of.network, **NIGHT),
    "demand response": lambda c, of: c.demand_response(of.network, **NIGHT),
    "baseloads": lambda c, of: c.baseloads(of.network, **NIGHT),
    "solar": lambda c, of: c.solar(of.network, **NIGHT),
    "planned power": lambda c, of: c.planned_power(**NIGHT, network_id=of.network),
    "measured power": lambda c, of: c.measured_power(**NIGHT, network_id=of.network),
    "measured energy": lambda c, of: c.measured_energy(**NIGHT, vehicle_id=of.vehicle),
    "telematics' course": lambda c, of: c.state_of_charge(
        **NIGHT, vehicle_id=of.vehicle, by_telematics=True
    ),
    "chargers' course": lambda c, of: c.state_of_charge(**NIGHT, vehicle_id=of.vehicle),
    "uptime": lambda c, of: c.uptime(**NIGHT, step=HOUR, network_id=of.network),
    "connectivity": lambda c, of: c.connectivity(**NIGHT, step=HOUR, network_id=of.network),
    "uptime of a network": lambda c, of: c.network_uptime(of.network, **NIGHT),
}
# What may be empty in this world at this hour.
MAY_BE_EMPTY = {"chargers' course", "measured energy", "solar"}


class Names:
    """Records to ask about: the first network, and a vehicle that is charging there."""

    def __init__(self, client: AmpcontrolClient) -> None:
        self.networks = [network.id for network in client.networks()]
        sessions = [one for each in self.networks for one in client.active_sessions(each)]
        charging = next(session for session in sessions if session.vehicle_id)
        self.network = next(
            each
            for each in self.networks
            if charging.id in {session.id for session in client.active_sessions(each)}
        )
        self.session, self.vehicle = charging.id, charging.vehicle_id


@pytest.fixture
def world():
    return build_world(now=NOW)


@pytest.fixture
def simulated(world) -> Iterator[AmpcontrolClient]:
    client = AmpcontrolClient(
        base_url="http://operator.test/ampcontrol",
        token="ampcontrol-token",
        writes=frozenset(Switch),
        transport=Wire(world),
        gate=MemoryGate(),
    )
    yield client
    client.close()
    assert physics_of(world).depots.tripped == []


@pytest.fixture
def names(simulated) -> Names:
    return Names(simulated)


def told(answer):
    """Return an answer as it can be compared, and the same twice of the same world."""
    return list(answer) if isinstance(answer, Iterator) else answer


def test_all_that_is_asked_for_is_there(simulated, names):
    for name, read in READS.items():
        found = told(read(simulated, names))
        assert found or name in MAY_BE_EMPTY, name
        if isinstance(found, list) and hasattr(found[0] if found else None, "id"):
            assert len({item.id for item in found}) == len(found), name


@pytest.mark.parametrize("oddity", ["naive-times", "shifting-pages"])
def test_oddities_of_its_answers_change_nothing(world, simulated, names, oddity):
    for name, read in READS.items():
        before = told(read(simulated, names))
        world.faults.add(oddity)
        assert told(read(simulated, names)) == before, name
        world.faults.clear()


def test_words_that_nobody_has_heard_of_are_no_obstacle(world, simulated, names):
    for name, read in READS.items():
        before = told(read(simulated, names))
        world.faults.add("unknown-words")
        after = told(read(simulated, names))
        world.faults.clear()
        assert type(after) is type(before), name
        if isinstance(before, list):
            assert len(after) == len(before), name


@pytest.mark.parametrize("kind", ENERGY_KINDS)
def test_what_goes_wrong_is_an_error_of_ours(world, simulated, names, kind):
    for read in READS.values():
        world.faults.add(kind, seconds=0.001)
        with suppress(UpstreamError):
            told(read(simulated, names))
        world.faults.clear()


def test_a_night_can_be_told_and_taken_back(simulated, names):
    leaves = NOW + timedelta(hours=10)
    simulated.set_departure(names.vehicle, departs_at=leaves, target_percent=Decimal(80))
    vehicle = simulated.vehicle(names.vehicle)
    assert (vehicle.departs_at, vehicle.target_percent) == (leaves, 80)
    simulated.set_departure(names.vehicle, departs_at=None)
    assert simulated.vehicle(names.vehicle).departs_at is None


def test_routes_of_ours_come_and_go(simulated, names):
    wanted = Route(
        id="",
        external_id="chargebook-1",
        vehicle_id=names.vehicle,
        vehicle_group="",
        starts_at=NOW + timedelta(hours=30),
        ends_at=NOW + timedelta(hours=40),
        distance_km=Decimal(50),
        energy_kwh=None,
        target_percent=Decimal(80),
        status="",
    )
    window = {"start": NOW + timedelta(hours=24), "end": NOW + timedelta(hours=48)}

    def ours():
        return [one for one in simulated.routes(**window) if one.external_id == "chargebook-1"]

    (made,) = simulated.create_routes([wanted])
    later = made.ends_at + timedelta(hours=1)
    simulated.change_route(replace(made, ends_at=later))
    assert [(route.id, route.ends_at) for route in ours()] == [(made.id, later)]
    simulated.delete_route(made.id)
    assert ours() == []
    with pytest.raises(UpstreamNotFound):
        simulated.delete_route(made.id)


def test_what_somebody_typed_is_the_last_that_was_told(simulated):
    van = simulated.create_vehicle(name="Van 99", vin="1FTBW9CK", battery_kwh=Decimal("89.5"))
    # Never told: 0.0, and nothing from telematics.
    assert van.state_of_charge == 0
    assert van.id not in {each.vehicle_id for each in simulated.live_telematics()}
    simulated.tell_state_of_charge(van.id, percent=Decimal(62), at=NOW)
    (last,) = [each for each in simulated.live_telematics() if each.vehicle_id == van.id]
    assert (last.state_of_charge, last.at) == (62, NOW)


def test_somebody_gives_priority(simulated, names):
    simulated.set_priority(names.session, priority=1)
    priorities = {one.id: one.priority for one in simulated.active_sessions(names.network)}
    assert priorities[names.session] == 1


def test_staff_have_seen_an_alert(world, simulated, names):
    plug = next(each for each in physics_of(world).depots.plugs.values() if each.evse_id)
    world.evses[plug.evse_id].hardware_status = "faulted"
    window = {"start": NOW - timedelta(days=7), "end": NOW}

    def faults():
        alerts = [one for each in names.networks for one in simulated.alerts(each, **window)]
        return [one for one in alerts if one.name == "FAULTED"]

    (alert,) = faults()
    assert alert.status == "Triggered"
    simulated.acknowledge_alert(alert.id, notes="On it.")
    assert [(one.id, one.status) for one in faults()] == [(alert.id, "Acknowledged")]


def test_setting_up_costs_few_calls(simulated, names):
    before = simulated.calls
    for ask in ("networks", "charge points", "vehicles", "id tags", "live telematics"):
        told(READS[ask](simulated, names))
    list(simulated.connectors())
    assert simulated.calls - before == 6
