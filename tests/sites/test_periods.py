"""Arithmetic on stretches of time."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sites.periods import (
    STEP,
    Period,
    clip,
    covers,
    gaps,
    local_day,
    merge,
    next_step,
    start_of_day,
    starts_that_fit,
    subtract,
)

ORIGIN = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPACE = 2000

untimed = settings(deadline=None)


def minutes(first, last):
    return Period(ORIGIN + first * MINUTE, ORIGIN + last * MINUTE)


@st.composite
def intervals(draw):
    first = draw(st.integers(0, SPACE - 1))
    return minutes(first, draw(st.integers(first + 1, SPACE)))


some = st.lists(intervals(), max_size=12)


def minutes_of(many):
    """Return the minutes that lie in any of the intervals: the plain model of what they mean."""
    found = set()
    for each in many:
        found |= set(range((each.start_at - ORIGIN) // MINUTE, (each.end_at - ORIGIN) // MINUTE))
    return found


def in_order_and_apart(many):
    return all(a.end_at < b.start_at for a, b in pairwise(many))


@pytest.mark.parametrize(
    ("start_at", "end_at"),
    [
        (datetime(2026, 3, 1, 8), datetime(2026, 3, 1, 9)),
        (
            datetime(2026, 3, 1, 8, tzinfo=ZoneInfo("Europe/Paris")),
            datetime(2026, 3, 1, 9, tzinfo=ZoneInfo("Europe/Paris")),
        ),
        (ORIGIN, ORIGIN),
        (ORIGIN + MINUTE, ORIGIN),
    ],
)
def test_only_true_stretches_of_utc_are_intervals(start_at, end_at):
    with pytest.raises(ValueError, match="period"):
        Period(start_at, end_at)


@untimed
@given(some)
def test_merging_keeps_the_time_and_leaves_none_touching(many):
    merged = merge(many)
    assert minutes_of(merged) == minutes_of(many)
    assert in_order_and_apart(merged)


@untimed
@given(some, some, st.randoms(use_true_random=False))
def test_neither_order_nor_doing_it_twice_matters(many, taken, chance):
    shuffled = chance.sample(many, len(many))
    merged = merge(many)
    assert merge(shuffled) == merge(merged) == merge([*many, *shuffled]) == merged
    left = subtract(many, taken)
    assert subtract(shuffled, reversed(taken)) == subtract(left, taken) == left
    assert in_order_and_apart(left)


@untimed
@given(some, some, intervals())
def test_operations_fit_together(many, others, window):
    both = subtract(many, subtract(many, others))
    assert minutes_of(both) == minutes_of(many) & minutes_of(others)
    assert merge([*subtract(many, others), *both]) == merge(many)
    assert gaps(gaps(many, window), window) == merge(clip(many, window))


@untimed
@given(some, intervals())
def test_clipping_keeps_what_lies_within(many, window):
    assert minutes_of(clip(many, window)) == minutes_of(many) & minutes_of([window])


@untimed
@given(some, intervals())
def test_gaps_are_the_rest_of_the_window(many, window):
    found = gaps(many, window)
    assert minutes_of(found) == minutes_of([window]) - minutes_of(many)
    assert in_order_and_apart(found)


@untimed
@given(some, some)
def test_subtracting_leaves_what_is_not_taken(many, taken):
    assert minutes_of(subtract(many, taken)) == minutes_of(many) - minutes_of(taken)


@untimed
@given(some, intervals())
def test_covering_leaves_nothing_out(many, stretch):
    assert covers(many, stretch) == (minutes_of([stretch]) <= minutes_of(many))


def test_two_free_stretches_that_touch_cover_what_spans_both():
    assert covers([minutes(0, 60), minutes(60, 120)], minutes(30, 90))
    assert not covers([minutes(0, 60), minutes(61, 120)], minutes(30, 90))


@untimed
@given(st.integers(0, SPACE), st.integers(0, 59))
def test_the_next_step_is_the_first_quarter_hour_not_before(minute, second):
    at = ORIGIN + minute * MINUTE + timedelta(seconds=second)
    step = next_step(at)
    assert step.timestamp() % STEP.total_seconds() == 0
    assert timedelta(0) <= step - at < STEP


@untimed
@given(some, st.integers(1, 30), st.integers(0, SPACE), st.integers(0, SPACE))
def test_starts_are_all_quarter_hours_from_which_the_whole_length_is_free(
    free, quarters, earliest, latest
):
    length = quarters * STEP
    found = list(
        starts_that_fit(
            free,
            length=length,
            earliest=ORIGIN + earliest * MINUTE,
            latest=ORIGIN + latest * MINUTE,
        )
    )
    expected = [
        ORIGIN + minute * MINUTE
        for minute in range(earliest, latest + 1)
        if minute % 15 == 0 and set(range(minute, minute + 15 * quarters)) <= minutes_of(free)
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("America/New_York", date(2026, 11, 2), 24),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Kolkata", date(2026, 3, 8), 24),
        # Here the clocks skip midnight itself, and here they show the hour before it twice.
        ("Africa/Cairo", date(2026, 4, 24), 23),
        ("America/Santiago", date(2026, 4, 4), 25),
    ],
)
def test_a_day_lasts_as_long_as_it_really_does(zone, day, hours):
    assert local_day(day, ZoneInfo(zone)).length == timedelta(hours=hours)


@untimed
@given(
    st.sampled_from(["America/New_York", "Africa/Cairo", "America/Santiago", "Asia/Kathmandu"]),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_a_day_begins_where_the_one_before_ends(zone, day):
    begin = start_of_day(day, ZoneInfo(zone))
    assert begin.astimezone(ZoneInfo(zone)).date() == day
    assert (begin - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date() < day
    assert begin.timestamp() % STEP.total_seconds() == 0
