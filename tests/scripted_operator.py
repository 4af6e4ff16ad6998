"""A make-believe operator that answers only what a test tells it to."""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from ampeco.client import AmpecoClient
from ampeco.types import CancelBookingRequest
from upstream.rate_gate import MemoryGate

BASE_URL = "https://operator.example/public-api"
TOKEN = "very-secret-token"
PAYLOADS = Path(__file__).parent / "ampeco" / "payloads"

LOCATION = "resources/locations/v2.0/7"
REQUESTS = "resources/booking-requests/v1.0"
USERS = "resources/users/v1.0"
CANCEL = CancelBookingRequest(booking_id=100, external_id="ours")

NEVER_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
]
PERHAPS_SENT = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("cut"),
    httpx.WriteError("cut"),
    httpx.RemoteProtocolError("cut"),
]

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def payload(noun: str, shape: str) -> dict[str, Any]:
    """Return a hand-made answer of AMPECO, in the shape of a version."""
    return json.loads((PAYLOADS / f"{noun}.json").read_text(encoding="utf-8"))[shape]


def named(thing: object) -> str:
    """Return a name for a test's parameter."""
    return type(thing).__name__


def good_location() -> httpx.Response:
    """Return a location, as read singly."""
    return one(payload("location", "3.110"))


def page(items: Sequence[Any], next_link: str | None = None) -> httpx.Response:
    """Return a page of a list."""
    return httpx.Response(200, json={"data": list(items), "links": {"next": next_link}})


def one(data: Any, status: int = 200) -> httpx.Response:
    """Return a single resource."""
    return httpx.Response(status, json={"data": data})


class Clock:
    """A clock that moves only when something sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Operator(httpx.BaseTransport):
    """Answers by method and path, in order, the last answer again and again."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}

    def answers(self, method: str, path: str, *answers: Answer) -> None:
        self._answers[method, f"/public-api/{path}"] = list(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        key = (request.method, request.url.path)
        if key not in self._answers:
            raise AssertionError(f"Nobody expects {request.method} {request.url.path}.")
        waiting = self._answers[key]
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A response of httpx is used up by reading it, so each request gets its own.
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return answer(request)

    @property
    def queries(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def gate(clock) -> MemoryGate:
    return MemoryGate(clock=clock)


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def client(operator, gate):
    client = AmpecoClient(base_url=BASE_URL, token=TOKEN, transport=operator, gate=gate)
    yield client
    client.close()
