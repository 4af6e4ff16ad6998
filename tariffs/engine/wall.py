"""Stretches of time by what the clock on a site's wall says."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
MINUTES_A_DAY = 24 * 60
# A minute before midnight is how many write the end of a day.
ALMOST_MIDNIGHT = MINUTES_A_DAY - 1
# No clock is changed twice within so long.
BETWEEN_CHANGES = timedelta(hours=12)
TIME = re.compile(r"([0-9]{2}):([0-9]{2})")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time within one day (in UTC), and what the wall's clock says as it begins."""

    begins: datetime
    ends: datetime
    day: date
    minute: int

    @property
    def length(self) -> timedelta:
        return self.ends - self.begins


def stretches(
    start: datetime, end: datetime, zone: tzinfo, marks: Iterable[int] = ()
) -> list[Stretch]:
    """Return the time from `start` to `end` cut at midnight and where the clock is at a mark.

    Marks are minutes of a day. Where clocks are changed a stretch ends too: an hour that comes
    twice has its marks twice, one that is left out has none.
    """
    cuts = sorted({mark for mark in marks if 0 < mark < MINUTES_A_DAY})
    found = []
    for since, until, offset in _constant(start.astimezone(UTC), end.astimezone(UTC), zone):
        at = since
        while at < until:
            local = (at + offset).replace(tzinfo=None)
            minute = local.hour * 60 + local.minute
            after = bisect_right(cuts, minute)
            following = cuts[after] if after < len(cuts) else MINUTES_A_DAY
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            ends = min(until, at + (midnight + following * MINUTE - local))
            found.append(Stretch(at, ends, local.date(), minute))
            at = ends
    return found


def minute_of(clock: str | None) -> int | None:
    """Return the minute of a day that “06:30” is, None where there is none."""
    match = TIME.fullmatch(clock or "")
    return int(match[1]) * 60 + int(match[2]) if match else None


def is_within(minute: int, begins: int, ends: int) -> bool:
    """Return whether a minute of a day lies in a period that may go over midnight.

    One that ends as it begins is a whole day.
    """
    if ends == ALMOST_MIDNIGHT:
        ends = MINUTES_A_DAY
    if begins < ends:
        return begins <= minute < ends
    return minute >= begins or minute < ends


def begun(period: timedelta, since: datetime, until: datetime) -> int:
    """Return how many periods have begun from an instant until another: one begun counts whole."""
    return max(0, -((since - until) // period))


def _constant(
    start: datetime, end: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Yield the stretches within which the clocks of a zone are not changed, and their offset."""
    at = start
    while at < end:
        offset = _offset(at, zone)
        until = at
        while until < end and _offset(min(until + BETWEEN_CHANGES, end), zone) == offset:
            until = min(until + BETWEEN_CHANGES, end)
        if until < end:
            until = _change(until, min(until + BETWEEN_CHANGES, end), zone)
        yield at, until, offset
        at = until


def _change(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Return the first instant with another offset than at `before`, to the second."""
    offset = _offset(before, zone)
    low, high = 0, -((before - after) // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(before + middle * SECOND, zone) == offset:
            low = middle
        else:
            high = middle
    # Clocks are changed on the second, but `before` may lie between two.
    return min(after, (before + high * SECOND).replace(microsecond=0))


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
