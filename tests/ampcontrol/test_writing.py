"""What is sent to change something: only what is switched on, once, and nothing else with it."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch, WriteSwitchedOff
from ampcontrol.types import Route
from tests.ampcontrol.stand_in import ORIGIN, TOKEN, data, payload
from upstream.errors import UpstreamNotFound, UpstreamRejected, UpstreamUnavailable

DAWN = datetime(2026, 3, 2, 5, 30, tzinfo=UTC)
BACK = datetime(2026, 3, 2, 15, tzinfo=UTC)
VEHICLE = payload("vehicle")["id"]
SESSION = payload("session")["id"]
ALERT = payload("alert")["id"]
PATCHED = data([payload("vehicle")])


def route(**changes) -> Route:
    return Route(
        **{
            "id": "",
            "external_id": "chargebook-17",
            "vehicle_id": VEHICLE,
            "vehicle_group": "",
            "starts_at": DAWN,
            "ends_at": BACK,
            "distance_km": Decimal("120.5"),
            "energy_kwh": None,
            "target_percent": Decimal(90),
            "status": "",
            **changes,
        }
    )


WRITES = {
    "departure": (
        Switch.DEPARTURES,
        lambda c: c.set_departure(VEHICLE, departs_at=DAWN, target_percent=Decimal("87.5")),
        ("PATCH", f"vehicles/{VEHICLE}"),
        {"departureTime": "2026-03-02T05:30:00Z", "targetStateOfCharge": 87.5},
    ),
    "departure with what is in the battery": (
        Switch.DEPARTURES,
        lambda c: c.set_departure(VEHICLE, departs_at=DAWN, state_of_charge=Decimal(20)),
        ("PATCH", f"vehicles/{VEHICLE}"),
        {"departureTime": "2026-03-02T05:30:00Z", "stateOfCharge": 20.0},
    ),
    "no departure any more": (
        Switch.DEPARTURES,
        lambda c: c.set_departure(VEHICLE, departs_at=None),
        ("PATCH", f"vehicles/{VEHICLE}"),
        {"departureTime": None},
    ),
    "vehicle": (
        Switch.VEHICLES,
        lambda c: c.create_vehicle(name="Van 14", vin="V1", battery_kwh=Decimal("75.5"), year=2024),
        ("POST", "vehicles/"),
        {"name": "Van 14", "VIN": "V1", "batteryCapacity": 75.5, "year": 2024},
    ),
    "routes": (
        Switch.ROUTES,
        lambda c: c.create_routes([route()]),
        ("POST", "planned_routes/"),
        {
            "routes": [
                {
                    "vehicleId": VEHICLE,
                    "externalId": "chargebook-17",
                    "start": "2026-03-02T05:30:00Z",
                    "end": "2026-03-02T15:00:00Z",
                    "demand": {"distance": 120.5, "stateOfCharge": 90.0},
                }
            ]
        },
    ),
    "changed route": (
        Switch.ROUTES,
        lambda c: c.change_route(route(id="r-1", vehicle_id="", vehicle_group="Early")),
        ("PATCH", "planned_routes/r-1"),
        {
            "vehicleGroup": "Early",
            "externalId": "chargebook-17",
            "start": "2026-03-02T05:30:00Z",
            "end": "2026-03-02T15:00:00Z",
            "demand": {"distance": 120.5, "stateOfCharge": 90.0},
        },
    ),
    "no route any more": (
        Switch.ROUTES,
        lambda c: c.delete_route("r-1"),
        ("DELETE", "planned_routes/r-1"),
        None,
    ),
    "state of charge": (
        Switch.STATES_OF_CHARGE,
        lambda c: c.tell_state_of_charge(VEHICLE, percent=Decimal(62), at=DAWN),
        ("POST", f"vehicles/{VEHICLE}/telematics"),
        {"timestamp": "2026-03-02T05:30:00Z", "stateOfCharge": 62.0},
    ),
    "priority": (
        Switch.PRIORITIES,
        lambda c: c.set_priority(SESSION, priority=1),
        ("PATCH", f"charging_sessions/{SESSION}"),
        {"priority": 1},
    ),
    "alert": (
        Switch.ALERTS,
        lambda c: c.acknowledge_alert(ALERT, notes="On it."),
        ("PATCH", f"alerts/{ALERT}"),
        {"status": "Acknowledged", "notes": "On it."},
    ),
    "alert without notes": (
        Switch.ALERTS,
        lambda c: c.acknowledge_alert(ALERT),
        ("PATCH", f"alerts/{ALERT}"),
        {"status": "Acknowledged"},
    ),
}
ANSWERS = {"vehicles/": "vehicle", "planned_routes/": "route"}


def answer_to(path: str) -> httpx.Response:
    return data([payload(ANSWERS.get(path, "vehicle"))])


@pytest.mark.parametrize("name", WRITES)
def test_a_write_goes_out_as_printed_and_as_json(client, platform, name):
    _, write, (method, path), body = WRITES[name]
    platform.answers(method, path, answer_to(path))
    write(client)
    assert platform.sent == [(method, f"/v2/{path}")]
    assert platform.bodies == [body]
    if body is not None:
        assert platform.requests[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_is_not_switched_on_sends_nothing(platform, name):
    switch, write, _, _ = WRITES[name]
    others = frozenset(Switch) - {switch}
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, writes=others, transport=platform)
    with pytest.raises(WriteSwitchedOff, match=switch.value):
        write(client)
    assert (platform.requests, client.calls) == ([], 0)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_needs_no_other_switch_than_its_own(platform, name):
    switch, write, (method, path), _ = WRITES[name]
    client = AmpcontrolClient(base_url=ORIGIN, token=TOKEN, writes={switch}, transport=platform)
    platform.answers(method, path, answer_to(path))
    write(client)
    assert client.calls == 1


def test_every_switch_has_a_write():
    assert {switch for switch, *_ in WRITES.values()} == set(Switch)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), httpx.Response(500)], ids=str)
def test_a_write_is_sent_once_and_may_have_arrived(client, platform, name, failure):
    _, write, (method, path), _ = WRITES[name]
    platform.answers(method, path, failure)
    with pytest.raises(UpstreamUnavailable) as error:
        write(client)
    assert error.value.ambiguous
    assert client.calls == 1


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_of_a_write_is_followed(client, platform, name, status):
    _, write, (method, path), _ = WRITES[name]
    there = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    redirect = httpx.Response(status, headers={"Location": f"/v2/{there}"})
    platform.answers(method, path, redirect)
    with pytest.raises(UpstreamUnavailable) as error:
        write(client)
    assert error.value.ambiguous
    assert platform.sent == [(method, f"/v2/{path}")]


@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_is_answered_with_a_failure_failed(client, platform, name):
    _, write, (method, path), _ = WRITES[name]
    platform.answers(method, path, httpx.Response(200, json={"status": "fail", "data": {}}))
    with pytest.raises(UpstreamRejected):
        write(client)
    assert client.calls == 1


# A vehicle's name


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(400, json={"status": "fail", "message": "'name' is a required property"}),
        httpx.Response(422, json={"errors": {"name": ["Missing data for required field."]}}),
        httpx.Response(400, text="Name is required."),
    ],
)
def test_a_change_that_wants_the_name_is_sent_once_more_with_it(client, platform, refusal):
    platform.answers("PATCH", f"vehicles/{VEHICLE}", refusal, PATCHED)
    platform.answers("GET", f"vehicles/{VEHICLE}", data([payload("vehicle")]))
    client.set_departure(VEHICLE, departs_at=DAWN)
    assert [method for method, _ in platform.sent] == ["PATCH", "GET", "PATCH"]
    assert platform.bodies[2] == {"departureTime": "2026-03-02T05:30:00Z", "name": "Bus 2"}


def test_but_only_once(client, platform):
    platform.answers("PATCH", f"vehicles/{VEHICLE}", httpx.Response(400, text="name"))
    platform.answers("GET", f"vehicles/{VEHICLE}", data([payload("vehicle")]))
    with pytest.raises(UpstreamRejected):
        client.set_departure(VEHICLE, departs_at=DAWN)
    assert [method for method, _ in platform.sent] == ["PATCH", "GET", "PATCH"]


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(400, text="targetStateOfCharge is out of range"),
        httpx.Response(403, text="name"),
        httpx.Response(404, text="name"),
    ],
)
def test_another_refusal_stands(client, platform, refusal):
    platform.answers("PATCH", f"vehicles/{VEHICLE}", refusal)
    with pytest.raises(UpstreamRejected):
        client.set_departure(VEHICLE, departs_at=DAWN)
    assert client.calls == 1


def test_a_vehicle_without_a_name_is_not_given_one(client, platform):
    platform.answers("PATCH", f"vehicles/{VEHICLE}", httpx.Response(400, text="name is required"))
    platform.answers("GET", f"vehicles/{VEHICLE}", data([payload("vehicle", name="")]))
    with pytest.raises(UpstreamRejected):
        client.set_departure(VEHICLE, departs_at=DAWN)
    assert [method for method, _ in platform.sent] == ["PATCH", "GET"]


# What is made


def test_what_was_made_has_ampcontrols_ids(client, platform):
    platform.answers("POST", "vehicles/", data([payload("vehicle")]))
    platform.answers("POST", "planned_routes/", data(payload("route")))
    assert client.create_vehicle(name="Bus 2").id == VEHICLE
    (made,) = client.create_routes([route()])
    assert (made.id, made.external_id) == (payload("route")["id"], "chargebook-17")


@pytest.mark.parametrize("found", [[], {}, None, [{"name": "no id"}]])
def test_what_was_made_and_cannot_be_read_must_be_looked_for(client, platform, found):
    platform.answers("POST", "vehicles/", data(found))
    with pytest.raises(UpstreamUnavailable) as error:
        client.create_vehicle(name="Bus 2")
    assert error.value.ambiguous


def test_no_routes_are_no_call(client):
    assert client.create_routes([]) == []
    assert client.calls == 0


def test_what_is_gone_already_is_told(client, platform):
    platform.answers("DELETE", "planned_routes/r-1", httpx.Response(404))
    with pytest.raises(UpstreamNotFound):
        client.delete_route("r-1")


def test_a_deletion_may_be_answered_with_nothing(client, platform):
    platform.answers("DELETE", "planned_routes/r-1", httpx.Response(204))
    client.delete_route("r-1")
    assert client.calls == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda c: c.set_priority(SESSION, priority=6),
        lambda c: c.set_priority("../x", priority=1),
        lambda c: c.set_departure(VEHICLE, departs_at=DAWN.replace(tzinfo=None)),
        lambda c: c.set_departure(VEHICLE, departs_at=DAWN, target_percent=Decimal(101)),
        lambda c: c.tell_state_of_charge(VEHICLE, percent=Decimal(-1), at=DAWN),
        lambda c: c.create_routes([route(external_id="")]),
        lambda c: c.create_routes([route(vehicle_id="")]),
        lambda c: c.create_routes([route(ends_at=None)]),
        lambda c: c.create_routes([route(distance_km=None, target_percent=None)]),
        lambda c: c.change_route(route()),
        lambda c: c.delete_route(""),
    ],
)
def test_what_makes_no_sense_is_not_sent(client, write):
    with pytest.raises(ValueError, match=r"\."):
        write(client)
    assert client.calls == 0
