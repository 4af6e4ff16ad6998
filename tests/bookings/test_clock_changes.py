"""Both changes of the clocks, in every zone there is: days, slots, texts, forms and calendars."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest

from bookings.state.booking import reminder_time
from calendars.entries import instant_line
from shell.formats import in_zone, offset_text, time_in_zone, zone_label
from shell.wall_clock import instants_of, skipped_times
from sites.periods import STEP, local_day, start_of_day, starts_that_fit
from sites.slots.clocks import Clock, clock_change_text
from sites.slots.picker.starts import PeriodChoice
from tests.factories import BookingFactory, FleetFactory

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
DAY, MINUTE, HOUR = timedelta(days=1), timedelta(minutes=1), timedelta(hours=1)
# Neither is a place: one names the machine's own zone, the other none.
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


class Change(NamedTuple):
    """A change of the clocks: `by` is positive where they skip time."""

    zone: ZoneInfo
    at: datetime
    by: timedelta

    @property
    def day(self) -> date:
        """The day that is longer or shorter: that of the last moment before."""
        return (self.at - MINUTE).astimezone(self.zone).date()


@cache
def changes() -> list[Change]:
    """Return every change of clocks of two years, in every zone, found without looking at rules."""
    return [change for name in ZONES for change in _changes_of(ZoneInfo(name))]


def _changes_of(zone: ZoneInfo) -> Iterator[Change]:
    at = FIRST
    while at < LAST:
        before, after = (each.astimezone(zone).utcoffset() for each in (at, at + DAY))
        if before != after:
            low, high = at, at + DAY
            while high - low > MINUTE:
                middle = low + (high - low) // 2 // MINUTE * MINUTE
                unchanged = middle.astimezone(zone).utcoffset() == before
                low, high = (middle, high) if unchanged else (low, middle)
            yield Change(zone, high, after - before)
        at += DAY


def around(change: Change, *, hours: int) -> list[datetime]:
    """Return the quarter hours around a change."""
    return [change.at + n * STEP for n in range(-4 * hours, 4 * hours + 1)]


def test_zones_are_what_they_are_taken_for():
    assert len({change.zone.key for change in changes()}) > 100
    assert {change.by > timedelta(0) for change in changes()} == {True, False}
    for name in ZONES:
        for at in (FIRST, datetime(2026, 7, 1, tzinfo=UTC)):
            offset = at.astimezone(ZoneInfo(name)).utcoffset()
            assert offset % STEP == timedelta(0), f"Quarter hours of UTC are none in {name}."
    assert all(change.at.timestamp() % STEP.total_seconds() == 0 for change in changes())


def test_days_follow_each_other_and_begin_on_their_date():
    for change in changes():
        zone = change.zone
        for day in (change.day + n * DAY for n in range(-1, 3)):
            begin = start_of_day(day, zone)
            assert begin.astimezone(zone).date() == day, change
            assert (begin - MINUTE).astimezone(zone).date() == day - DAY, change
            assert local_day(day, zone).end_at == start_of_day(day + DAY, zone)


def test_a_day_is_as_long_as_its_clocks_say_and_it_is_said():
    for change in changes():
        days = {change.day, change.at.astimezone(change.zone).date()}
        lengths = [local_day(day, change.zone).length for day in days]
        assert sum(lengths, timedelta()) == len(days) * DAY - change.by, change
        said = [clock_change_text(day, zone=change.zone) for day in days]
        word = "forward" if change.by > timedelta(0) else "back"
        assert any(word in text for text in said), change


def test_every_quarter_hour_of_a_day_is_one_slot_and_reads_like_no_other():
    for change in changes():
        clock = Clock(change.zone)
        day = local_day(change.day, change.zone)
        starts = list(starts_that_fit([day], length=STEP, earliest=day.start_at, latest=day.end_at))
        assert starts == [day.start_at + n * STEP for n in range(day.length // STEP)]
        assert {clock.local(at).date() for at in starts} == {change.day}
        assert len({clock.text(at) for at in starts}) == len(starts), change


def test_a_slot_is_the_same_instant_from_its_link_to_what_is_typed_and_shown():
    for change in changes():
        choice = PeriodChoice(change.zone, length=HOUR, now=FIRST)
        for start in choice.write(around(change, hours=1), what=""):
            local = start.start_at.astimezone(change.zone)
            assert f"start={start.start_at:%Y-%m-%dT%H}%3A{start.start_at:%M}" in start.url
            meant = instants_of(local.date(), local.time(), change.zone)
            assert start.start_at in meant, change
            twice = len(meant) == 2
            assert twice == (start.begins != f"{local:%H:%M}"), "Its zone is named where needed."
            if twice:
                assert len({in_zone(each, change.zone) for each in meant}) == 2
                assert len({time_in_zone(each, change.zone) for each in meant}) == 2


def test_what_the_clocks_skip_is_no_time_and_what_they_repeat_is_two():
    for change in changes():
        wall = (change.at - STEP).astimezone(change.zone).replace(tzinfo=None, fold=0) + STEP
        stretch = abs(change.by) // STEP
        if change.by > timedelta(0):
            for skipped in (wall + n * STEP for n in range(stretch)):
                assert instants_of(skipped.date(), skipped.time(), change.zone) == []
                first, last = skipped_times(skipped.date(), skipped.time(), change.zone)
                assert (first, last) == (wall.time(), (wall + change.by).time())
        else:
            for repeated in (wall - (n + 1) * STEP for n in range(stretch)):
                found = instants_of(repeated.date(), repeated.time(), change.zone)
                assert len(found) == 2
                assert found[1] - found[0] == -change.by


def test_a_zone_is_named_with_the_offset_that_holds_then():
    for change in changes():
        labels = set()
        for at in (change.at - MINUTE, change.at):
            label = zone_label(change.zone, at)
            assert offset_text(at.astimezone(change.zone)) in label
            labels.add(label)
        assert len(labels) == 2, change


def test_calendars_name_the_instant():
    for change in changes()[::7]:
        for at in around(change, hours=1):
            line = instant_line("DTSTART", at.astimezone(change.zone))
            event = icalendar.Event.from_ical(f"BEGIN:VEVENT\r\n{line}\r\nEND:VEVENT\r\n")
            assert event.decoded("DTSTART") == at


@pytest.mark.django_db
def test_reminders_come_as_long_before_as_really_passes():
    fleet = FleetFactory(reminder_minutes=90)
    for name in ("America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago"):
        booking = BookingFactory(
            fleet=fleet, accepted=True, evse__charge_point__location__timezone=name
        )
        for change in _changes_of(ZoneInfo(name)):
            booking.start_at = change.at + timedelta(minutes=30)
            booking.end_at = booking.start_at + HOUR
            booking.save()
            booking.refresh_from_db()
            due = reminder_time(booking, booking.start_at, now=FIRST)
            assert due == change.at - HOUR
