from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from django.core.cache import cache

from ampeco.client import AmpecoClient
from tests.scripted_operator import BASE_URL, TOKEN, one, payload
from upstream.errors import UpstreamRateLimited
from upstream.rate_gate import (
    SPREAD_SECONDS,
    CacheGate,
    MemoryGate,
    wait_after_refusal,
    wait_when_used_up,
)

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp()
LOCATION = "resources/locations/v2.0/7"


@pytest.fixture(params=["memory", "cache"])
def any_gate(request, clock):
    return MemoryGate(clock=clock) if request.param == "memory" else cache_gate(clock)


def cache_gate(clock) -> CacheGate:
    return CacheGate(cache, "gate", clock=clock)


def test_gate_opens_by_itself(any_gate, clock):
    assert any_gate.closed_for() == 0
    any_gate.close_for(30)
    assert any_gate.closed_for() == 30
    clock.now += 29
    assert any_gate.closed_for() == 1
    clock.now += 2
    assert any_gate.closed_for() == 0


def test_shorter_wait_does_not_open_a_gate_early(any_gate):
    any_gate.close_for(30)
    any_gate.close_for(5)
    assert any_gate.closed_for() == 30


@pytest.mark.parametrize(
    ("asked", "held"), [(10**9, 600), (float("inf"), 600), (float("nan"), 5), (-3, 0.1)]
)
def test_waits_are_bounded(any_gate, asked, held):
    any_gate.close_for(asked)
    assert any_gate.closed_for() == pytest.approx(held)


@pytest.mark.parametrize("rubbish", ["soon", None, [], float("nan"), float("inf")])
def test_rubbish_in_the_cache_leaves_the_gate_open(clock, rubbish):
    cache.set("gate", rubbish)
    assert cache_gate(clock).closed_for() == 0


def test_clock_of_another_machine_cannot_close_the_gate_for_long(clock):
    cache.set("gate", clock.now + 10**6)
    assert cache_gate(clock).closed_for() == 600


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "0"}, 0.1),
        ({"Retry-After": "-4"}, 0.1),
        ({"Retry-After": "86400"}, 600),
        ({"Retry-After": "Sun, 01 Mar 2026 10:00:20 GMT"}, 20),
        ({"Retry-After": "Sun, 01 Mar 2026 09:00:00 GMT"}, 0.1),
        ({"Retry-After": "later"}, 5),
        ({"Retry-After": "nan"}, 5),
        ({"X-RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Reset": str(int(NOW) + 40)}, 40),
        ({"Retry-After": "3", "X-RateLimit-Reset": "12"}, 3),
        ({"Retry-After": "later", "X-RateLimit-Reset": "12"}, 12),
        ({}, 5),
    ],
)
def test_wait_after_a_refusal(headers, expected):
    found = wait_after_refusal(httpx.Headers(headers), now=NOW)
    assert found == pytest.approx(expected)


def test_date_in_another_zone():
    later = datetime.fromtimestamp(NOW + 30, tz=UTC)
    headers = httpx.Headers({"Retry-After": format_datetime(later)})
    assert wait_after_refusal(headers, now=NOW) == pytest.approx(30)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "9"}, None),
        ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 9),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 9)}, 9),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "none"}, None),
        ({}, None),
    ],
)
def test_wait_when_a_quota_is_used_up(headers, expected):
    assert wait_when_used_up(httpx.Headers(headers), now=NOW) == expected


@pytest.fixture
def two_clients(operator, clock):
    """Two processes' clients: they share nothing but the cache."""
    clients = [
        AmpecoClient(base_url=BASE_URL, token=TOKEN, transport=operator, gate=cache_gate(clock))
        for _ in range(2)
    ]
    yield clients
    for client in clients:
        client.close()


def test_one_clients_429_holds_the_other_off(two_clients, operator, clock):
    first, second = two_clients
    operator.answers(
        "GET",
        LOCATION,
        httpx.Response(429, headers={"Retry-After": "30"}),
        one(payload("location", "3.110")),
    )

    with pytest.raises(UpstreamRateLimited) as refused:
        first.read_location(7)
    assert (refused.value.retry_after, refused.value.status) == (30, 429)

    clock.now += 10
    with pytest.raises(UpstreamRateLimited) as held_off:
        second.read_location(7)
    assert held_off.value.retry_after == 20
    assert (first.calls, second.calls) == (1, 0)
    assert clock.slept == []

    clock.now += 21
    assert second.read_location(7).id == 7


def test_used_up_quota_holds_the_other_off(two_clients, operator):
    first, second = two_clients
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "60"}
    answer = one(payload("location", "3.110"))
    operator.answers("GET", LOCATION, httpx.Response(200, headers=headers, content=answer.content))

    assert first.read_location(7).id == 7
    with pytest.raises(UpstreamRateLimited):
        second.read_location(7)
    assert len(operator.requests) == 1


def test_after_a_pause_one_goes_first_and_the_others_follow_at_times_of_their_own(clock):
    gates = [cache_gate(clock) for _ in range(8)]
    gates[0].close_for(30)
    assert all(gate.enter() > 29 for gate in gates)

    clock.now += 30
    turns = [gate.enter() for gate in gates]
    shortest, longest = SPREAD_SECONDS
    assert turns[0] == 0
    assert all(shortest <= turn <= longest for turn in turns[1:])
    assert len({round(turn, 6) for turn in turns[1:]}) == 7
    # The process that went first takes its turn with the others.
    assert gates[0].enter() >= shortest

    clock.now += longest
    assert all(gate.enter() == 0 for gate in gates)


def test_a_pause_that_is_not_over_yet_costs_one_call(clock):
    gates = [cache_gate(clock) for _ in range(8)]
    calls = 0
    gates[0].close_for(5)
    for _ in range(10):
        clock.now += 5
        for gate in gates:
            if gate.enter() == 0:
                calls += 1
                gate.close_for(5)
    assert calls == 10


def test_who_comes_long_after_a_pause_waits_for_nobody(clock):
    cache_gate(clock).close_for(5)
    clock.now += 5 + SPREAD_SECONDS[1]
    assert cache_gate(clock).enter() == 0
