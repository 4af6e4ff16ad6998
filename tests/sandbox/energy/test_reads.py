"""What the simulated Ampcontrol can be asked for."""

from datetime import datetime, timedelta

import pytest

from sandbox.energy.cast import CARS
from tests.sandbox.energy.conftest import NOW
from tests.sandbox.energy.test_physics import HOURS_OF_DAY

DAY = timedelta(days=1)
WHOLE = (
    "/v2/users/me",
    "/v2/networks/",
    "/v2/charge_points/",
    "/v2/connectors/",
    "/v2/vehicles/",
    "/v2/vehicles/groups",
    "/v2/vehicles/telematics/live",
    "/v2/id_tags/",
    "/v2/planned_routes/",
)
OF_A_NETWORK = (
    "/v2/charging_sessions/",
    "/v2/optimizations/",
    "/v2/alerts/",
    "/v2/events/",
    "/v2/kpis/uptime/network",
    "/v2/kpis/uptime/charge_points",
)
SERIES = (
    "/v2/profiles/optimizations/",
    "/v2/profiles/prices/",
    "/v2/profiles/capacities/",
    "/v2/profiles/meter_values/power",
    "/v2/profiles/meter_values/energy",
    "/v2/profiles/dr_events/",
    "/v2/profiles/baseloads/",
    "/v2/profiles/solar_meterings/",
    "/v2/profiles/connectivity/",
    "/v2/profiles/uptime/",
)


@pytest.fixture
def red_hook(get) -> str:
    return get("/v2/networks/")[0]["id"]


@pytest.mark.parametrize("path", WHOLE)
def test_records(get, path):
    assert get(path)


@pytest.mark.parametrize("path", OF_A_NETWORK)
def test_records_of_a_network(get, red_hook, path):
    assert get(path, network=red_hook)


@pytest.mark.parametrize("path", SERIES)
def test_series(get, red_hook, path):
    series = get(path, network=red_hook, type="Load Amount", resolution="15m", limit=1000)
    times = [datetime.fromisoformat(point["time"]) for point in series["data"]]
    assert times
    assert times == sorted(set(times))


@pytest.mark.parametrize("now", HOURS_OF_DAY, ids=str)
def test_all_of_it_at_any_hour(now, world, get):
    world.clock.freeze(now)
    for path in WHOLE:
        get(path)
    for network in get("/v2/networks/"):
        for path in (*OF_A_NETWORK, *SERIES):
            get(path, network=network["id"], type="Load Amount", resolution="15m")
    for vehicle in get("/v2/vehicles/"):
        get(f"/v2/vehicles/{vehicle['id']}/telematics")


def test_each_record_by_itself(get, red_hook):
    for path in ("networks", "charge_points", "connectors", "vehicles"):
        for record in get(f"/v2/{path}/"):
            (again,) = get(f"/v2/{path}/{record['id']}")
            assert again == record
    for path in ("charging_sessions", "alerts"):
        for record in get(f"/v2/{path}/", network=red_hook):
            assert get(f"/v2/{path}/{record['id']}") == [record]
    route = get("/v2/planned_routes/")[0]
    assert get(f"/v2/planned_routes/{route['id']}") == [route]


def test_charge_points_are_ampecos_but_for_some(world, get):
    points = get("/v2/charge_points/")
    ours = {each.ocpp_id for each in world.charge_points.values()}
    serials = {each.serial_number for each in world.charge_points.values()}
    exact = [each for each in points if each["ocppId"] in ours]
    others = [each for each in points if each["ocppId"] not in ours]
    assert len(exact) >= 8
    upper = [each for each in others if (each["ocppId"] or "").lower() in ours]
    engraved = [each for each in others if not each["ocppId"] and each["serialNumber"] in serials]
    unknown = [each for each in others if each["serialNumber"] not in serials]
    assert (len(upper), len(engraved), len(unknown)) == (1, 1, 1)
    assert len(others) == 3


def test_one_connector_too_many(world, get):
    points = {each["id"]: each["ocppId"] for each in get("/v2/charge_points/")}
    counts: dict[str, int] = {}
    for connector in get("/v2/connectors/"):
        ocpp_id = points[connector["chargePointId"]]
        counts[ocpp_id] = counts.get(ocpp_id, 0) + 1
    differing = {
        each.ocpp_id: counts[each.ocpp_id] - len(each.evse_ids)
        for each in world.charge_points.values()
        if each.ocpp_id in counts and counts[each.ocpp_id] != len(each.evse_ids)
    }
    assert list(differing.values()) == [1]


def test_vehicles_of_two_fleets_and_of_nobody(get):
    vehicles = get("/v2/vehicles/")
    assert len(vehicles) == len(CARS)
    assert {"Hudson vans", "Rhône", None} <= {each["group"] for each in vehicles}
    for known in ("VIN", "licensePlate", "customerVehicleId"):
        assert any(each[known] for each in vehicles)
    # Who has never told anything has 0.0 all the same.
    (silent,) = [each for each in vehicles if each["name"] == "HPF van 33"]
    assert silent["stateOfCharge"] == 0.0
    told = {each["vehicleId"] for each in get("/v2/vehicles/telematics/live")}
    assert silent["id"] not in told


def test_one_tag_is_not_linked(get):
    tags = get("/v2/id_tags/")
    hudson = [each for each in tags if each["customGroup"] == "Hudson vans"]
    assert [each["vehicleId"] for each in hudson].count(None) == 1
    assert len(hudson) > 3


def test_telematics_of_a_vehicle(get):
    driven = set()
    for vehicle in get("/v2/vehicles/"):
        rows = get(f"/v2/vehicles/{vehicle['id']}/telematics", limit=1000)
        times = [each["timestamp"] for each in rows]
        assert times == sorted(times, reverse=True)
        assert all(each <= NOW.isoformat() for each in times)
        driven |= {each["ignition"] for each in rows}
        series = get("/v2/profiles/telematics/soc", vehicle=vehicle["id"])["data"]
        assert {each["time"] for each in series} >= set(times)
    assert driven == {True, False}


def test_what_was_updated_since(get):
    assert len(get("/v2/vehicles/", updated=(NOW - DAY / 2).isoformat())) < len(CARS)
    assert get("/v2/networks/", updated=NOW.isoformat()) == []
