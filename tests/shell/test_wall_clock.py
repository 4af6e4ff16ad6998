from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from tzlocal.windows_tz import win_tz

from shell.wall_clock import instants_of, skipped_times, zone_of_place


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


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("US/Eastern", "US/Eastern"),
        ("Singapore", "Singapore"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe  standard time", "Europe/Berlin"),
        ("Eastern Standard Time", "America/New_York"),
        ("GMT Standard Time", "Europe/London"),
        ("India Standard Time", "Asia/Calcutta"),
    ],
)
def test_a_zone_is_known_by_its_name_or_by_that_of_windows(name, key):
    assert zone_of_place(name).key == key


NO_PLACES = ["EST5EDT", "EST", "CET", "GMT", "GMT0", "UTC", "Zulu", "Factory", "localtime"]
NO_PLACES += ["Etc/GMT+1", "Etc/UTC", "UTC-02", "Dateline Standard Time", "posixrules"]
NO_PLACES += ["", " ", "Mars/Olympus", "Berlin", "+01:00", "../../etc/passwd", "/etc/localtime"]
NO_PLACES += ["Europe", "Europe/", "posix/Europe/Berlin", "right/Europe/Berlin", "\0", "a" * 500]


@pytest.mark.parametrize("name", NO_PLACES)
def test_what_is_no_zone_of_a_place(name):
    assert zone_of_place(name) is None


def test_every_zone_of_windows_is_known_or_of_no_place():
    for name, key in win_tz.items():
        zone = zone_of_place(name)
        assert (zone is None) if key.startswith("Etc/") else (zone == ZoneInfo(key)), name


def test_every_place_of_iana_is_known_by_itself():
    of_areas = {key for key in available_timezones() if "/" in key and not key.startswith("Etc/")}
    assert {zone_of_place(key).key for key in of_areas} == of_areas
