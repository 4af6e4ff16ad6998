"""What can be told to the simulated Ampcontrol, and what it makes of it."""

from datetime import timedelta

import pytest

from sandbox.energy.attach import physics_of
from sandbox.world.build import build_world
from tests.sandbox.energy.conftest import NOW, network_called
from tests.sandbox.energy.test_physics import plug_in_everywhere

HOUR = timedelta(hours=1)
MORNING = (NOW + 9 * HOUR).isoformat()


@pytest.fixture
def van(physics):
    return physics.depots.vehicle_of["van-14"]


def url(van) -> str:
    return f"/v2/vehicles/{van.id}"


def test_a_departure_stays_until_it_is_cleared(world, http, get, van):
    told = {"departureTime": MORNING, "targetStateOfCharge": 80}
    (answer,) = http.patch(url(van), json=told).json()["data"]
    assert (answer["departureTime"], answer["targetStateOfCharge"]) == (MORNING, 80)
    world.clock.advance(30 * HOUR)
    # It is past, and stays.
    assert get(url(van))[0]["departureTime"] == MORNING
    http.patch(url(van), json={"departureTime": None})
    (cleared,) = get(url(van))
    assert (cleared["departureTime"], cleared["targetStateOfCharge"]) == (None, 80)


def test_a_target_is_where_charging_ends(world, http, physics, van):
    plug_in_everywhere(world)
    physics.look()
    charge = next(
        each
        for each in physics.arrivals.charges.values()
        if each.vehicle_id == van.id and each.session is not None
    )
    physics.depots.fill("van-14", 30)
    http.patch(url(van), json={"targetStateOfCharge": 50, "departureTime": MORNING})
    world.clock.advance(3 * HOUR)
    physics.look()
    # A step is three minutes long: a little more than the target may be in it.
    assert 50 <= physics.percent_of(charge) < 60
    assert physics.power_of(charge) == 0


def test_a_state_of_charge_is_believed_until_the_vehicle_tells(world, http, get, physics, van):
    http.patch(url(van), json={"stateOfCharge": 12.5})
    assert get(url(van))[0]["stateOfCharge"] == 12.5
    world.clock.advance(3 * HOUR)
    assert get(url(van))[0]["stateOfCharge"] != 12.5
    silent = physics.depots.vehicle_of["van-33"]
    http.patch(url(silent), json={"stateOfCharge": 40})
    world.clock.advance(30 * HOUR)
    assert get(url(silent))[0]["stateOfCharge"] == 40


@pytest.mark.parametrize(
    "body",
    [
        {"targetStateOfCharge": 101},
        {"stateOfCharge": "full"},
        {"targetStateOfCharge": True},
        {"departureTime": "tomorrow"},
        {},
        [],
    ],
)
def test_what_makes_no_sense_is_refused(http, physics, van, body):
    assert http.patch(url(van), json=body).status_code == 400
    assert van.told == []
    assert physics.depots.tripped == []


def test_a_form_is_no_json(http, van):
    assert http.patch(url(van), data={"targetStateOfCharge": 80}).status_code == 400


def test_a_new_vehicle(http, get):
    made = http.post("/v2/vehicles/", json={"name": "Van 40", "VIN": "X" * 17}).json()["data"]
    assert (made[0]["name"], made[0]["stateOfCharge"], made[0]["targetStateOfCharge"]) == (
        "Van 40",
        0.0,
        100.0,
    )
    assert get(f"/v2/vehicles/{made[0]['id']}") == made
    assert http.post("/v2/vehicles/", json={"VIN": "X" * 17}).status_code == 400
    assert (
        http.post("/v2/vehicles/", json={"name": "X", "batteryCapacity": "big"}).status_code == 400
    )


def test_routes_of_ours(http, get, van):
    route = {
        "externalId": "chargebook-1",
        "vehicleId": van.id,
        "start": (NOW + 4 * HOUR).isoformat(),
        "end": (NOW + 9 * HOUR).isoformat(),
        "demand": {"distance": 80},
    }
    (made,) = http.post("/v2/planned_routes/", json={"routes": [route]}).json()["data"]
    assert (made["externalId"], made["status"]) == ("chargebook-1", "future")
    assert made in get("/v2/planned_routes/", vehicle=van.id)
    # Not twice under one name.
    assert http.post("/v2/planned_routes/", json={"routes": [route]}).status_code == 400
    changed = http.patch(
        f"/v2/planned_routes/{made['id']}", json={"demand": {"energy": 30.5}}
    ).json()["data"]
    assert changed[0]["demand"] == {"energy": 30.5}
    assert http.delete(f"/v2/planned_routes/{made['id']}").status_code == 200
    assert http.get(f"/v2/planned_routes/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"demand": {}},
        {"demand": None},
        {"end": NOW.isoformat()},
        {"start": "soon"},
        {"vehicleId": None},
        {"vehicleId": "0e4bd4a2-0000-5000-8000-000000000000"},
    ],
)
def test_routes_that_make_no_sense(http, van, changes):
    route = {
        "externalId": "chargebook-1",
        "vehicleId": van.id,
        "start": (NOW + 4 * HOUR).isoformat(),
        "end": (NOW + 9 * HOUR).isoformat(),
        "demand": {"distance": 80},
    }
    answer = http.post("/v2/planned_routes/", json={"routes": [route | changes]})
    assert answer.status_code in {400, 404}


