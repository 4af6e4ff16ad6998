"""The simulated Ampcontrol in a world that stands still, called over HTTP without a socket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.energy.physics import Physics
from sandbox.energy.records import Network
from sandbox.world.build import build_world
from sandbox.world.world import World

# Eight in the evening in New York.
NOW = datetime(2026, 3, 4, 1, 7, 30, tzinfo=UTC)
TOKEN = "a-token-of-the-tests"

Get = Callable[..., Any]


@pytest.fixture
def world() -> World:
    """The default world; those who have booked come."""
    world = build_world(now=NOW)
    world.no_show_share = 0
    return world


@pytest.fixture
def physics(world) -> Physics:
    return physics_of(world)


@pytest.fixture
def http(world) -> Iterator[httpx.Client]:
    """A client of the simulated Ampcontrol, with the right token."""
    transport = httpx.WSGITransport(create_app(world, ampcontrol_token=TOKEN))
    with httpx.Client(
        transport=transport,
        base_url="http://operator.test/ampcontrol",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


@pytest.fixture
def get(http) -> Get:
    """Read something that is there; return its data."""

    def get(path: str, **params: Any) -> Any:
        answer = http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert body["status"] == "success"
        return body["data"]

    return get


def network_called(physics: Physics, part: str) -> Network:
    return next(each for each in physics.depots.networks.values() if part in each.site.name)
