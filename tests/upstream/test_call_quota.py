"""What was agreed with the operator is kept to by all processes, and leaves people their part."""

import pytest
from django.core.cache import cache

from upstream.call_quota import SHARE_OF_WORKERS, CacheCallQuota
from upstream.rate_gate import CacheGate

PER_MINUTE = 60


def make_allowance(clock, *, share: float = 1.0, store=cache) -> CacheCallQuota:
    return CacheCallQuota(store, "calls", per_minute=PER_MINUTE, share=share, clock=clock)


def take_all(allowance: CacheCallQuota) -> int:
    """Take calls until there are none; return how many there were."""
    taken = 0
    while allowance.take() == 0:
        taken += 1
    return taken


@pytest.fixture
def minute(clock):
    """The beginning of a minute."""
    clock.now = 60_000.0
    return clock


def test_all_processes_together_get_what_was_agreed(minute):
    one, other = make_allowance(minute), make_allowance(minute)
    for _ in range(PER_MINUTE // 2):
        assert one.take() == other.take() == 0
    assert one.take() > 0
    assert other.take() > 0


def test_being_refused_uses_nothing_up(minute):
    allowance = make_allowance(minute)
    assert take_all(allowance) == PER_MINUTE
    for _ in range(PER_MINUTE):
        allowance.take()
    minute.now += 120
    assert take_all(allowance) == PER_MINUTE


def test_workers_leave_something_to_people(minute):
    for_workers = round(PER_MINUTE * SHARE_OF_WORKERS)
    assert take_all(make_allowance(minute, share=SHARE_OF_WORKERS)) == for_workers
    assert take_all(make_allowance(minute)) == PER_MINUTE - for_workers


def test_no_sixty_seconds_hold_more_than_was_agreed(minute):
    allowance = make_allowance(minute)
    calls: list[float] = []
    # Everything at the end of a minute, and then all that can be had.
    minute.now += 59
    for _second in range(200):
        calls += [minute.now] * take_all(allowance)
        minute.now += 1
    most = max(sum(start <= at < start + 60 for at in calls) for start in calls)
    assert most == PER_MINUTE
    # Nor are many fewer had than that.
    assert len(calls) >= 3 * PER_MINUTE


def test_the_wait_that_is_told_is_about_right(minute):
    allowance = make_allowance(minute)
    assert take_all(allowance) == PER_MINUTE
    waited = 0.0
    while wait := allowance.take():
        minute.now += wait
        waited += wait
    assert 60 <= waited <= 65


class NoCache:
    """A Redis that is away: it answers nothing to everything."""

    def get_many(self, keys: list[str]) -> dict[str, int]:
        return {}

    def add(self, key: str, value: object, timeout: float | None = None) -> None:
        return None

    def incr(self, key: str, delta: int = 1) -> None:
        return None


def test_without_the_cache_nobody_is_held_up(minute):
    allowance = make_allowance(minute, store=NoCache())
    assert all(allowance.take() == 0 for _ in range(PER_MINUTE * 2))


def test_a_gate_asks_it_for_each_call_and_not_for_each_look(minute):
    gate = CacheGate(cache, "gate", clock=minute, allowance=make_allowance(minute))
    for _ in range(PER_MINUTE):
        assert gate.closed_for() == 0
        assert gate.enter() == 0
    assert gate.closed_for() == 0
    assert gate.enter() > 0
