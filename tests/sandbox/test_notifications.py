"""What the simulated operator tells of its own accord, and to whom, as AMPECO's document has it."""

import hmac
import json
import threading
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from openapi_schema_validator import OAS30Validator

from sandbox.api.notifications import HARDWARE, KNOWN, NETWORK, PARKING, SESSION
from sandbox.notices.delivery import MOST_ATTEMPTS, PAUSE, notifier_of
from sandbox.world.build import build_world
from sandbox.world.cast import ANA
from tests.contract.checker import DOCUMENT, ContractChecker
from tests.sandbox.conftest import HOUR, NOW, TOKEN

PATH = "/public-api/notifications/v2.0"
ADDRESS = "https://portal.example/hooks/ampeco"
OURS = {
    "via": "webhook",
    "notifications": [SESSION, HARDWARE, NETWORK, PARKING],
    "webhook": {"callbackUrl": ADDRESS},
}


@pytest.fixture
def call(http):
    """Call the operator, and check call and answer against the document."""
    checker = ContractChecker()

    def call(method: str, path: str = "", body=None, *, status: int = 200):
        answer = http.request(method, f"{PATH}{path}", json=body)
        assert answer.status_code == status, answer.text
        checker.check_response(answer.request, answer)
        return answer.json() if answer.content else None

    return call


@pytest.fixture
def notifier(world, call):
    """Who tells a portal that has subscribed to everything, and has looked once."""
    call("POST", body=OURS, status=201)
    notifier = notifier_of(world)
    notifier.work(send=None)
    return notifier


@pytest.fixture
def told(notifier):
    """Let the operator look; return what it sent, each checked as the portal would."""

    def told(status: int = 202) -> list[dict]:
        found = []

        def take(url, body, headers) -> int:
            wanted = hmac.new(TOKEN.encode(), body, sha256).hexdigest()
            assert (url, headers["X-Signature"]) == (ADDRESS, wanted)
            assert headers["X-Timestamp"].endswith("Z")
            found.append(json.loads(body))
            check(found[-1])
            return status

        notifier.work(send=take)
        return found

    return told


def callbacks() -> dict:
    document = json.loads(Path(DOCUMENT).read_text(encoding="utf-8"))
    return document["paths"][PATH]["post"]["callbacks"]


def check(notice: dict) -> None:
    """Hold a notification against what the document says of its kind."""
    (callback,) = callbacks()[notice["notification"]].values()
    schema = callback["post"]["requestBody"]["content"]["application/json"]["schema"]
    errors = [error.message for error in OAS30Validator(schema).iter_errors(notice)]
    assert errors == []


def test_a_subscription_is_made_read_changed_and_removed(call):
    made = call("POST", body=OURS, status=201)["data"]
    assert call("GET")["data"] == [made]
    assert call("GET", f"/{made['id']}")["data"] == made
    fewer = OURS | {"notifications": [SESSION]}
    changed = call("PUT", f"/{made['id']}", fewer)["data"]
    assert (changed["id"], changed["notifications"]) == (made["id"], [SESSION])
    call("DELETE", f"/{made['id']}", status=204)
    assert call("GET")["data"] == []
    call("GET", f"/{made['id']}", status=404)
    call("DELETE", f"/{made['id']}", status=404)
    assert call("POST", body=OURS, status=201)["data"]["id"] == made["id"] + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"via": "kafka"},
        {"notifications": []},
        {"notifications": ["booking.changed"]},
        {"notifications": None},
        {"webhook": {}},
        {"webhook": {"callbackUrl": "portal.example"}},
        {"webhook": {"callbackUrl": f"https://portal.example/{'x' * 500}"}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong, call):
    call("POST", body=OURS | wrong, status=422)
    assert call("GET")["data"] == []


def test_without_the_right_token(http, call):
    http.headers["Authorization"] = "Bearer another"
    call("POST", body=OURS, status=401)
    call("GET", status=401)


def test_the_kinds_are_those_of_the_document():
    document = json.loads(Path(DOCUMENT).read_text(encoding="utf-8"))
    schema = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]["notifications"]["items"]["enum"]) == KNOWN


def test_who_has_not_subscribed_hears_nothing(world):
    world.set_evse_status(5001, "out of order")
    assert notifier_of(world).work() == 0


