"""What can go wrong: in-process, and on a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from sandbox.api import payloads
from sandbox.faults import KINDS, ConnectionCut, Faults
from sandbox.server import make
from tests.sandbox.conftest import API, REQUESTS, TOKEN, evse_at, new_booking

LOCATIONS = f"{API}/locations/v2.0"
CUTS = {"cut-before": 0, "cut-after": 1}


@pytest.fixture
def real(world, caplog) -> Iterator[httpx.Client]:
    """A client of the operator over a real socket, which must not find anything to complain of."""
    server = make(world, host="127.0.0.1", port=0, token=TOKEN, mails=None)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=5,
    ) as client:
        yield client
    server.shutdown()
    thread.join()
    assert [each for each in caplog.records if each.name == "werkzeug"] == []


@pytest.fixture(params=["in-process", "over a socket"])
def client(request) -> httpx.Client:
    """Both ways to call the operator, one after the other."""
    return request.getfixturevalue("http" if request.param == "in-process" else "real")


@pytest.fixture
def body(world):
    return new_booking(world, evse_at(world, "Adelaide"))


@pytest.mark.parametrize(("kind", "asked"), CUTS.items())
def test_cut_in_process(world, http, body, kind, asked):
    world.faults.add(kind, count=1)
    with pytest.raises(ConnectionCut):
        http.post(REQUESTS, json=body)
    assert len(world.requests) == asked
    assert http.post(REQUESTS, json=body).status_code == 201


@pytest.mark.parametrize(("kind", "asked"), CUTS.items())
def test_cut_over_a_socket(world, real, body, capfd, kind, asked):
    world.faults.add(kind, count=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        real.post(REQUESTS, json=body)
    assert len(world.requests) == asked
    assert real.post(REQUESTS, json=body).status_code == 201
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("kind", "status", "asked"),
    [
        ("server-error", 500, 0),
        ("server-error-after", 500, 1),
        ("unauthorized", 401, 0),
        ("rate-limited", 429, 0),
        ("latency", 201, 1),
        ("slow-body", 201, 1),
    ],
)
def test_other_kinds(world, client, body, kind, status, asked):
    world.faults.add(kind, count=1, seconds=0.02)
    answer = client.post(REQUESTS, json=body)
    assert (answer.status_code, len(world.requests)) == (status, asked)
    assert answer.headers["content-type"] == "application/json"
    assert "data" in answer.json() or answer.json()["message"]
    assert client.get(LOCATIONS).status_code == 200


def test_a_late_call_is_processed_when_it_arrives(world, http, body):
    world.faults.add("late", count=1, seconds=70, method="POST")
    with pytest.raises(ConnectionCut):
        http.post(REQUESTS, json=body)
    world.clock.advance(timedelta(seconds=69))
    assert http.get(REQUESTS).json()["data"] == []
    world.clock.advance(timedelta(seconds=1))
    (arrived,) = http.get(REQUESTS).json()["data"]
    assert arrived["externalId"] == body["externalId"]
    assert arrived["createdAt"] == payloads.instant(world.clock.now())


def test_rate_limited_says_when_to_come_back(world, client):
    world.faults.add("rate-limited", seconds=7)
    assert client.get(LOCATIONS).headers["Retry-After"] == "7"


@pytest.mark.parametrize("kind", ["latency", "slow-body"])
def test_slow_answers_run_into_time_outs(world, real, kind):
    world.faults.add(kind, count=1, seconds=2)
    with pytest.raises(httpx.ReadTimeout):
        real.get(LOCATIONS, timeout=0.1)
    assert real.get(LOCATIONS).status_code == 200


def test_others_are_served_while_one_waits(world, real):
    world.faults.add("latency", count=1, seconds=30, path="users")
    waiting = socket.create_connection((real.base_url.host, real.base_url.port))
    head = (f"GET {API}/users/v1.0 HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", "", "")
    waiting.sendall("\r\n".join(head).encode())
    deadline = time.monotonic() + 10
    while world.faults.active and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert world.faults.active == []
    assert real.get(LOCATIONS, timeout=10).status_code == 200
    waiting.close()


def test_client_that_hangs_up_leaves_no_trace(world, real, capfd):
    world.faults.add("slow-body", count=1, seconds=1)
    with real.stream("GET", LOCATIONS) as answer:
        next(answer.iter_raw())
    assert real.get(LOCATIONS).status_code == 200
    assert capfd.readouterr().err == ""


class TestWhichCalls:
    def test_by_path_and_method(self, world, http):
        world.faults.add("server-error", path="booking-requests", method="POST")
        assert http.get(REQUESTS).status_code == 200
        assert http.get(LOCATIONS).status_code == 200
        assert http.post(REQUESTS, json={}).status_code == 500

    def test_so_many(self, world, http):
        fault = world.faults.add("server-error", count=2)
        assert [http.get(LOCATIONS).status_code for _ in range(3)] == [500, 500, 200]
        assert (fault.hits, world.faults.active) == (2, [])

    def test_by_chance(self, world, http):
        world.faults.add("server-error", probability=0.5)
        broken = sum(http.get(LOCATIONS).status_code == 500 for _ in range(100))
        assert 30 < broken < 70

    def test_until_switched_off(self, world, http):
        world.faults.add("unauthorized")
        assert http.get(LOCATIONS).status_code == 401
        world.faults.clear()
        assert http.get(LOCATIONS).status_code == 200

    def test_several_at_once(self, world, http):
        world.faults.add("latency", seconds=0.01)
        world.faults.add("rate-limited")
        assert http.get(LOCATIONS).status_code == 429
        assert [fault.hits for fault in world.faults.active] == [1, 1]

    def test_desk_and_control_are_spared(self, world, http):
        for kind in KINDS:
            world.faults.add(kind, seconds=5)
        assert http.get("/").status_code == 200
        assert http.delete("/control/faults").json() == []


class TestRateLimit:
    def test_counts_down_and_refuses(self, world, client):
        world.rate_limit = 3
        answers = [client.get(LOCATIONS) for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert {each.headers["X-RateLimit-Limit"] for each in answers} == {"3"}
        assert [each.headers["X-RateLimit-Remaining"] for each in answers] == ["2", "1", "0", "0"]
        assert 1 <= int(answers[3].headers["Retry-After"]) <= 61

    def test_refused_call_does_nothing(self, world, http, body):
        world.rate_limit = 1
        http.get(LOCATIONS)
        assert http.post(REQUESTS, json=body).status_code == 429
        assert world.requests == {}

    def test_no_limit_no_headers(self, http):
        assert "X-RateLimit-Limit" not in http.get(LOCATIONS).headers

    def test_calls_without_the_token_are_not_counted(self, world, http):
        world.rate_limit = 1
        http.get(LOCATIONS, headers={"Authorization": "Bearer no"})
        assert http.get(LOCATIONS).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
def test_token(http, header):
    answer = http.get(LOCATIONS, headers={"Authorization": header})
    assert answer.status_code == 401


class TestWritten:
    def test_parsed(self):
        text = "latency,probability=0.5,count=3,path=users,method=GET,seconds=1.5"
        assert Faults.parse(text) == {
            "kind": "latency",
            "probability": 0.5,
            "count": 3,
            "path": "users",
            "method": "GET",
            "seconds": 1.5,
        }
        assert Faults.parse("cut-after") == {"kind": "cut-after"}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "sabotage",
            "latency,speed=5",
            "latency,seconds=long",
            "latency,seconds=-1",
            "latency,probability=2",
            "latency,count=0",
            "latency,count=many",
        ],
    )
    def test_refused(self, text):
        with pytest.raises(ValueError, match=r"."):
            Faults.parse(text)
