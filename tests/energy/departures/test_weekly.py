"""What a weekly rule makes: 06:00 stays 06:00, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from energy.departures.actions import (
    Plan,
    Weekday,
    cancel_departure,
    change_departure,
    mark_of,
    set_departure,
    set_week,
    week_of,
)
from energy.departures.weekly import leaving_instant, make_weekly_departures, zone_of
from energy.models import Departure
from shell.wall_clock import instants_of
from tests.factories import LocationFactory, UserFactory, VehicleFactory

ZONES = (
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "UTC",
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2011, 1, 1), date(2036, 12, 31))
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(zones, days, clocks)
def test_it_leaves_when_the_clocks_show_that_time(zone, day, clock):
    meant = instants_of(day, clock, zone)
    assume(meant)

    found = leaving_instant(day, clock, zone)

    assert found.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, clock)
    assert found == min(meant)


@given(zones, days, clocks)
def test_a_day_later_is_later(zone, day, clock):
    first, second = (leaving_instant(day + timedelta(days=n), clock, zone) for n in (0, 1))
    # Samoa had no 30 December 2011: what would be then, is as that day is skipped.
    assert timedelta(0) <= second - first <= timedelta(hours=49)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        # The clocks go from 02:00 to 03:00 at 07:00 UTC.
        ("America/New_York", date(2026, 3, 8), time(2, 30), "2026-03-08T07:00"),
        ("America/New_York", date(2026, 3, 8), time(2, 0), "2026-03-08T07:00"),
        ("America/New_York", date(2026, 3, 8), time(6, 0), "2026-03-08T10:00"),
        ("America/New_York", date(2026, 3, 7), time(6, 0), "2026-03-07T11:00"),
        # 01:30 comes twice: the first.
        ("America/New_York", date(2026, 11, 1), time(1, 30), "2026-11-01T05:30"),
        ("America/New_York", date(2026, 11, 1), time(6, 0), "2026-11-01T11:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15), "2026-10-03T15:30"),
        # At midnight to 01:00.
        ("America/Santiago", date(2026, 9, 6), time(0, 30), "2026-09-06T04:00"),
    ],
)
def test_both_changes_of_the_clocks(zone, day, clock, instant):
    found = leaving_instant(day, clock, ZoneInfo(zone))
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.fixture
def vehicle(db):
    return VehicleFactory(home_site=LocationFactory(timezone="America/New_York"))


@pytest.fixture
def user(db):
    return UserFactory(name="Mia Long")


def set_days(vehicle, user, **days):
    """Set when it leaves: `mon="06:00"`."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    week = {
        number: Weekday(time.fromisoformat(days[name]), 80) if name in days else Weekday()
        for number, name in enumerate(names)
    }
    set_week(vehicle, week, seen=mark_of(week_of(vehicle)), user=user)


def local(vehicle):
    rows = Departure.objects.filter(vehicle=vehicle, cancelled_at=None).order_by("leaves_at")
    return [f"{row.leaves_at.astimezone(zone_of(vehicle)):%a %d %H:%M}" for row in rows]


@time_machine.travel("2026-10-30T12:00:00Z", tick=False)
def test_six_stays_six_over_the_clock_change(vehicle, user):
    set_days(vehicle, user, sat="06:00", sun="06:00", mon="06:00")

    assert local(vehicle) == ["Sat 31 06:00", "Sun 01 06:00", "Mon 02 06:00", "Sat 07 06:00"]
    hours = Departure.objects.order_by("leaves_at").values_list("leaves_at__hour", flat=True)
    assert list(hours) == [10, 11, 11, 11]


def test_doing_it_again_makes_nothing_again(vehicle, user):
    set_days(vehicle, user, mon="06:00", thu="05:30")
    before = list(Departure.objects.values())

    assert make_weekly_departures() == 0
    assert list(Departure.objects.values()) == before


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_the_days_go_on(vehicle, user):
    set_days(vehicle, user, mon="06:00")
    with time_machine.travel("2026-12-03T12:00:00Z", tick=False):
        assert make_weekly_departures() == 1
    assert local(vehicle) == ["Mon 30 06:00", "Mon 07 06:00"]


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_what_a_person_set_for_one_day_stays(vehicle, user):
    set_days(vehicle, user, mon="06:00", tue="06:00", wed="06:00")
    monday, tuesday, _wednesday = Departure.objects.order_by("leaves_at")
    earlier = Plan(leaves_at=monday.leaves_at - timedelta(hours=1), target_percent=90)
    change_departure(monday, earlier, seen_version=0, user=user)
    cancel_departure(tuesday, seen_version=0, user=user)

    make_weekly_departures()
    assert local(vehicle) == ["Mon 30 05:00", "Wed 02 06:00"]
    set_days(vehicle, user, mon="07:00", tue="07:00", wed="07:00")
    assert local(vehicle) == ["Mon 30 05:00", "Wed 02 07:00"]


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_a_day_that_is_taken_back_and_set_again(vehicle, user):
    set_days(vehicle, user, mon="06:00")
    set_days(vehicle, user)
    assert local(vehicle) == []
    set_days(vehicle, user, mon="06:30")
    assert local(vehicle) == ["Mon 30 06:30"]
    assert Departure.objects.count() == 1


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_they_move_with_the_home_site(vehicle, user):
    set_days(vehicle, user, mon="06:00")
    vehicle.home_site = LocationFactory(timezone="Europe/Berlin")
    vehicle.save()

    make_weekly_departures()

    assert local(vehicle) == ["Mon 30 06:00"]
    assert Departure.objects.get().leaves_at == datetime(2026, 11, 30, 5, tzinfo=UTC)


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_what_was_typed_for_the_same_instant_is_enough(vehicle, user):
    leaves_at = datetime(2026, 11, 30, 11, tzinfo=UTC)
    typed = set_departure(vehicle, Plan(leaves_at=leaves_at, target_percent=95), user=user)

    set_days(vehicle, user, mon="06:00")

    assert list(Departure.objects.all()) == [typed]


@time_machine.travel("2026-11-27T12:00:00Z", tick=False)
def test_without_a_home_site_the_portals_clocks_count(vehicle, user, settings):
    settings.DEFAULT_TIMEZONE = "Asia/Tokyo"
    vehicle.home_site = None
    vehicle.save()
    set_days(vehicle, user, mon="06:00")
    assert Departure.objects.get().leaves_at == datetime(2026, 11, 29, 21, tzinfo=UTC)


def test_a_retired_vehicle_gets_no_more(vehicle, user):
    set_days(vehicle, user, mon="06:00")
    Departure.objects.all().delete()
    vehicle.retired_at = datetime(2026, 11, 1, tzinfo=UTC)
    vehicle.save()
    assert make_weekly_departures() == 0
