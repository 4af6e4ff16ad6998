"""Whoever sends Ampcontrol what nobody may send is noticed, whatever becomes of the call."""

import pytest

from sandbox.ampcontrol.dispatch import OPERATIONS
from tests.operator_fixture import assert_nobody_tripped
from tests.sandbox.energy.test_physics import plug_in_everywhere

ANY = "0e4bd4a2-0000-5000-8000-000000000000"
NEVER = (
    ("POST", "/v2/charging_sessions/"),
    ("DELETE", f"/v2/charging_sessions/{ANY}"),
    ("DELETE", f"/v2/charging_sessions/{ANY}/7"),
    ("POST", "/v2/networks/"),
    ("PATCH", f"/v2/networks/{ANY}"),
    ("DELETE", f"/v2/networks/{ANY}"),
    ("PATCH", f"/v2/charge_points/{ANY}"),
    ("PATCH", f"/v2/connectors/{ANY}"),
    ("GET", "/v2/configurations/"),
    ("POST", "/v2/configurations/"),
    ("PATCH", "/v2/configurations/ocpp_settings"),
    ("POST", "/v2/ocpp_messages/net-1001"),
    ("POST", "/v2/ocpp_messages/"),
    ("GET", "/v2/ocpp_messages/"),
    ("DELETE", f"/v2/vehicles/{ANY}"),
    ("PATCH", "/v2/vehicles/"),
    ("PATCH", f"/v2/id_tags/{ANY}"),
    ("POST", "/v2/meter_values/"),
    ("POST", "/v2/capacities/"),
    ("POST", "/v2/prices/"),
    ("POST", "/v2/dr_events/"),
    ("POST", "/v2/users/login"),
    ("GET", "/v2/users"),
    ("PATCH", "/v2/users/me"),
    ("POST", "/v2/diagnostics"),
    ("GET", "/v2/cdrs/"),
    ("PATCH", f"/v2/events/{ANY}"),
    ("GET", "/v2/unheard-of/"),
    ("GET", "/v1/networks/"),
    ("PUT", f"/v2/vehicles/{ANY}"),
)


@pytest.mark.parametrize(("method", "path"), NEVER)
@pytest.mark.parametrize("token", ["right", "wrong"])
def test_what_nobody_may_send(http, physics, method, path, token):
    headers = {} if token == "right" else {"Authorization": "Bearer wrong"}
    answer = http.request(method, path, headers=headers, json={"a": 1})
    assert 400 <= answer.status_code < 500
    (tripped,) = physics.depots.tripped
    assert (tripped.method, tripped.path) == (method, f"/ampcontrol{path}")
    with pytest.raises(AssertionError, match="tripwire"):
        assert_nobody_tripped(physics.world)
    physics.depots.clear_tripwire()
    assert_nobody_tripped(physics.world)


@pytest.mark.parametrize(
    "body",
    [
        {"meterStop": 100},
        {"ocppTransactionStop": "2026-03-04T01:00:00Z"},
        {"priority": 1, "meterStop": 100},
        {"vehicleId": ANY},
        {"energyToCharge": 10},
    ],
)
def test_a_session_gets_a_priority_and_nothing_else(world, http, physics, body):
    plug_in_everywhere(world)
    physics.look()
    charge = next(iter(physics.arrivals.charges.values()))
    answer = http.patch(f"/v2/charging_sessions/{charge.id}", json=body)
    assert answer.status_code == 403
    assert len(physics.depots.tripped) == 1
    assert charge.priorities == []


def test_facts_of_a_vehicle_are_not_the_portals_to_change(http, physics):
    vehicle = physics.depots.vehicle_of["van-7"]
    answer = http.patch(f"/v2/vehicles/{vehicle.id}", json={"batteryCapacity": 1})
    assert answer.status_code == 403
    assert len(physics.depots.tripped) == 1


def test_routes_of_others_are_left_alone(http, get, physics):
    route = get("/v2/planned_routes/")[0]
    for method, body in (("PATCH", {"end": route["end"]}), ("DELETE", None)):
        answer = http.request(method, f"/v2/planned_routes/{route['id']}", json=body)
        assert answer.status_code == 403
    nameless = {"start": route["start"], "end": route["end"], "demand": {"distance": 1}}
    answer = http.post("/v2/planned_routes/", json={"routes": [nameless]})
    assert answer.status_code == 403
    assert len(physics.depots.tripped) == 3


def test_staff_may_acknowledge_and_not_resolve(world, http, get, physics):
    plug = next(each for each in physics.depots.plugs.values() if each.evse_id)
    world.set_evse_status(plug.evse_id, "out of order")
    (alert,) = get("/v2/alerts/", network=plug.charger.network.id, name="FAULTED")
    answer = http.patch(f"/v2/alerts/{alert['id']}", json={"status": "Resolved"})
    assert answer.status_code == 403
    assert len(physics.depots.tripped) == 1


def test_nobody_trips_by_what_may_be_sent(http, physics):
    for method, path in OPERATIONS:
        http.request(method, path.replace("<pk>", ANY), json={"a": 1} if method != "GET" else None)
    assert [each.why for each in physics.depots.tripped] == []
