"""Arithmetic on periods of time: pure functions on half-open periods of UTC instants."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Protocol
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=15)
START = attrgetter("start_at")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The time from `start_at` until just before `end_at`, both in UTC.

    Only UTC is let in: Python compares two times of the same local zone by their clocks, which
    goes wrong whenever clocks change. Raises ValueError for any other zone, and where the end is
    not after the start.
    """

    start_at: datetime
    end_at: datetime

    def __post_init__(self) -> None:
        if self.start_at.tzinfo is not UTC or self.end_at.tzinfo is not UTC:
            raise ValueError("A period is made of instants in UTC.")
        if self.start_at >= self.end_at:
            raise ValueError("A period ends after it starts.")

    @classmethod
    def between(cls, start_at: datetime, end_at: datetime) -> "Period":
        return cls(start_at.astimezone(UTC), end_at.astimezone(UTC))

    @property
    def length(self) -> timedelta:
        return self.end_at - self.start_at


def merge(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Return the same time in as few periods as possible, in order of time."""
    periods = tuple(periods)
    if all(one.end_at < other.start_at for one, other in pairwise(periods)):
        return periods
    merged: list[Period] = []
    for period in sorted(periods, key=START):
        if not merged or period.start_at > merged[-1].end_at:
            merged.append(period)
        elif period.end_at > merged[-1].end_at:
            merged[-1] = Period(merged[-1].start_at, period.end_at)
    return tuple(merged)


class HasPeriod(Protocol):
    """What has a start and an end, in UTC."""

    @property
    def start_at(self) -> datetime: ...
    @property
    def end_at(self) -> datetime: ...


def clip(periods: Iterable[HasPeriod], window: Period) -> tuple[Period, ...]:
    """Return what of the periods lies within the window."""
    begin, end = window.start_at, window.end_at
    return tuple(
        each
        if type(each) is Period and begin <= each.start_at and each.end_at <= end
        else Period(max(each.start_at, begin), min(each.end_at, end))
        for each in periods
        if each.start_at < end and each.end_at > begin
    )


def covers(periods: Iterable[Period], whole: Period) -> bool:
    return any(
        each.start_at <= whole.start_at and each.end_at >= whole.end_at for each in merge(periods)
    )


def gaps(periods: Iterable[Period], window: Period) -> tuple[Period, ...]:
    """Return what of the window lies in none of the periods."""
    return _between(merge(periods), window)


def _between(merged: tuple[Period, ...], window: Period) -> tuple[Period, ...]:
    inside = clip(merged, window)
    if not inside:
        return (window,)
    found: list[Period] = []
    reached = window.start_at
    for each in inside:
        if each.start_at > reached:
            found.append(Period(reached, each.start_at))
        reached = each.end_at
    if reached < window.end_at:
        found.append(Period(reached, window.end_at))
    return tuple(found)


def subtract(periods: Iterable[Period], taken: Iterable[Period]) -> tuple[Period, ...]:
    """Return what of the periods lies in none of those that are taken."""
    taken = merge(taken)
    if not taken:
        return merge(periods)
    return tuple(rest for each in merge(periods) for rest in _between(taken, each))


def next_step(at: datetime, *, step: timedelta = STEP) -> datetime:
    """Return the first multiple of the step, counted from the epoch, that is not before `at`.

    Every zone in use is a multiple of 15 minutes away from UTC, so that quarter hours of UTC are
    quarter hours on every clock.
    """
    epoch = datetime.fromtimestamp(0, UTC)
    return at + (epoch - at) % step


def starts_that_fit(
    free: Iterable[Period],
    *,
    length: timedelta,
    earliest: datetime,
    latest: datetime,
    step: timedelta = STEP,
) -> Iterator[datetime]:
    """Yield each start on a step, from `earliest` to `latest` (both allowed), in order.

    Everything from such a start on is free for the whole length.
    """
    end = latest + length
    for each in merge(each for each in free if each.end_at > earliest and each.start_at < end):
        begin = max(each.start_at, earliest)
        last = min(each.end_at - length, latest)
        if begin > last:
            continue
        start_at = next_step(begin, step=step)
        while start_at <= last:
            yield start_at
            start_at += step


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def local_day(day: date, zone: ZoneInfo) -> Period:
    return Period(start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone))
