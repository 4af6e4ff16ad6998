"""Downtime at the simulated operator: by its contract, made by people and by faults."""

from datetime import timedelta

import httpx
import pytest

from sandbox.app import create_app
from sandbox.world.downtime import PLANNED
from tests.contract.checker import ContractChecker
from tests.sandbox.conftest import API, HOUR, NOW, SOON, TOKEN, new_booking

EVSES = f"{API}/evse-downtime-periods/v1.0"
CHARGE_POINTS = f"{API}/charge-point-downtime-periods/v1.0"


@pytest.fixture(scope="module")
def checker():
    return ContractChecker()


@pytest.fixture
def call(http, checker):
    """Send something and check the answer against the document."""

    def call(method, path, body=None, *, status):
        response = http.request(method, path, json=body)
        assert response.status_code == status, response.text
        checker.check_response(response.request, response)
        return response.json() if response.content else None

    return call


def of_evse(**changes):
    return {
        "evseId": 5001,
        "noticeId": 1,
        "startedAt": SOON.isoformat(),
        "endedAt": (SOON + HOUR).isoformat(),
    } | changes


@pytest.mark.parametrize(
    ("path", "place"), [(EVSES, {"evseId": 5001}), (CHARGE_POINTS, {"chargePointId": 1001})]
)
def test_life_of_a_planned_period(world, call, path, place):
    body = {name: value for name, value in of_evse().items() if name != "evseId"} | place
    made = call("POST", path, body, status=201)["data"]
    assert (made["entryMode"], made["type"], made["noticeId"]) == ("manual", "exempt", 1)
    one = f"{path}/{made['id']}"
    assert call("GET", one, status=200)["data"] == made
    sooner = {"endedAt": (SOON + HOUR / 2).isoformat()}
    changed = call("PATCH", one, sooner, status=200)["data"]
    assert changed["endedAt"] == "2026-03-02T12:30:00Z"
    call("DELETE", one, status=204)
    call("GET", one, status=404)
    assert call("POST", path, body, status=201)["data"]["id"] > made["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"evseId": 99},
        {"noticeId": 11},
        {"noticeId": 99},
        {"endedAt": SOON.isoformat()},
        {"endedAt": None},
        {"startedAt": "tomorrow"},
    ],
)
def test_refuses(call, world, changes):
    before = len(world.downtimes)
    call("POST", EVSES, of_evse(**changes), status=422)
    assert len(world.downtimes) == before


def test_a_fault_is_downtime_that_nobody_can_change(world, call):
    world.set_evse_status(5001, "out of order")
    world.set_evse_status(5001, "out of order")
    (period,) = call("GET", f"{EVSES}?filter[entryMode]=automatic", status=200)["data"]
    assert (period["endedAt"], period["type"]) == (None, "downtime")
    one = f"{EVSES}/{period['id']}"
    call("PATCH", one, {"endedAt": (NOW + HOUR).isoformat()}, status=422)
    call("PATCH", one, {"noticeId": 1}, status=422)
    assert call("PATCH", one, {"noticeId": 11}, status=200)["data"]["noticeId"] == 11
    call("DELETE", one, status=403)
    world.clock.advance(HOUR)
    world.set_evse_status(5001, "enabled")
    assert call("GET", one, status=200)["data"]["endedAt"] == "2026-03-02T10:07:30Z"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter[evseId]=5001", 1),
        ("filter[evseId]=5002", 0),
        ("filter[chargePointId]=1001", 1),
        ("filter[locationId]=101&filter[type]=exempt", 1),
        ("filter[type]=downtime", 0),
        ("filter[startedAfter]=2026-03-02T12:00:00Z&filter[evseId]=5001", 1),
        ("filter[startedAfter]=2026-03-02T12:00:01Z&filter[evseId]=5001", 0),
        ("filter[stoppedBefore]=2026-03-02T12:59:00Z", 0),
        ("filter[durationLessThan]=60&filter[evseId]=5001", 1),
        ("filter[durationGreaterThan]=61&filter[evseId]=5001", 0),
        ("filter[lastUpdatedAfter]=2026-03-02T09:07:00Z&filter[evseId]=5001", 1),
        ("filter[lastUpdatedAfter]=2026-03-02T09:08:00Z", 0),
    ],
)
def test_filters(call, query, found):
    call("POST", EVSES, of_evse(), status=201)
    assert len(call("GET", f"{EVSES}?{query}", status=200)["data"]) == found


def test_notices_by_type(call):
    path = f"{API}/downtime-period-notices/v1.0?filter[type]=downtime"
    assert {each["type"] for each in call("GET", path, status=200)["data"]} == {"downtime"}


@pytest.mark.parametrize("forbidden", ["downtime", "downtime-writes"])
def test_a_token_may_lack_the_right(world, call, forbidden):
    world.forbidden = [forbidden]
    call("POST", EVSES, of_evse(), status=403)
    call("GET", EVSES, status=403 if forbidden == "downtime" else 200)


@pytest.mark.parametrize("blocks", [False, True])
def test_whether_it_blocks_bookings_is_a_setting(world, call, ask, blocks):
    """AMPECO's document says nothing about that."""
    world.downtime_blocks = blocks
    evse = world.evses[5001]
    call("POST", CHARGE_POINTS, of_evse(chargePointId=evse.charge_point_id), status=201)
    assert world.is_free(evse, SOON, SOON + HOUR) is not blocks
    asked = ask(new_booking(world, evse)).json()["data"]
    assert asked["status"] == ("rejected" if blocks else "approved")


def test_work_is_planned_for_the_coming_days(world):
    planned = [each for each in world.downtimes.values() if each.entry_mode == "manual"]
    assert len(planned) == len(PLANNED)
    assert all(NOW < each.started_at < NOW + timedelta(days=5) for each in planned)


def test_is_remembered(world, tmp_path):
    world.state_file = tmp_path / "state"
    transport = httpx.WSGITransport(create_app(world, token=TOKEN))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(transport=transport, base_url="http://operator.test", headers=headers) as to:
        made = to.post(EVSES, json=of_evse()).json()["data"]["id"]
        to.delete(f"{EVSES}/{next(pk for pk, e in world.downtimes.items() if e.evse_id)}")
    kept = dict(world.downtimes)
    world.downtimes.clear()
    world.load()
    assert world.downtimes == kept
    assert made in kept
