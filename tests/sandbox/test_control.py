"""The strings that tests and benchmarks pull."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sandbox.app import create_app
from sandbox.world.cast import ANA, BEN
from tests.sandbox.conftest import API, HOUR, REQUESTS, SOON, evse_at, new_booking


@pytest.fixture
def asked(world, ask):
    """A request that waits for a person."""
    world.manual = True
    ask(new_booking(world, evse_at(world, "Adelaide")))
    return world.requests[1]


def test_world_shows_what_there_is(world, http, ask):
    ask(new_booking(world, evse_at(world, "Adelaide")))
    shown = http.get("/control/world").json()
    assert shown["now"] == "2026-03-02T09:07:30Z"
    assert [each["status"] for each in shown["requests"]] == ["approved"]
    assert shown["bookings"][0]["bookedEvses"] == [{"id": evse_at(world, "Adelaide").id}]


def test_calls_are_counted(http):
    for _ in range(2):
        http.get(REQUESTS)
    http.get(f"{API}/locations/v2.0/101")
    counted = {
        "GET /resources/booking-requests/v1.0": 2,
        "GET /resources/locations/v2.0/<int:pk>": 1,
    }
    assert http.get("/control/calls").json() == counted
    assert http.delete("/control/calls").json() == counted
    assert http.get("/control/calls").json() == {}


def test_arrivals_count_what_was_refused_too(world, http):
    http.get(REQUESTS)
    world.faults.add("rate-limited")
    http.get(REQUESTS)
    assert http.get("/control/arrivals").json() == {"calls": 2}


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"approve": True}, "approved", None),
        ({"reason": "Roadworks."}, "rejected", "Roadworks."),
        ({}, "rejected", "Rejected by the operator."),
    ],
)
def test_decides(http, asked, body, status, reason):
    answer = http.post(f"/control/requests/{asked.id}", json=body).json()
    assert (answer["status"], answer.get("rejectionReason")) == (status, reason)
    # What is decided stays decided.
    http.post(f"/control/requests/{asked.id}", json={"approve": status != "approved"})
    assert asked.status == status


def test_approval_of_what_cannot_be_is_a_rejection(world, http, asked):
    world.set_evse_status(asked.evse_id, "out of order")
    answer = http.post(f"/control/requests/{asked.id}", json={"approve": True}).json()
    assert answer["status"] == "rejected"


def test_moves_the_clock(world, http):
    answer = http.post("/control/clock", json={"advance_seconds": 90})
    assert answer.json() == {"now": "2026-03-02T09:09:00Z"}
    http.post("/control/clock", json={})
    assert abs(world.clock.now() - datetime.now(UTC)) < timedelta(minutes=5)


@pytest.mark.parametrize("seconds", ["90", True, 1e12, [1]])
def test_leaps_that_make_no_sense(http, seconds):
    assert http.post("/control/clock", json={"advance_seconds": seconds}).status_code == 422


class TestBookings:
    @pytest.fixture
    def booking(self, world):
        return world.add_booking(
            location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + HOUR, user_id=ANA.id
        )

    @pytest.mark.parametrize(
        "status", ["reserved", "completed", "cancelled", "no-show", "failed", "accepted"]
    )
    def test_status(self, world, http, booking, status):
        answer = http.post(f"/control/bookings/{booking.id}", json={"status": status}).json()
        assert (answer["status"], booking.status) == (status, status)
        assert (booking.session_id is not None) == (status == "completed")

    def test_times(self, world, http, booking):
        later = {"startAt": (SOON + HOUR).isoformat(), "endAt": (SOON + 3 * HOUR).isoformat()}
        http.post(f"/control/bookings/{booking.id}", json=later)
        assert (booking.start_at, booking.end_at) == (SOON + HOUR, SOON + 3 * HOUR)
        assert world.is_free(world.evses[5001], SOON, SOON + HOUR)

    def test_place_and_driver(self, world, http, booking):
        at = world.charge_points[world.evses[5002].charge_point_id].location_id
        moved = {"evseId": 5002, "userId": BEN.id}
        answer = http.post(f"/control/bookings/{booking.id}", json=moved).json()
        assert (answer["userId"], answer["bookedEvses"]) == (BEN.id, [{"id": 5002}])
        assert booking.location_id == at
        assert world.is_free(world.evses[5001], SOON, SOON + HOUR)
        assert not world.is_free(world.evses[5002], SOON, SOON + HOUR)

    @pytest.mark.parametrize("body", [{"evseId": 9}, {"userId": 9}])
    def test_place_or_driver_unknown(self, http, booking, body):
        assert http.post(f"/control/bookings/{booking.id}", json=body).status_code == 404

    def test_a_driver_books_in_the_app(self, world, http):
        body = {
            "userId": ANA.id,
            "evseId": 5001,
            "startAt": SOON.isoformat(),
            "endAt": (SOON + HOUR).isoformat(),
        }
        answer = http.post("/control/bookings", json=body).json()
        assert (answer["userId"], answer["status"]) == (ANA.id, "accepted")
        assert not world.is_free(world.evses[5001], SOON, SOON + HOUR)
        body["endAt"] = body["startAt"]
        assert http.post("/control/bookings", json=body).status_code == 422

    def test_forgets(self, world, http, booking, tmp_path):
        world.state_file = tmp_path / "state"
        world.save()
        http.delete(f"/control/bookings/{booking.id}")
        assert http.get(f"{API}/bookings/v1.0/{booking.id}").status_code == 404
        assert world.is_free(world.evses[5001], SOON, SOON + HOUR)
        again = world.add_booking(
            location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + HOUR, user_id=ANA.id
        )
        assert again.id > booking.id
        world.save()
        world.load()
        assert list(world.bookings) == [again.id]

    @pytest.mark.parametrize(
        "body",
        [{"status": "flying"}, {"status": 5}, {"startAt": "noon"}, {"endAt": SOON.isoformat()}],
    )
    def test_nonsense(self, http, booking, body):
        assert http.post(f"/control/bookings/{booking.id}", json=body).status_code == 422
        assert (booking.status, booking.start_at) == ("accepted", SOON)


class TestSettings:
    def test_changes(self, world, http):
        changes = {
            "decision_delay": 0.5,
            "manual": True,
            "shape": "3.108",
            "evse_list_forbidden": True,
            "parking_forbidden": True,
            "id_tags_forbidden": True,
            "power_forbidden": True,
            "names_tokens": True,
            "ignores_external_id": True,
            "drops_external_id": True,
            "leaves_out_booking_id": True,
            "rounds_to_minutes": True,
            "no_show_share": 1,
            "late_share": 0.25,
            "failed_share": 0.5,
            "running_changes": "rejected",
            "forbidden": ["tariffs"],
            "rate_limit": 60,
        }
        assert http.post("/control/settings", json=changes).json() == changes
        assert all(getattr(world, name) == value for name, value in changes.items())
        assert http.post("/control/settings", json={"rate_limit": None}).status_code == 200

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("decision_delay", "soon"),
            ("decision_delay", -1),
            ("decision_delay", None),
            ("manual", "yes"),
            ("shape", "4"),
            ("shape", ["3.110"]),
            ("no_show_share", 2),
            ("running_changes", "perhaps"),
            ("forbidden", "tariffs"),
            ("forbidden", [1]),
            ("rate_limit", 0),
            ("rate_limit", 1.5),
            ("state_file", "/tmp/x"),
        ],
    )
    def test_nonsense(self, world, http, name, value):
        before = vars(world).copy()
        answer = http.post("/control/settings", json={"failed_share": 0.3, name: value})
        assert answer.status_code == 422
        assert vars(world) == before


class TestFaults:
    def test_on_and_off(self, http):
        fault = {"kind": "server-error", "count": 2, "path": "users", "method": "GET"}
        assert http.post("/control/faults", json=fault).json() == [
            fault | {"probability": 1.0, "seconds": 1.0, "hits": 0}
        ]
        assert http.get(f"{API}/users/v1.0").status_code == 500
        assert http.get("/control/faults").json()[0]["hits"] == 1
        assert http.delete("/control/faults").json() == []

    @pytest.mark.parametrize(
        "fault", [{}, {"kind": "sabotage"}, {"kind": "latency", "speed": 1}, {"kind": ["latency"]}]
    )
    def test_nonsense(self, world, http, fault):
        assert http.post("/control/faults", json=fault).status_code == 422
        assert world.faults.active == []


class TestEvses:
    def test_status(self, world, http):
        answer = http.post("/control/evses/5001", json={"status": "out of order"})
        assert answer.json() == {"id": 5001, "status": "out of order"}
        assert world.evses[5001].hardware_status == "faulted"

    def test_nonsense(self, world, http):
        assert http.post("/control/evses/5001", json={"status": "broken"}).status_code == 422
        assert world.evses[5001].status == "enabled"


@pytest.mark.parametrize("path", ["requests/9", "bookings/9", "evses/9", "wonders"])
def test_unknown(http, path):
    assert http.post(f"/control/{path}", json={}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_may_not(world, http, headers):
    answer = http.post("/control/settings", json={"manual": True}, headers=headers)
    assert answer.status_code == 403
    assert not world.manual


def test_only_from_this_machine(world):
    transport = httpx.WSGITransport(create_app(world), remote_addr="192.0.2.7")
    with httpx.Client(transport=transport, base_url="http://operator.test") as client:
        assert client.get("/control/world").status_code == 403


def test_what_is_planned_for_a_request_comes_when_it_is_due(world, http, ask):
    wanted = new_booking(world, evse_at(world, "Adelaide"))
    for name, plan in (("late", {"afterSeconds": 60}), ("no", {"reason": "Roadworks."})):
        http.post("/control/plans", json={"externalId": name, **plan})
        ask(wanted | {"externalId": name})

    late, refused = world.requests.values()
    assert (late.status, refused.status, refused.reason) == ("pending", "rejected", "Roadworks.")

    world.clock.advance(timedelta(seconds=59))
    world.tick()
    assert late.status == "pending"
    world.clock.advance(timedelta(seconds=1))
    world.tick()
    assert late.status == "approved"


@pytest.mark.parametrize("body", [{}, {"externalId": 1}, {"externalId": "a", "afterSeconds": "1"}])
def test_what_is_planned_for_no_request_is_refused(http, body):
    assert http.post("/control/plans", json=body).status_code == 422


def test_books_as_if_it_had_been_asked_for_long_ago(world, http):
    start = world.clock.now() - 24 * HOUR
    asked_at = start - HOUR
    body = {
        "userId": ANA.id,
        "evseId": evse_at(world, "Adelaide").id,
        "startAt": start.isoformat(),
        "endAt": (start + HOUR).isoformat(),
        "externalId": "of-yesterday",
        "askedAt": asked_at.isoformat(),
        "status": "completed",
    }

    answer = http.post("/control/bookings", json=body).json()

    asked = world.requests[answer["requestId"]]
    assert (asked.status, asked.booking_id) == ("approved", answer["id"])
    assert asked.created_at == asked_at
    found = http.get(REQUESTS, params={"externalId": "of-yesterday"}).json()["data"]
    assert [each["id"] for each in found] == [asked.id]
    assert world.sessions[answer["sessionId"]].stops_at < world.clock.now()