def test_a_typed_state_of_charge_is_telematics(http, get, physics):
    silent = physics.depots.vehicle_of["van-33"]
    answer = http.post(
        f"{url(silent)}/telematics",
        json={"timestamp": NOW.isoformat(), "stateOfCharge": 33},
    )
    assert answer.status_code == 200
    (row,) = get(f"{url(silent)}/telematics")
    assert (row["stateOfCharge"], row["timestamp"]) == (33, NOW.isoformat())
    live = {each["vehicleId"]: each for each in get("/v2/vehicles/telematics/live")}
    assert live[silent.id] == row
    assert get(url(silent))[0]["stateOfCharge"] == 33
    for body in ({"stateOfCharge": 33}, {"timestamp": NOW.isoformat()}):
        assert http.post(f"{url(silent)}/telematics", json=body).status_code == 400


def test_a_priority_counts(world, http, get, physics):
    """At Delancey all have the same share of the line, but for whom somebody opted out."""
    delancey = network_called(physics, "Delancey")
    plug_in_everywhere(world)
    sessions = get("/v2/charging_sessions/", network=delancey.id, limit=1000)
    by_id = {each.id: each for each in physics.arrivals.charges.values()}
    fast = [each for each in sessions if by_id[each["id"]].plug.current == "dc"]
    chosen = by_id[fast[0]["id"]]
    before = physics.limits[delancey.id][chosen.key]
    answer = http.patch(f"/v2/charging_sessions/{chosen.id}", json={"priority": 0})
    assert answer.json()["data"][0]["priority"] == 0
    world.clock.advance(timedelta(minutes=6))
    physics.look()
    assert physics.limits[delancey.id][chosen.key] > before
    for wrong in (6, -1, "high", None, True):
        answer = http.patch(f"/v2/charging_sessions/{chosen.id}", json={"priority": wrong})
        assert answer.status_code == 400


def test_an_alert_is_acknowledged(world, http, get, physics):
    plug = next(each for each in physics.depots.plugs.values() if each.evse_id)
    world.set_evse_status(plug.evse_id, "out of order")
    network = plug.charger.network.id
    (alert,) = get("/v2/alerts/", network=network, name="FAULTED")
    assert (alert["status"], alert["connectorId"]) == ("Triggered", plug.id)
    told = {"status": "Acknowledged", "notes": "A fitter comes."}
    assert http.patch(f"/v2/alerts/{alert['id']}", json=told).status_code == 200
    (seen,) = get("/v2/alerts/", network=network, name="FAULTED")
    assert (seen["status"], seen["notes"]) == ("Acknowledged", "A fitter comes.")
    assert get("/v2/alerts/", network=network, status="Triggered", name="FAULTED") == []


def test_an_alert_that_is_over_may_be_acknowledged_too(world, http, get, physics):
    over = {}
    for network in physics.depots.networks:
        for alert in get("/v2/alerts/", network=network, name="CHARGER_DISCONNECTED"):
            over[alert["id"]] = alert
    pk = next(pk for pk, alert in over.items() if alert["status"] == "Resolved")
    http.patch(f"/v2/alerts/{pk}", json={"status": "Acknowledged"})
    (seen,) = get(f"/v2/alerts/{pk}")
    assert seen["status"] == "Acknowledged"


def test_all_of_it_survives_the_process(world, http, physics, van, tmp_path):
    path = tmp_path / "operator.json"
    world.state_file = path
    http.patch(url(van), json={"departureTime": MORNING, "targetStateOfCharge": 70})
    http.patch(url(physics.depots.vehicle_of["van-33"]), json={"stateOfCharge": 41})
    http.post("/v2/vehicles/", json={"name": "Made"})
    route = {
        "externalId": "ours",
        "vehicleGroup": "Hudson vans",
        "start": (NOW + 4 * HOUR).isoformat(),
        "end": (NOW + 9 * HOUR).isoformat(),
        "demand": {"distance": 80},
    }
    for name in ("ours", "gone"):
        made = http.post("/v2/planned_routes/", json={"routes": [route | {"externalId": name}]})
    http.delete(f"/v2/planned_routes/{made.json()['data'][0]['id']}")
    http.post(f"{url(van)}/telematics", json={"timestamp": NOW.isoformat(), "stateOfCharge": 33})
    plug_in_everywhere(world)
    charge = next(
        each for each in _looked(world, physics).arrivals.charges.values() if each.session
    )
    http.patch(f"/v2/charging_sessions/{charge.id}", json={"priority": 1})
    http.delete("/v2/vehicles/1")
    physics.depots.switch("unlinked_tags", on=True)
    physics.depots.fill("van-7", 12)
    world.clock.advance(HOUR)
    _looked(world, physics)
    world.save()

    again = build_world(now=world.clock.now())
    again.state_file = path
    again.load()
    woken = _looked(again, physics_of(again))

    for name in ("routes", "typed", "priorities", "switched", "tripped", "filled", "vehicles"):
        ours, theirs = getattr(physics.depots, name), getattr(woken.depots, name)
        if name == "priorities":
            ours = {key: log for key, log in ours.items() if log}
            theirs = {key: log for key, log in theirs.items() if log}
        assert theirs == ours, name
    assert woken.depots.is_on("unlinked_tags")
    assert woken.now == physics.now


def _looked(world, physics):
    world.tick()
    physics.look()
    return physics
