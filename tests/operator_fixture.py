"""The simulated operator, mounted in-process behind the real client."""

from collections.abc import Callable, Iterator

import httpx
import pytest
import stamina
from django.conf import settings
from django.utils.timezone import now

from ampeco.client import AmpecoClient
from ampeco.connection import set_client
from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.faults import ConnectionCut
from sandbox.world.build import build_world
from sandbox.world.world import World
from upstream.calls import note_call

__all__ = ["ampeco_client", "assert_nobody_tripped", "operator", "operator_world", "wire"]

Intercept = Callable[[httpx.Request], httpx.Response | None]


class Wire(httpx.BaseTransport):
    """The way to the operator: notes what is sent, and lets a test answer in its stead.

    `intercept` may return an answer (the operator then never hears of the call), raise, or return
    None to let the call through.
    """

    def __init__(self, world: World) -> None:
        self.sent: list[httpx.Request] = []
        self.intercept: Intercept | None = None
        self._operator = httpx.WSGITransport(
            create_app(
                world,
                token=settings.AMPECO_API_TOKEN,
                ampcontrol_token=settings.AMPCONTROL_API_TOKEN or "ampcontrol-token",
            )
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a call to the operator; a cut connection is httpx's error, as on a socket."""
        self.sent.append(request)
        answer = self.intercept(request) if self.intercept else None
        if answer is not None:
            return answer
        try:
            response = self._operator.handle_request(request)
            # Read here, so that a cut in the middle of a body is noticed where it happens.
            response.read()
        except ConnectionCut:
            raise httpx.RemoteProtocolError("The connection was cut.", request=request) from None
        return response

    def count(self, part: str = "") -> int:
        """Return how many calls went to a path that contains `part`."""
        return sum(part in request.url.path for request in self.sent)


def spoil(wire: Wire, path: str, *changes: tuple[int, dict]) -> None:
    """Let the operator give the records with these ids on a list with some fields changed."""
    changed = {str(pk): fields for pk, fields in changes}

    def intercept(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(path):
            return None
        answer = wire._operator.handle_request(request)
        answer.read()
        told = answer.json()
        told["data"] = [{**each, **changed.get(str(each["id"]), {})} for each in told["data"]]
        return httpx.Response(200, json=told)

    wire.intercept = intercept


@pytest.fixture
def operator_world() -> World:
    """The operator's world, standing still at the real present; override it for another one."""
    return build_world(now=now())


@pytest.fixture
def wire(operator_world) -> Iterator[Wire]:
    """The way to the operator. The test fails that lets Ampcontrol get a call nobody may send."""
    yield Wire(operator_world)
    assert_nobody_tripped(operator_world)


def assert_nobody_tripped(world: World) -> None:
    """Fail if Ampcontrol got a call that nobody may send; who means one clears its tripwire."""
    tripped = physics_of(world).depots.tripped
    assert tripped == [], f"Over Ampcontrol's tripwire: {tripped}"


@pytest.fixture
def ampeco_client(wire) -> Iterator[AmpecoClient]:
    """The portal's client, wired to the simulated operator; it repeats calls without waiting."""
    client = AmpecoClient(
        base_url=settings.AMPECO_BASE_URL,
        token=settings.AMPECO_API_TOKEN,
        transport=wire,
        observer=note_call,
    )
    set_client(client)
    with stamina.set_testing(True, attempts=4, cap=True):
        yield client
    set_client(None)
    client.close()


@pytest.fixture
def operator(operator_world, ampeco_client) -> World:
    """The simulated operator, with the portal's client wired to it; move time by its `clock`."""
    return operator_world
