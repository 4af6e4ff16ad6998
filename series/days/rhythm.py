"""The dates of a series: pure arithmetic on days, on the clocks of a site and across their changes.

What a clock shows counts, not how many hours have passed: 06:00 stays 06:00. Where the clocks skip
a time, it is taken as the moment at which they go on; where they show it twice, the first counts.
Either is said of the date.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from shell.wall_clock import instants_from, instants_of, skipped_times
from sites.periods import Period

ONE_DAY = timedelta(days=1)
WEEK = 7
MOST_YEARS = 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """On which weekdays (Monday is 0), from which day to which one, and when on the clock.

    An end that is not after the start is on the next day.
    """

    weekdays: frozenset[int]
    first: date
    last: date
    start: time
    end: time

    @property
    def is_over_midnight(self) -> bool:
        return self.end <= self.start

    def days(self) -> Iterator[date]:
        """Yield the days in order."""
        day = self.first
        while day <= self.last:
            if day.weekday() in self.weekdays:
                yield day
            day += ONE_DAY

    def occurrence(self, day: date, zone: ZoneInfo) -> "Occurrence":
        """Return what the series means on a day."""
        start_at, on_start = _instant(day, self.start, zone)
        end_day = day + ONE_DAY if self.is_over_midnight else day
        end_at, on_end = _instant(end_day, self.end, zone)
        return Occurrence(day, start_at, end_at, on_start or on_end)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A day of a series, as instants; `remark` is what a change of the clocks does to it."""

    day: date
    start_at: datetime
    end_at: datetime
    remark: str = ""

    @property
    def period(self) -> Period | None:
        """The time it takes; None where the clocks skip all of it."""
        return Period(self.start_at, self.end_at) if self.start_at < self.end_at else None


def last_day_allowed(first: date) -> date:
    """Return the last day that a series from a day on may have: the one before, years later."""
    try:
        return first.replace(year=first.year + MOST_YEARS) - ONE_DAY
    except ValueError:
        # The 29th of February.
        return date(first.year + MOST_YEARS, 2, 28)


def last_day_of_weeks(first: date, weeks: int) -> date:
    return first + timedelta(days=WEEK * weeks) - ONE_DAY


def days_left(rhythm: Rhythm, *, without: Collection[date]) -> list[date]:
    return [day for day in rhythm.days() if day not in without]


def _instant(day: date, clock: time, zone: ZoneInfo) -> tuple[datetime, str]:
    meanings = instants_of(day, clock, zone)
    if len(meanings) == 1:
        return meanings[0], ""
    if meanings:
        text = _("The clocks go back on this day: %(time)s comes twice, the first one is meant.")
        return meanings[0], text % {"time": f"{clock:%H:%M}"}
    since, until = skipped_times(day, clock, zone)
    text = _(
        "There is no %(time)s on this day: the clocks go from %(since)s straight to %(until)s,"
        " which is taken instead."
    )
    words = {"time": clock, "since": since, "until": until}
    taken = instants_from(day, clock, zone)[0]
    return taken, text % {key: f"{at:%H:%M}" for key, at in words.items()}