def test_a_session_is_told_when_it_starts_and_when_it_stops(world, told):
    booking = world.add_booking(
        location_id=101, evse_id=5001, start_at=NOW, end_at=NOW + HOUR, user_id=ANA.id
    )
    assert told() == []
    world.clock.freeze(NOW + timedelta(minutes=4))
    started = [each for each in told() if each["notification"] == SESSION]
    (start,) = started
    assert (start["action"], start["evseId"], start["userId"]) == ("start", 5001, ANA.id)
    assert start["sessionId"] == booking.session_id
    assert told() == []
    world.clock.freeze(NOW + HOUR)
    (stop,) = [each for each in told() if each["notification"] == SESSION]
    assert (stop["action"], stop["sessionId"]) == ("stop", booking.session_id)
    assert stop["energyConsumed"] > 0
    assert told() == []


def test_a_charger_that_breaks_and_is_mended(world, told):
    world.set_evse_status(5001, "out of order")
    assert [each["hardwareStatus"] for each in told()] == ["faulted"]
    world.set_evse_status(5001, "enabled")
    assert [each["hardwareStatus"] for each in told()] == ["available"]


def test_a_charge_point_that_loses_its_connection(world, told):
    world.charge_points[1001].network_status = "temporarily unavailable"
    (notice,) = told()
    assert (notice["chargePointId"], notice["networkStatus"]) == (1001, "temporarily unavailable")


def test_a_space_where_somebody_charges_is_occupied(world, told, http):
    space = next(each for each in world.parking_spaces.values() if each.evse_ids)
    evse = world.evses[space.evse_ids[0]]
    world.add_booking(
        location_id=space.location_id, evse_id=evse.id, start_at=NOW, end_at=NOW + HOUR
    )
    for at, status in ((timedelta(minutes=4), "occupied"), (HOUR, "available")):
        world.clock.freeze(NOW + at)
        notices = [each for each in told() if each["notification"] == PARKING]
        assert (space.id, status) in {
            (each["parkingSpaceId"], each["occupancyStatus"]) for each in notices
        }
        answer = http.get(f"/public-api/resources/parking-spaces/v1.0/{space.id}").json()
        assert answer["data"]["occupancyStatus"] == status


def test_only_what_was_subscribed_to_is_told(world, call, told, notifier):
    call("PUT", "/1", OURS | {"notifications": [NETWORK]})
    world.set_evse_status(5001, "out of order")
    assert told() == []


def test_what_is_not_taken_is_sent_again_and_then_given_up(world, told):
    world.set_evse_status(5001, "out of order")
    sent = 0
    for _ in range(3 * MOST_ATTEMPTS):
        sent += len(told(status=500))
        world.clock.freeze(world.clock.now() + PAUSE)
    assert sent == MOST_ATTEMPTS


def test_subscriptions_outlive_the_process(tmp_path, call, world):
    world.state_file = tmp_path / "state"
    call("POST", body=OURS, status=201)
    again = build_world(now=NOW)
    again.state_file = world.state_file
    again.load()
    assert [each.content["callback_url"] for each in again.keepsakes.values()] == [ADDRESS]


def test_the_desk_shows_what_was_sent(world, told, notifier, http):
    world.set_evse_status(5001, "out of order")
    told(status=500)
    page = http.get("/notifications")
    assert page.status_code == 200
    for text in (ADDRESS, SESSION, "evseId 5001", "<div>500</div>"):
        assert text in page.text
    assert TOKEN not in page.text


def test_it_goes_over_the_network(world, call):
    """To a server of its own, by the thread that the simulated operator starts."""
    heard = threading.Event()

    class Hear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.end_headers()
            heard.set()

        def log_message(self, *_args) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Hear)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    notifier = notifier_of(world)
    try:
        address = f"http://127.0.0.1:{server.server_port}/here"
        call("POST", body=OURS | {"webhook": {"callbackUrl": address}}, status=201)
        notifier.work()
        notifier.start()
        with world.lock:
            world.set_evse_status(5001, "out of order")
        assert heard.wait(timeout=30)
    finally:
        notifier.stop()
        server.shutdown()
        thread.join()
        server.server_close()
