"""Arithmetic on stretches of time: pure functions on half-open intervals of UTC instants."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from `start_at` until just before `end_at`, both in UTC.

    Only UTC is let in: Python compares two times of the same local zone by their clocks, which
    goes wrong whenever clocks change. Raises ValueError for any other zone, and where the end is
    not after the start.
    """

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is not UTC or self.end_at.tzinfo is not UTC:
            raise ValueError("An interval is made of instants in UTC.")
        if self.start_at >= self.end_at:
            raise ValueError("An interval ends after it starts.")

    @property
    def length(self) -> timedelta:
        """How much time really passes from start to end."""
        return self.end_at - self.start_at


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same time in as few intervals as possible, in order of time."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if not merged or interval.start_at > merged[-1].end_at:
            merged.append(interval)
        elif interval.end_at > merged[-1].end_at:
            merged[-1] = Interval(merged[-1].start_at, interval.end_at)
    return tuple(merged)


class Span(Protocol):
    """What has a start and an end, in UTC."""

    @property
    def start_at(self) -> datetime: ...
    @property
    def end_at(self) -> datetime: ...


def clip(intervals: Iterable[Span], window: Interval) -> tuple[Interval, ...]:
    """Return what of the intervals lies within the window."""
    return tuple(
        Interval(max(each.start_at, window.start_at), min(each.end_at, window.end_at))
        for each in intervals
        if each.start_at < window.end_at and each.end_at > window.start_at
    )


def covers(intervals: Iterable[Interval], stretch: Interval) -> bool:
    """Return whether the intervals together leave nothing of the stretch out."""
    return any(
        each.start_at <= stretch.start_at and each.end_at >= stretch.end_at
        for each in merge(intervals)
    )


def gaps(intervals: Iterable[Interval], window: Interval) -> tuple[Interval, ...]:
    """Return what of the window lies in none of the intervals."""
    found: list[Interval] = []
    reached = window.start_at
    for each in clip(merge(intervals), window):
        if each.start_at > reached:
            found.append(Interval(reached, each.start_at))
        reached = each.end_at
    if reached < window.end_at:
        found.append(Interval(reached, window.end_at))
    return tuple(found)


def subtract(intervals: Iterable[Interval], taken: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return what of the intervals lies in none of those that are taken."""
    taken = merge(taken)
    return tuple(rest for each in merge(intervals) for rest in gaps(taken, each))


def next_step(at: datetime, *, step: timedelta = STEP) -> datetime:
    """Return the first multiple of the step, counted from the epoch, that is not before `at`.

    Every zone in use is a multiple of 15 minutes away from UTC, so that quarter hours of UTC are
    quarter hours on every clock.
    """
    epoch = datetime.fromtimestamp(0, UTC)
    return at + (epoch - at) % step


def starts_that_fit(
    free: Iterable[Interval],
    *,
    length: timedelta,
    earliest: datetime,
    latest: datetime,
    step: timedelta = STEP,
) -> Iterator[datetime]:
    """Yield each start on a step, from `earliest` to `latest` (both allowed), in order.

    Everything from such a start on is free for the whole length.
    """
    for each in merge(free):
        begin = max(each.start_at, earliest)
        last = min(each.end_at - length, latest)
        if begin > last:
            continue
        start_at = next_step(begin, step=step)
        while start_at <= last:
            yield start_at
            start_at += step


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which a day begins in a zone, also where its clocks skip midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(day: date, zone: ZoneInfo) -> Interval:
    """Return a day of a zone as it really passes: 23 or 25 hours when clocks change."""
    return Interval(start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone))
