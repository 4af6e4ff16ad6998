"""Days of a series on the clocks of every zone, across both of their changes."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from series.days.rhythm import Rhythm, last_day_allowed, last_day_of_weeks

ZONES = sorted(available_timezones())
EVERY_DAY = frozenset(range(7))
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))


@cache
def changes(zone: str) -> tuple[date, ...]:
    """Return the days of two years on which the clocks of a zone change."""
    place = ZoneInfo(zone)
    first = datetime(2026, 1, 1, 12)
    offsets = [(first + timedelta(days=n)).replace(tzinfo=place).utcoffset() for n in range(731)]
    return tuple(
        (first + timedelta(days=n)).date() for n in range(1, 731) if offsets[n] != offsets[n - 1]
    )


CHANGING = [zone for zone in ZONES if changes(zone)]


def check(zone: str, day: date, start: time, end: time) -> None:
    """Hold three days in a row, of which the middle one is this, against what the clocks show."""
    place = ZoneInfo(zone)
    rhythm = Rhythm(EVERY_DAY, day - timedelta(days=1), day + timedelta(days=1), start, end)
    found = [rhythm.occurrence(each, place) for each in rhythm.days()]
    assert [each.day for each in found] == [day + timedelta(days=n) for n in (-1, 0, 1)]
    for each in found:
        assert each.start_at.tzinfo is UTC and each.end_at.tzinfo is UTC
        assert each.start_at <= each.end_at
        begin, finish = each.start_at.astimezone(place), each.end_at.astimezone(place)
        end_day = each.day + timedelta(days=int(end <= start))
        if not each.remark:
            assert (begin.date(), begin.time()) == (each.day, start)
            assert (finish.date(), finish.time()) == (end_day, end)
            assert each.period
        # What the clocks show is never earlier than what was meant.
        assert begin.replace(tzinfo=None) >= datetime.combine(each.day, start)
        assert finish.replace(tzinfo=None) >= datetime.combine(end_day, end)
    assert [each.start_at for each in found] == sorted({each.start_at for each in found})


@pytest.mark.parametrize("way", [0, 1], ids=["spring", "autumn"])
def test_both_clock_changes_of_every_zone(way):
    """The depot's night, and the hour in which most clocks change."""
    for zone in CHANGING:
        days = changes(zone)
        day = days[way % len(days)]
        check(zone, day, time(22), time(6))
        check(zone, day, time(2, 30), time(3, 15))
        check(zone, day, time(0), time(0))


@given(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2031, 12, 31)), QUARTERS, QUARTERS)
@settings(deadline=None, max_examples=200)
def test_any_day_of_any_zone(zone, day, start, end):
    check(zone, day, start, end)


@given(st.sampled_from(CHANGING), st.integers(0, 3), QUARTERS, QUARTERS)
@settings(deadline=None, max_examples=200)
def test_any_time_on_a_day_of_change(zone, which, start, end):
    days = changes(zone)
    check(zone, days[which % len(days)], start, end)


def test_six_stays_six_and_the_night_is_an_hour_longer_or_shorter():
    berlin = ZoneInfo("Europe/Berlin")
    rhythm = Rhythm(EVERY_DAY, date(2027, 3, 26), date(2027, 3, 29), time(18), time(6))
    nights = [rhythm.occurrence(day, berlin) for day in rhythm.days()]
    assert [night.end_at - night.start_at for night in nights] == [
        timedelta(hours=hours) for hours in (12, 11, 12, 12)
    ]
    assert not any(night.remark for night in nights)


def test_a_time_that_does_not_exist_or_comes_twice_is_said():
    berlin = ZoneInfo("Europe/Berlin")
    rhythm = Rhythm(EVERY_DAY, date(2027, 3, 28), date(2027, 3, 28), time(2, 30), time(5))
    [skipped] = [rhythm.occurrence(day, berlin) for day in rhythm.days()]
    assert skipped.start_at == datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert "from 02:00 straight to 03:00" in skipped.remark
    twice = rhythm.occurrence(date(2027, 10, 31), berlin)
    assert twice.start_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert "02:30 comes twice" in twice.remark
    gone = Rhythm(EVERY_DAY, rhythm.first, rhythm.last, time(2, 15), time(2, 45))
    assert gone.occurrence(date(2027, 3, 28), berlin).period is None


def test_a_day_that_a_place_leaves_out():
    """Samoa had no 30 December 2011."""
    rhythm = Rhythm(EVERY_DAY, date(2011, 12, 29), date(2011, 12, 31), time(9), time(10))
    found = [rhythm.occurrence(day, ZoneInfo("Pacific/Apia")) for day in rhythm.days()]
    assert [bool(each.period) for each in found] == [True, False, True]


def test_weekdays_and_how_long():
    first = date(2026, 11, 30)
    last = last_day_of_weeks(first, 4)
    days = list(Rhythm(frozenset(range(5)), first, last, time(18), time(6)).days())
    assert len(days) == 20
    assert days[-1] == date(2026, 12, 25)
    assert last_day_allowed(first) == date(2031, 11, 29)
    assert last_day_allowed(date(2028, 2, 29)) == date(2033, 2, 28)
