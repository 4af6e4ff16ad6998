"""An operator that does not answer is left alone, by all processes, and found again by one call."""

import httpx
import pytest
from django.core.cache import cache

from ampeco.client import AmpecoClient
from tests.scripted_operator import BASE_URL, CANCEL, TOKEN, good_location
from upstream.circuit_breaker import (
    AFTER_TRIAL_SECONDS,
    FAILURES_TO_OPEN,
    FIRST_PAUSE_SECONDS,
    JITTER,
    LONGEST_PAUSE_SECONDS,
    TRIAL_SECONDS,
    WINDOW_SECONDS,
    CacheCircuitBreaker,
)
from upstream.errors import UpstreamCircuitOpen, UpstreamRateLimited, UpstreamUnavailable

LONGEST_FIRST_PAUSE = FIRST_PAUSE_SECONDS * (1 + JITTER)


def make_circuit(clock, *, store=cache) -> CacheCircuitBreaker:
    return CacheCircuitBreaker(store, "circuit", clock=clock)


def fail(circuit: CacheCircuitBreaker, times: int = FAILURES_TO_OPEN) -> None:
    for _ in range(times):
        circuit.note_failure("no answer")


class NoCache:
    """A cache whose server is away."""

    def get(self, key: str) -> None:
        return None

    def set(self, key: str, value: object, timeout: float | None = None) -> None:
        return None

    def add(self, key: str, value: object, timeout: float | None = None) -> bool:
        return False


def test_some_failures_in_a_row_hold_all_processes_off(clock):
    one, other = make_circuit(clock), make_circuit(clock)
    fail(one, FAILURES_TO_OPEN - 1)
    assert other.closed_for() == 0
    other.note_failure()
    for circuit in (one, other):
        assert 0 < circuit.closed_for() <= LONGEST_FIRST_PAUSE


def test_one_address_that_fails_says_nothing_of_the_operator(clock):
    circuit = make_circuit(clock)
    for _ in range(FAILURES_TO_OPEN * 2):
        circuit.note_failure("answers 500", address="/bookings/7")
    assert circuit.closed_for() == 0
    for number in range(FAILURES_TO_OPEN - 2):
        assert circuit.closed_for() == 0
        circuit.note_failure("answers 500", address=f"/bookings/{number}")
    # All those at the first address have counted as one.
    assert circuit.closed_for() == 0
    circuit.note_failure("answers 500", address="/bookings/7")
    assert circuit.closed_for() > 0


def test_no_answer_counts_wherever_it_was_met(clock):
    circuit = make_circuit(clock)
    fail(circuit)
    assert circuit.closed_for() > 0
    assert circuit.state().why == "no answer"


def test_looking_does_not_use_up_the_call_that_tries(clock):
    circuit = make_circuit(clock)
    assert circuit.pause_left() == 0
    fail(circuit)
    assert circuit.pause_left() > 0
    clock.now += LONGEST_FIRST_PAUSE
    assert circuit.pause_left() == 0
    assert circuit.closed_for() == 0


def test_an_answer_in_between_begins_the_row_anew(clock):
    circuit = make_circuit(clock)
    fail(circuit, FAILURES_TO_OPEN - 1)
    circuit.note_answer()
    fail(circuit, FAILURES_TO_OPEN - 1)
    assert circuit.closed_for() == 0


def test_failures_that_lie_far_apart_are_not_in_a_row(clock):
    circuit = make_circuit(clock)
    for _ in range(FAILURES_TO_OPEN * 2):
        circuit.note_failure()
        clock.now += WINDOW_SECONDS + 1
    assert circuit.closed_for() == 0


def test_one_call_tries_and_its_answer_lets_all_go_on(clock):
    one, other = make_circuit(clock), make_circuit(clock)
    fail(one)
    clock.now += LONGEST_FIRST_PAUSE
    assert one.closed_for() == 0
    assert other.closed_for() == one.closed_for() == AFTER_TRIAL_SECONDS
    one.note_answer()
    assert other.closed_for() == one.closed_for() == 0


def test_each_failed_trial_makes_the_pause_longer_up_to_a_bound(clock):
    circuit = make_circuit(clock)
    fail(circuit)
    pauses = []
    for _ in range(8):
        pauses.append(circuit.closed_for())
        clock.now += pauses[-1]
        assert circuit.closed_for() == 0
        circuit.note_failure()
    assert pauses[1] > pauses[0]
    assert max(pauses) <= LONGEST_PAUSE_SECONDS * (1 + JITTER)
    assert pauses[-1] >= LONGEST_PAUSE_SECONDS * (1 - JITTER)


def test_whoever_was_under_way_when_it_opened_makes_no_pause_longer(clock):
    circuit = make_circuit(clock)
    fail(circuit)
    left = circuit.closed_for()
    fail(circuit)
    assert circuit.closed_for() == left


