"""Asking what is free: windows, cache, errors."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache

from ampeco.connection import is_refused, note_refused
from sites.periods import Period, start_of_day
from sites.slots.availability import (
    AvailabilityUnknown,
    free_evses,
    read_availability,
    window_for,
)
from tests.factories import EvseFactory, LocationFactory
from tests.sites.slots.availability_stub import ALWAYS, AvailabilityStub

ONE_DAY = timedelta(days=1)
HORIZON = 28
NOW = datetime(2026, 3, 2, 17, 3, 20, tzinfo=UTC)  # noon in New York
TODAY = date(2026, 3, 2)


def hours(first, last):
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return Period(start + timedelta(hours=first), start + timedelta(hours=last))


@pytest.fixture
def stub():
    stub = AvailabilityStub()
    with stub.in_place():
        yield stub


@pytest.fixture
def location(db):
    return LocationFactory(timezone="America/New_York")


# Windows


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Paris", "Australia/Lord_Howe"])
@pytest.mark.parametrize("month", [3, 4, 9, 10, 11])
@pytest.mark.parametrize("at", [(0, 0), (11, 59), (12, 0), (23, 50)])
def test_each_day_of_the_horizon_lies_in_a_window_with_what_follows(zone, month, at):
    zone = ZoneInfo(zone)
    now = datetime(2026, month, 5, *at, tzinfo=zone).astimezone(UTC)
    today = now.astimezone(zone).date()
    windows = set()
    for offset in range(HORIZON + 1):
        day = today + offset * ONE_DAY
        window = window_for(day, zone=zone, now=now)
        windows.add(window)
        assert window.length <= timedelta(hours=168)
        assert window.start_at <= max(start_of_day(day, zone), now + timedelta(minutes=15))
        assert window.end_at >= start_of_day(day + 2 * ONE_DAY, zone)
        # A stay of 24 hours from the last start of the day ends within it, too.
        assert window.end_at >= start_of_day(day + ONE_DAY, zone) + ONE_DAY - timedelta(minutes=15)
    assert len(windows) <= 6


def test_days_in_a_row_share_a_window_where_no_clocks_change():
    zone = ZoneInfo("Asia/Kolkata")
    today = NOW.astimezone(zone).date()
    windows = [
        window_for(today + offset * ONE_DAY, zone=zone, now=NOW) for offset in range(HORIZON + 1)
    ]
    assert len(set(windows)) == 5
    assert len(set(windows[:6])) == 1


def test_a_window_begins_at_the_next_quarter_hour_as_nobody_books_the_past():
    window = window_for(TODAY, zone=ZoneInfo("America/New_York"), now=NOW)
    assert window.start_at == datetime(2026, 3, 2, 17, 15, tzinfo=UTC)


def test_seven_days_of_169_hours_are_not_asked_for(location, stub):
    now = datetime(2026, 10, 29, 4, tzinfo=UTC)  # midnight in New York; clocks change on 1 Nov
    stub.free = {1: [ALWAYS]}
    for offset in range(HORIZON + 1):
        read_availability(location, day=date(2026, 10, 29) + offset * ONE_DAY, now=now)
    assert max(window.length for window in stub.windows) == timedelta(hours=168)


# Reading


def test_what_is_free_comes_merged_clipped_and_by_ampeco_id(location, stub):
    evse = EvseFactory(charge_point__location=location, ampeco_id=77)
    stub.free = {77: [hours(10, 20), hours(20, 22)], 78: []}
    availability = read_availability(location, day=TODAY, now=NOW)
    assert availability.read_at == NOW
    assert availability.of(evse) == (
        Period(datetime(2026, 3, 2, 17, 15, tzinfo=UTC), hours(0, 22).end_at),
    )
    assert availability.of(EvseFactory(ampeco_id=79)) == ()


def test_a_week_of_days_costs_one_call(location, stub):
    stub.free = {77: [hours(24, 48)]}
    first = read_availability(location, day=TODAY, now=NOW)
    for offset in range(6):
        assert read_availability(location, day=TODAY + offset * ONE_DAY, now=NOW) == first
    assert stub.calls == 1


def test_fresh_asks_again_and_renews_what_the_cache_knows(location, stub):
    read_availability(location, day=TODAY, now=NOW)
    stub.free = {77: [hours(24, 48)]}
    assert read_availability(location, day=TODAY, now=NOW).free == {}
    assert read_availability(location, day=TODAY, now=NOW, fresh=True).free
    assert read_availability(location, day=TODAY, now=NOW).free
    assert stub.calls == 2


def test_nothing_is_kept_where_the_cache_is_switched_off(location, stub, settings):
    settings.AVAILABILITY_CACHE_SECONDS = 0
    for _ in range(2):
        read_availability(location, day=TODAY, now=NOW)
    assert stub.calls == 2


def test_a_cache_that_is_down_only_costs_a_call(location, stub, settings):
    settings.CACHES = {
        "default": {
            **settings.CACHES["default"],
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
            "OPTIONS": {"IGNORE_EXCEPTIONS": True},
        }
    }
    stub.free = {77: [hours(24, 48)]}
    for _ in range(2):
        assert read_availability(location, day=TODAY, now=NOW).free
    assert stub.calls == 2


def test_sites_do_not_share_what_is_free(location, stub):
    stub.free = {77: [hours(24, 48)]}
    read_availability(location, day=TODAY, now=NOW)
    stub.free = {}
    assert read_availability(LocationFactory(), day=TODAY, now=NOW).free == {}


# Whether chargers are free for a stay


def test_free_evses_are_those_free_for_the_whole_stretch(location, stub):
    whole, half, unknown = (EvseFactory(charge_point__location=location) for _ in range(3))
    stub.free = {whole.ampeco_id: [hours(24, 30), hours(30, 48)], half.ampeco_id: [hours(24, 35)]}
    stay = hours(25, 36)
    found = free_evses(
        location, evses=[half, whole, unknown], start_at=stay.start_at, end_at=stay.end_at, now=NOW
    )
    assert found == [whole]
    (asked,) = stub.windows
    assert asked.start_at <= stay.start_at
    assert stay.end_at <= asked.end_at
    assert read_availability(location, day=TODAY, now=NOW).of(whole), "whoever looks next is told"
    assert stub.calls == 1


def test_a_stay_that_began_a_moment_ago_is_still_asked_for(location, stub):
    evse = EvseFactory(charge_point__location=location)
    stub.free = {evse.ampeco_id: [ALWAYS]}
    stay = hours(17, 18)
    assert free_evses(
        location, evses=[evse], start_at=stay.start_at, end_at=stay.end_at, now=NOW
    ) == [evse]


@pytest.mark.parametrize(("age", "calls"), [(0, 1), (10, 1), (11, 2)])
def test_an_answer_of_some_seconds_ago_will_do(location, stub, age, calls):
    evse, other = (EvseFactory(charge_point__location=location) for _ in range(2))
    stub.free = {evse.ampeco_id: [hours(24, 48)]}
    read_availability(location, day=TODAY, now=NOW)
    stay = hours(30, 36)
    found = free_evses(
        location,
        evses=[other, evse],
        start_at=stay.start_at,
        end_at=stay.end_at,
        max_age=10,
        now=NOW + timedelta(seconds=age),
    )
    assert found == [evse]
    assert stub.calls == calls


def test_nothing_is_said_to_be_taken_that_has_become_free(location, stub):
    evse = EvseFactory(charge_point__location=location)
    read_availability(location, day=TODAY, now=NOW)
    stub.free = {evse.ampeco_id: [hours(24, 48)]}
    stay = hours(30, 36)
    found = free_evses(location, evses=[evse], start_at=stay.start_at, end_at=stay.end_at, now=NOW)
    assert found == [evse]


def test_a_slot_found_taken_is_not_offered_from_the_cache_again(location, stub):
    evse = EvseFactory(charge_point__location=location)
    stub.free = {evse.ampeco_id: [hours(24, 48)]}
    read_availability(location, day=TODAY, now=NOW)
    stub.free = {}
    stay = hours(30, 36)
    found = free_evses(location, evses=[evse], start_at=stay.start_at, end_at=stay.end_at, now=NOW)
    assert found == []
    assert read_availability(location, day=TODAY, now=NOW).free == {}


@pytest.mark.parametrize(
    ("stay", "free", "is_free"),
    [
        (hours(31, 37), [hours(36, 37)], True),
        (hours(31, 37), [hours(24, 36)], False),
        (hours(29, 37), [hours(29, 30), hours(36, 37)], True),
        (hours(29, 37), [hours(36, 37)], False),
        (hours(40, 41), [hours(40, 41)], True),
        (hours(40, 41), [], False),
    ],
)
def test_what_is_held_need_not_be_free(location, stub, stay, free, is_free):
    evse = EvseFactory(charge_point__location=location)
    stub.free = {evse.ampeco_id: free}
    found = free_evses(
        location,
        evses=[evse],
        start_at=stay.start_at,
        end_at=stay.end_at,
        held=hours(30, 36),
        now=NOW,
    )
    assert found == ([evse] if is_free else [])


def test_what_is_held_already_needs_no_call(location, stub):
    evse = EvseFactory(charge_point__location=location)
    stay = hours(31, 36)
    assert free_evses(
        location, evses=[evse], start_at=stay.start_at, end_at=stay.end_at, held=hours(30, 36)
    ) == [evse]
    assert stub.calls == 0


def test_no_evses_no_call(location, stub):
    stay = hours(30, 36)
    assert free_evses(location, evses=[], start_at=stay.start_at, end_at=stay.end_at) == []
    assert stub.calls == 0


# What can go wrong


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "not-permitted"),
        (403, "not-permitted"),
        (404, "refused"),
        (422, "refused"),
        (429, "busy"),
        (500, "unreachable"),
        (503, "unreachable"),
    ],
)
def test_an_answer_that_is_none_says_why(location, stub, status, reason):
    stub.status = status
    with pytest.raises(AvailabilityUnknown) as caught:
        read_availability(location, day=TODAY, now=NOW)
    assert caught.value.reason == reason
    assert caught.value.message
    assert is_refused() == (reason == "not-permitted")


def test_an_operator_that_cannot_be_reached_is_said_so(location, stub):
    stub.broken = True
    evse = EvseFactory(charge_point__location=location)
    stay = hours(30, 36)
    with pytest.raises(AvailabilityUnknown) as caught:
        free_evses(location, evses=[evse], start_at=stay.start_at, end_at=stay.end_at, now=NOW)
    assert caught.value.reason == "unreachable"


def test_a_failure_is_not_remembered(location, stub):
    stub.status = 404
    with pytest.raises(AvailabilityUnknown):
        read_availability(location, day=TODAY, now=NOW)
    stub.status = 200
    assert read_availability(location, day=TODAY, now=NOW).free == {}


def test_an_answer_clears_an_earlier_refusal(location, stub):
    note_refused()
    read_availability(location, day=TODAY, now=NOW)
    assert not is_refused()


def test_an_answer_survives_the_cache_unchanged(location, stub):
    stub.free = {5: [Period(NOW + timedelta(hours=1), NOW + timedelta(hours=2, seconds=7))]}
    asked = read_availability(location, day=TODAY, now=NOW)
    assert read_availability(location, day=TODAY, now=NOW) == asked
    assert stub.calls == 1
    cache.clear()
    assert read_availability(location, day=TODAY, now=NOW) == asked
