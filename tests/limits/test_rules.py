"""What each kind of limit allows: on facts that are given, without a database."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from limits.rules import (
    Holding,
    Rule,
    Wanted,
    Window,
    closed_periods,
    first_breach,
    hours_by_day,
    hours_used,
    open_periods,
)
from sites.periods import Period

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
PIER, DEPOT = 1, 2
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0, *, zone: ZoneInfo = BERLIN, month: int = 3):
    return datetime(2026, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


def held(unit: int, start, end, *, site: int = PIER, evse: int | None = 10, zone=BERLIN) -> Holding:
    return Holding(unit, site, evse, zone, Period(start, end))


def wanted(start, end, *, site: int = PIER, evses=frozenset({10}), zone=BERLIN, has=None) -> Wanted:
    return Wanted(Period(start, end), site, evses, zone, NOW, has)


def says(rule: Rule, want: Wanted, *others: Holding) -> str:
    return first_breach([rule], want, others)


def rule(kind: str, most: float | str = 0, **fields) -> Rule:
    return Rule(kind, Decimal(str(most)), **fields)


# At a time


def test_the_sixth_of_five_at_a_time_is_told_so():
    five = [held(unit, at(2, 18), at(3, 6)) for unit in range(5)]
    text = says(rule("at-a-time", 5), wanted(at(2, 20), at(2, 22)), *five)
    assert "may have 5 bookings at the same time; this would be number 6" in text
    assert not says(rule("at-a-time", 6), wanted(at(2, 20), at(2, 22)), *five)


def test_what_ends_as_another_begins_is_not_at_the_same_time():
    one = held(1, at(2, 18), at(2, 20))
    assert not says(rule("at-a-time", 1), wanted(at(2, 20), at(2, 22)), one)


def test_the_busiest_moment_counts_and_not_all_that_touches():
    one, later = held(1, at(2, 18), at(2, 19)), held(2, at(2, 20), at(2, 21))
    assert not says(rule("at-a-time", 2), wanted(at(2, 18), at(2, 21)), one, later)


def test_what_a_booking_has_and_what_it_is_to_become_count_once():
    both = [held(1, at(2, 18), at(2, 20)), held(1, at(2, 19), at(2, 21))]
    assert not says(rule("at-a-time", 2), wanted(at(2, 18), at(2, 21)), *both)
    assert says(rule("at-a-time", 1), wanted(at(2, 20), at(2, 21)), *both)


# A day, a week


def test_bookings_a_day_are_counted_by_the_day_on_which_they_begin():
    night = held(1, at(2, 23), at(3, 5))
    limit = rule("per-day", 1)
    assert not says(limit, wanted(at(3, 6), at(3, 7)), night)
    assert "on Mon 2 Mar this would be number 2" in says(limit, wanted(at(2, 6), at(2, 7)), night)


def test_hours_over_midnight_count_where_they_are():
    night = held(1, at(2, 22), at(3, 4))
    limit = rule("hours-per-day", 4)
    assert not says(limit, wanted(at(2, 6), at(2, 8)), night)
    assert "on Tue 3 Mar there are 0 min left" in says(limit, wanted(at(3, 6), at(3, 7)), night)


def test_each_booking_counts_on_the_days_of_its_own_site():
    """Seven in the evening in New York is after midnight in Berlin: another day there."""
    evening = at(2, 19, zone=NEW_YORK)
    there = held(1, evening, evening + timedelta(hours=2), site=DEPOT, zone=NEW_YORK)
    assert hours_used([there], weekly=False) == {date(2026, 3, 2): timedelta(hours=2)}
    limit = rule("hours-per-day", 2)
    assert not says(limit, wanted(at(3, 6), at(3, 8)), there)
    assert says(limit, wanted(at(2, 6), at(2, 8)), there)


@pytest.mark.parametrize(("day", "hours"), [(28, 24), (29, 23)])
def test_the_day_on_which_the_clocks_go_forward_has_an_hour_less(day, hours):
    whole = Period(at(day, 0), at(day, 23, 59))
    passed = hours_by_day(whole, BERLIN)[date(2026, 3, day)]
    assert passed == timedelta(hours=hours) - timedelta(minutes=1)


def test_a_week_is_from_monday_to_sunday_of_the_site_over_a_clock_change():
    sunday = held(1, at(29, 0), at(29, 6))  # five hours pass: the clocks skip one
    limit = rule("hours-per-week", 10)
    assert not says(limit, wanted(at(28, 6), at(28, 11)), sunday)
    text = says(limit, wanted(at(28, 6), at(28, 11, 15)), sunday)
    assert "in the week from Mon 23 Mar there are 5 h left" in text
    assert not says(limit, wanted(at(30, 6), at(30, 16)), sunday)


def test_a_booking_over_the_end_of_a_week_counts_in_both():
    limit = rule("hours-per-week", 3)
    over = wanted(at(1, 22), at(2, 2))
    assert not says(limit, over)
    assert says(limit, over, held(1, at(3, 6), at(3, 8)))


# Times


@pytest.mark.parametrize(("minutes", "fits"), [(240, True), (255, False)])
def test_the_longest_booking(minutes, fits):
    start = at(2, 18)
    text = says(rule("longest", 4), wanted(start, start + timedelta(minutes=minutes)))
    assert ("at most 4 h in one go" in text) != fits


@pytest.mark.parametrize(("minutes", "fits"), [(119, False), (120, True)])
def test_the_lead_time(minutes, fits):
    start = NOW + timedelta(minutes=minutes)
    text = says(rule("notice", 2), wanted(start, start + timedelta(hours=1)))
    assert ("at least 2 h before the start" in text) != fits


NIGHTS = Window(frozenset(range(5)), time(18), time(6))
WEEKENDS = Window(frozenset({5, 6}), time(0), time(0))


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        (at(2, 18), at(3, 6), True),
        (at(2, 17, 45), at(2, 20), False),
        (at(3, 4), at(3, 6, 15), False),
        # Friday's night goes over into Saturday, which is open all day.
        (at(6, 20), at(7, 12), True),
        # Sunday ends at midnight, and nothing begins then.
        (at(8, 22), at(9, 1), False),
        # 18:00 to 06:00 over the night in which the clocks go forward.
        (at(28, 18), at(29, 6), True),
    ],
)
def test_time_windows(start, end, fits):
    text = says(rule("window", windows=(NIGHTS, WEEKENDS)), wanted(start, end))
    assert ("only within: Mon–Fri 18:00–06:00" in text) != fits


def test_a_window_keeps_its_clock_times_over_both_changes():
    for month, day in ((3, 28), (10, 24)):
        night = open_periods(
            [Window(frozenset(range(7)), time(18), time(6))],
            Period(at(day, 12, month=month), at(day, 20, month=month)),
            BERLIN,
        )
        assert Period(at(day, 18, month=month), at(day + 1, 6, month=month)) in night


def test_a_blackout_closes_what_touches_it():
    limit = rule("blackout", closed=Period(at(2, 8), at(2, 12)), note="Resurfacing", location=PIER)
    assert not says(limit, wanted(at(2, 6), at(2, 8)))
    text = says(limit, wanted(at(2, 11, 45), at(2, 13)))
    assert "Nothing can be booked here: Mon 2 Mar 2026, 08:00–12:00" in text
    assert "(Resurfacing)" in text
    assert not says(limit, wanted(at(2, 9), at(2, 10), site=DEPOT))


# Where, and instead of what


def test_a_group_of_chargers_counts_its_own_and_what_may_be_given_one_of_them():
    limit = rule("at-a-time", 1, location=PIER, evses=frozenset({10, 11}), place="Pier, A, B")
    want = wanted(at(2, 18), at(2, 20))
    assert not says(limit, want, held(1, at(2, 18), at(2, 20), evse=12))
    assert says(limit, want, held(1, at(2, 18), at(2, 20), evse=11)).startswith("Pier, A, B: ")
    assert says(limit, want, held(1, at(2, 18), at(2, 20), evse=None))
    assert not says(limit, want, held(1, at(2, 18), at(2, 20), evse=None, site=DEPOT))
    any_of_three = wanted(at(2, 18), at(2, 20), evses=frozenset({11, 12}))
    assert says(limit, any_of_three, held(1, at(2, 18), at(2, 20)))


@pytest.mark.parametrize(
    "limit",
    [
        rule("longest", 1),
        rule("notice", 1000),
        rule("at-a-time", 0),
        rule("hours-per-day", "0.25"),
        rule("blackout", closed=Period(at(2, 0), at(3, 0))),
    ],
)
def test_who_takes_less_than_they_have_breaks_nothing(limit):
    has = held(1, at(2, 18), at(2, 22))
    assert not says(limit, wanted(at(2, 18), at(2, 20), has=has))
    assert says(limit, wanted(at(2, 17, 45), at(2, 20), has=has))


def test_what_is_kept_elsewhere_is_no_excuse():
    limit = rule("longest", 1, location=PIER)
    has = held(1, at(2, 18), at(2, 22), site=DEPOT)
    assert says(limit, wanted(at(2, 18), at(2, 22), has=has))


def test_one_that_begins_as_before_has_kept_its_lead_time():
    has = held(1, at(2, 7), at(2, 9))
    assert not says(rule("notice", 24), wanted(at(2, 7), at(2, 10), has=has))


# What is not offered


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (rule("blackout", closed=Period(at(2, 8), at(2, 12))), [(at(2, 8), at(2, 12))]),
        (rule("blackout", closed=Period(at(20, 8), at(20, 12))), []),
        (rule("notice", 3), [(NOW, NOW + timedelta(hours=3))]),
        (rule("window", windows=(NIGHTS,)), [(at(3, 6), at(3, 18))]),
        (rule("at-a-time", 1), [(at(2, 20), at(2, 22))]),
        (rule("hours-per-day", 1), []),
    ],
)
def test_when_nothing_is_offered(limit, expected):
    days = Period(NOW, at(3, 18))
    # Before eighteen o'clock of the first day the window is closed, too.
    if limit.kind == "window":
        expected = [(NOW, at(2, 18)), *expected]
    found = closed_periods(
        limit, days, zone=BERLIN, now=NOW, others=[held(1, at(2, 20), at(2, 22))]
    )
    assert [(each.start_at, each.end_at) for each in found] == expected
