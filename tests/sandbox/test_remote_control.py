"""What simulated chargers do when they are told to from afar, to the letter of the document."""

from datetime import timedelta

import httpx
import pytest

from sandbox.faults import ConnectionCut
from sandbox.world.cast import ANA, CARLA
from sandbox.world.control import ERROR_CODES
from tests.contract.checker import ContractChecker
from tests.sandbox.conftest import API, HOUR, NOW

ACTIONS = "/public-api/actions"
START = f"{ACTIONS}/evse/v1.0/5001/start"


@pytest.fixture(scope="module")
def checker() -> ContractChecker:
    """The vendor's document."""
    return ContractChecker()


@pytest.fixture
def tell(http, checker):
    """Tell a charger something, and check call and answer against the document."""

    def tell(path: str, body=None, *, status: int = 202) -> httpx.Response:
        response = http.post(path, json=body)
        checker.check_request(response.request)
        checker.check_response(response.request, response)
        assert response.status_code == status, response.text
        return response

    return tell


@pytest.fixture
def booking(world):
    """A booking that runs."""
    return world.add_booking(
        location_id=101,
        evse_id=5001,
        start_at=NOW - timedelta(minutes=1),
        end_at=NOW + HOUR,
        user_id=ANA.id,
        status="reserved",
    )


def body_for(booking) -> dict[str, int]:
    return {"userId": ANA.id, "bookingId": booking.id}


def point_of(world, evse_id: int = 5001) -> str:
    evse = world.evses[evse_id]
    return f"{ACTIONS}/charge-point/v1.0/{evse.charge_point_id}"


def test_a_charge_begins_and_takes_the_charger(world, tell, http, booking):
    answer = tell(START, body_for(booking)).json()
    assert answer["success"] is True
    read = http.get(f"{API}/sessions/v1.0/{answer['sessionId']}").json()["data"]
    assert (read["status"], read["bookingId"], read["evseId"]) == ("active", booking.id, 5001)
    assert http.get(f"{API}/bookings/v1.0/{booking.id}").json()["data"]["status"] == "completed"
    assert not world.is_free(world.evses[5001], NOW, NOW + HOUR / 2)

    assert tell(f"{point_of(world)}/stop/{answer['sessionId']}", {"force": False}).content == b""
    read = http.get(f"{API}/sessions/v1.0/{answer['sessionId']}").json()["data"]
    assert read["status"] == "finished"
    assert world.is_free(world.evses[5001], NOW, NOW + HOUR / 2)
    assert [(told.what, told.outcome) for told in world.told] == [
        ("start", "done"),
        ("stop", "done"),
    ]
    # It is over by now.
    tell(f"{point_of(world)}/stop/{answer['sessionId']}", {}, status=406)


def test_by_the_number_on_the_charge_point(world, tell, booking):
    network_id = world.evses[5001].network_id
    assert tell(f"{point_of(world)}/start/{network_id}", body_for(booking)).json()["success"]
    assert tell(f"{point_of(world)}/unlock/{network_id}").json() == {"success": True}
    # The plug is out: the charge is over.
    assert world.sessions[1].stops_at == NOW


@pytest.mark.parametrize("code", ERROR_CODES)
def test_each_refusal_of_the_document(world, tell, booking, code):
    world.control_plans[5001] = [code]
    answer = tell(START, body_for(booking)).json()
    assert (answer["success"], answer["errorCode"], answer["sessionId"]) == (False, code, None)
    assert not world.sessions
    assert tell(START, body_for(booking)).json()["success"] is True


def test_a_charger_that_is_taken(world, tell, booking):
    tell(START, body_for(booking))
    other = world.add_booking(
        location_id=101, evse_id=5001, start_at=NOW, end_at=NOW + HOUR, user_id=CARLA.id
    )
    answer = tell(START, {"userId": CARLA.id, "bookingId": other.id}).json()
    assert answer["errorCode"] == "SESSION_EXISTS"


def test_a_booking_that_may_not_begin(world, tell, booking):
    world.set_booking_status(booking, "cancelled")
    assert "bookingId" in tell(START, body_for(booking), status=422).json()["errors"]


@pytest.mark.parametrize("outcome", ["lost", "unanswered"])
def test_nobody_hears_of_it(world, http, booking, outcome):
    world.control_plans[5001] = [outcome]
    with pytest.raises(ConnectionCut):
        http.post(START, json=body_for(booking))
    assert len(world.sessions) == (outcome == "lost")


def test_the_charger_refuses(world, tell):
    network_id = world.evses[5001].network_id
    unlock = f"{point_of(world)}/unlock/{network_id}"
    world.control_plans[5001] = ["refused", "INTERNAL_ISSUE"]
    tell(unlock, status=406)
    assert tell(unlock).json() == {"success": False}
    world.set_evse_status(5001, "out of order")
    tell(unlock, status=406)


@pytest.mark.parametrize(
    "path", [START.replace("5001", "1"), f"{ACTIONS}/charge-point/v1.0/1/unlock/1"]
)
def test_no_such_charger(tell, booking, path):
    tell(path, body_for(booking) if "start" in path else None, status=404)


def test_a_token_that_may_not(world, tell, booking):
    world.forbidden = ["control"]
    tell(START, body_for(booking), status=403)
    assert world.told == []


def test_by_chance(world, tell, booking):
    world.control_refused_share = 1.0
    assert tell(START, body_for(booking)).json()["success"] is False


def test_the_strings_and_the_desk(world, http, booking):
    planned = {"evseId": 5001, "outcomes": ["SESSION_EXISTS"]}
    assert http.post("/control/remote", json=planned).json() == []
    assert http.post("/control/remote", json=planned | {"outcomes": ["x"]}).status_code == 422
    assert "SESSION_EXISTS" in http.get("/remote").text.split("Planned")[1]
    http.post(START, json=body_for(booking))
    (told,) = http.get("/control/remote").json()
    assert (told["what"], told["outcome"], told["booking_id"]) == (
        "start",
        "SESSION_EXISTS",
        booking.id,
    )
    sent = {"what": "remote", "id": "5001", "outcome": "unanswered"}
    assert http.post("/do", data=sent).status_code == 303
    assert world.control_plans[5001] == ["unanswered"]
