"""Nothing that the operator sends breaks us: answers with parts missing, swapped, beyond belief."""

import copy
import json
import os
import random
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils.timezone import now
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ampeco.types import Booking, BookingRequest, Session, places
from ampeco.types.people import Partner, User
from bookings.actions.candidate import BookingRefused
from drivers.sync import sync_fleet_drivers
from sites.mirroring import full_walk
from sites.slots.availability import AvailabilityUnknown, read_availability
from tests.fuzz.hostile import VALUES
from upstream.errors import UpstreamError
from upstream.readers import UnreadablePayload

MORE = int(os.environ.get("FUZZ_EXAMPLES", "0"))
PAYLOADS = Path(__file__).parents[1] / "ampeco" / "payloads"
READERS = {
    "booking": Booking,
    "booking_request": BookingRequest,
    "charge_point": places.ChargePoint,
    "evse": places.Evse,
    "location": places.Location,
    "partner": Partner,
    "session": Session,
    "user": User,
}
NUMBERS = [0, -1, 1.5, 2**31, 2**63, -(2**63) - 1, 10**30, 1e308, 1e-300, float("nan")]
TEXTS = [*VALUES, "2026-03-01", "Mars/Olympus", "2026-11-23T10:00:00+00:00", "x" * 256, "x" * 1001]
JUNK = [*NUMBERS, *TEXTS, None, True, False, [], {}, [None], [[]], [{}], {"": None}, [1, "a", {}]]


def examples(few: int, per_more: float = 1, shrink: bool = True):
    """Return settings for few examples, the same ones each time, unless more are asked for."""
    return settings(
        max_examples=max(1, int(MORE * per_more)) if MORE else few,
        derandomize=not MORE,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def spoil(payload: Any, chance: random.Random, times: int) -> Any:
    """Return a copy of a payload with some of its parts replaced, removed or repeated."""
    spoilt = [copy.deepcopy(payload)]
    for _ in range(times):
        parts = list(_parts(spoilt))
        leaves = [part for part in parts if not isinstance(part[0][part[1]], dict | list)]
        holder, key = chance.choice(leaves if leaves and chance.randrange(4) else parts)
        match chance.randrange(8):
            case 0 if isinstance(holder, dict):
                del holder[key]
            case 1:
                holder[key] = [holder[key], holder[key]]
            case 2 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 3 | 4 | 5 if isinstance(holder[key], int):
                holder[key] = chance.choice([*NUMBERS, str(holder[key])])
            case 3 | 4 | 5 if isinstance(holder[key], str):
                holder[key] = chance.choice(TEXTS)
            case _:
                holder[key] = copy.deepcopy(chance.choice(JUNK))
    return spoilt[0]


def _parts(node: Any):
    places_of = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(places_of):
        yield node, key
        if isinstance(value, dict | list) and value:
            yield from _parts(value)


@pytest.mark.parametrize("noun", READERS)
def test_a_spoilt_payload_is_read_or_refused_as_unreadable(noun):
    shapes = json.loads((PAYLOADS / f"{noun}.json").read_text(encoding="utf-8"))
    read = 0

    @examples(150)
    @given(st.sampled_from(sorted(shapes)), st.randoms(use_true_random=False), st.integers(1, 4))
    def reads(shape, chance, times):
        nonlocal read
        spoilt = spoil(shapes[shape], chance, times)
        if not isinstance(spoilt, dict):
            return
        try:
            READERS[noun].from_payload(spoilt)
            read += 1
        except UnreadablePayload:
            pass

    reads()
    assert read, "What is spoilt here and there is readable as a rule."


@pytest.fixture
def life(fleet, ask, slot, driver, workers, follow, ampeco_client):
    """All that reads the operator's answers, in the order of a booking's life."""
    follow()

    def live() -> None:
        full_walk.sync_sites(client=ampeco_client, full=True)
        full_walk.sync_sites(client=ampeco_client, full=False)
        sync_fleet_drivers(fleet, client=ampeco_client)
        with suppress(AvailabilityUnknown):
            read_availability(slot.location, day=slot.start_at.date(), now=now(), fresh=True)
        with suppress(BookingRefused):
            ask(slot)
        workers.submit()
        workers.submit()
        workers.poll()
        workers.refresh_all()
        workers.sync()
        workers.read_sessions()

    return live


@pytest.mark.django_db
def test_spoilt_answers_break_no_sweep(life, wire, operator_world):
    operator_world.manual = False
    operator_world.decision_delay = 0

    @examples(12, 1, shrink=False)
    @given(st.integers(0, 2**32), st.integers(1, 4))
    def live(seed, often):
        chance = random.Random(seed)

        def spoilt(request: httpx.Request) -> httpx.Response | None:
            if not request.url.path.isascii():
                # A link that was spoilt; what carries calls in tests takes no such path.
                return httpx.Response(404, json={"message": "Not found."}, request=request)
            answer = wire._operator.handle_request(request)
            body = answer.read()
            if chance.randrange(5) >= often or not body:
                return httpx.Response(answer.status_code, headers=answer.headers, content=body)
            body = json.dumps(spoil(json.loads(body), chance, 2 * often)).encode()
            return httpx.Response(answer.status_code, content=body, request=request)

        wire.intercept = spoilt
        cache.clear()
        with transaction.atomic():
            with suppress(UpstreamError):
                life()
            transaction.set_rollback(True)

    live()