def test_a_trial_whose_process_died_is_made_again(clock, monkeypatch):
    one, other = make_circuit(clock, store=NoCache()), make_circuit(clock, store=NoCache())
    fail(one)
    clock.now += LONGEST_FIRST_PAUSE
    assert one.closed_for() == 0
    assert one.closed_for() == AFTER_TRIAL_SECONDS
    clock.now += TRIAL_SECONDS
    assert one.closed_for() == 0
    assert other.closed_for() == 0


def test_without_the_cache_a_process_knows_what_it_has_seen(clock):
    circuit = make_circuit(clock, store=NoCache())
    fail(circuit)
    assert circuit.closed_for() > 0
    clock.now += LONGEST_FIRST_PAUSE
    assert circuit.closed_for() == 0
    circuit.note_answer()
    assert circuit.closed_for() == 0


@pytest.mark.parametrize("rubbish", ["soon", {"failures": 1, "more": 2}, []])
def test_rubbish_in_the_cache_holds_nobody_off(clock, rubbish):
    cache.set("circuit", rubbish)
    assert make_circuit(clock).closed_for() == 0


# Behind the client


class Operator:
    """Counts calls, and answers as it is told."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer = httpx.Response(503)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return self.answer


def make_client(operator, clock) -> AmpecoClient:
    return AmpecoClient(
        base_url=BASE_URL,
        token=TOKEN,
        transport=httpx.MockTransport(operator),
        circuit=make_circuit(clock),
        max_retry_seconds=0,
    )


def fail_calls(client: AmpecoClient, times: int = FAILURES_TO_OPEN) -> None:
    for _ in range(times):
        with pytest.raises(UpstreamUnavailable):
            client.read_location(7)


def test_a_call_that_is_held_back_is_not_sent_and_surely_did_nothing(clock):
    operator = Operator()
    clients = [make_client(operator, clock) for _ in range(3)]
    fail_calls(clients[0])
    assert operator.calls == FAILURES_TO_OPEN
    for client in clients:
        with pytest.raises(UpstreamCircuitOpen) as error:
            client.cancel_booking_request(CANCEL)
        assert not error.value.ambiguous
        assert error.value.retry_after > 0
    assert operator.calls == FAILURES_TO_OPEN


def test_an_hour_of_outage_costs_few_calls_whatever_is_asked_for(clock):
    operator = Operator()
    clients = [make_client(operator, clock) for _ in range(4)]
    # As often as the shortest pause.
    for _moment in range(0, 3600, 5):
        for client in clients:
            with pytest.raises(UpstreamUnavailable):
                client.read_location(7)
        clock.now += 5
    # One a minute, but for the first few.
    assert operator.calls < 3600 / (LONGEST_PAUSE_SECONDS * (1 - JITTER)) + FAILURES_TO_OPEN + 5


def test_a_read_is_not_repeated_against_a_circuit(clock):
    operator = Operator()
    client = AmpecoClient(
        base_url=BASE_URL,
        token=TOKEN,
        transport=httpx.MockTransport(operator),
        circuit=make_circuit(clock),
    )
    fail_calls(make_client(operator, clock))
    before = operator.calls
    fail_calls(client, 1)
    assert operator.calls == before


@pytest.mark.parametrize(
    "answer", [httpx.Response(404), httpx.Response(401), httpx.Response(422), httpx.Response(429)]
)
def test_refusals_are_answers(clock, answer):
    operator = Operator()
    client = make_client(operator, clock)
    fail_calls(client, FAILURES_TO_OPEN - 1)
    operator.answer = answer
    with pytest.raises(Exception) as error:
        client.read_location(7)
    assert not isinstance(error.value, UpstreamUnavailable)
    assert make_circuit(clock).state().failures == 0


def test_whoever_is_held_off_by_the_gate_has_not_tried(clock):
    operator = Operator()
    client = make_client(operator, clock)
    fail_calls(client, FAILURES_TO_OPEN - 1)
    operator.answer = httpx.Response(429, headers={"Retry-After": "60"})
    with pytest.raises(UpstreamRateLimited):
        client.read_location(7)
    fail(make_circuit(clock))
    clock.now += LONGEST_FIRST_PAUSE
    with pytest.raises(UpstreamRateLimited):
        client.read_location(7)
    # The call that tries is still to be had by somebody.
    assert make_circuit(clock).closed_for() == 0


def test_it_goes_on_by_itself(clock):
    operator = Operator()
    client = make_client(operator, clock)
    fail_calls(client)
    operator.answer = good_location()
    clock.now += LONGEST_FIRST_PAUSE
    assert client.read_location(7).id == 7
    assert client.read_location(7).id == 7
