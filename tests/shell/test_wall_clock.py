from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from shell.wall_clock import instants_of, skipped_times


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instants"),
    [
        ("America/New_York", "2026-11-23", "18:00", ["2026-11-23T23:00"]),
        ("America/New_York", "2026-11-01", "01:30", ["2026-11-01T05:30", "2026-11-01T06:30"]),
        ("America/New_York", "2026-11-01", "02:00", ["2026-11-01T07:00"]),
        ("America/New_York", "2027-03-14", "02:30", []),
        ("America/New_York", "2027-03-14", "03:00", ["2027-03-14T07:00"]),
        ("Australia/Lord_Howe", "2026-04-05", "01:45", ["2026-04-04T14:45", "2026-04-04T15:15"]),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", []),
        ("America/Santiago", "2026-09-06", "00:15", []),
        ("Asia/Kolkata", "2026-11-01", "01:30", ["2026-10-31T20:00"]),
        ("UTC", "2026-11-01", "01:30", ["2026-11-01T01:30"]),
    ],
)
def test_what_a_time_on_the_clock_means(zone, day, clock, instants):
    found = instants_of(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    assert found == [at(text) for text in instants]


@pytest.mark.parametrize(
    ("zone", "day", "clock", "stretch"),
    [
        ("America/New_York", "2027-03-14", "02:30", ("02:00", "03:00")),
        ("America/New_York", "2027-03-14", "02:00", ("02:00", "03:00")),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", ("02:00", "02:30")),
        ("America/Santiago", "2026-09-06", "00:15", ("00:00", "01:00")),
    ],
)
def test_from_when_to_when_the_clocks_go(zone, day, clock, stretch):
    found = skipped_times(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
    assert tuple(f"{each:%H:%M}" for each in found) == stretch


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Amsterdam", "Australia/Lord_Howe"])
def test_every_quarter_hour_of_two_years_is_found_by_its_clock(zone):
    place = ZoneInfo(zone)
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    while instant.year < 2028:
        local = instant.astimezone(place)
        assert instant in instants_of(local.date(), local.time(), place)
        instant += timedelta(minutes=15)
