"""The simulated operator in a world that stands still, called over HTTP without a socket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sandbox.app import create_app
from sandbox.world.build import build_world
from sandbox.world.cast import ANA
from sandbox.world.records import Evse, Location
from sandbox.world.world import World

NOW = datetime(2026, 3, 2, 9, 7, 30, tzinfo=UTC)
SOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKEN = "a-token-of-the-tests"
API = "/public-api/resources"
REQUESTS = f"{API}/booking-requests/v1.0"
BOOKINGS = f"{API}/bookings/v1.0"

Ask = Callable[..., httpx.Response]


@pytest.fixture
def world() -> World:
    """The default world without the bookings of others; decisions fall at the next call."""
    world = build_world(now=NOW, with_others=False)
    world.decision_delay = 0
    world.no_show_share = 0
    return world


@pytest.fixture
def http(world) -> Iterator[httpx.Client]:
    """A client of the whole simulated operator, with the right token."""
    transport = httpx.WSGITransport(create_app(world, token=TOKEN))
    with httpx.Client(
        transport=transport,
        base_url="http://operator.test",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


def site_named(world: World, part: str) -> Location:
    """Return the site with `part` in its name."""
    return next(each for each in world.locations.values() if part in each.name["en"])


def evse_at(world: World, part: str, number: int = 0) -> Evse:
    """Return an EVSE of the site with `part` in its name."""
    return list(world.evses_at(site_named(world, part)))[number]


def new_booking(world: World, evse: Evse, **changes: Any) -> dict[str, Any]:
    """Return the body that asks for an EVSE, for Ana and an hour, unless `changes` say otherwise.

    A change to None leaves the member out.
    """
    body = {
        "type": "create",
        "userId": ANA.id,
        "locationId": world.charge_points[evse.charge_point_id].location_id,
        "evseId": evse.id,
        "startAt": SOON.isoformat(),
        "endAt": (SOON + HOUR).isoformat(),
        "externalId": "ours",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


@pytest.fixture
def ask(http) -> Ask:
    """Send a booking request as JSON."""
    return lambda body: http.post(REQUESTS, json=body)
