"""From when to when a line of a table is: on the clocks of its site, or as offsets from UTC say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from shell.wall_clock import instants_of, no_such_time
from spreadsheets.table import Cell, text_of
from spreadsheets.values import (
    DayOrder,
    NotUnderstood,
    is_end_of_day,
    read_moment,
    read_number,
)

ONE_DAY = timedelta(days=1)
MOST_MINUTES = 7 * 24 * 60
DATED = ("day", "start", "end_day", "end")

# A day and a time of it, of which a line may leave out either.
Moment = tuple[date | None, time | None]


@dataclass(slots=True)
class Times:
    """What a line says of when; `problems` are what of it could not be understood, by column."""

    start_at: datetime | None = None
    end_at: datetime | None = None
    problems: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def read_times(
    cell: Mapping[str, Cell], *, zone: ZoneInfo | None, order: DayOrder | None, now: datetime
) -> Times:
    """Return from when to when a line is, in UTC; without the zone of its site only what is wrong.

    Of a time that the clocks show twice the first is meant.
    """
    times = Times()
    today = now.astimezone(zone or UTC).date()
    found: dict[str, Moment] = {}
    for key in DATED:
        value = cell[key]
        if not text_of(value).strip():
            found[key] = (None, None)
            continue
        try:
            found[key] = read_moment(value, order=order, today=today)
        except NotUnderstood as problem:
            times.problems[key] = problem.message
    if times.problems:
        return times
    day, start = _together(found["start"], found["day"], zone)
    if day is None:
        times.problems["day"] = _("This line names no day.")
    elif start is None and found["start"][0] is None:
        times.problems["start"] = _("This line does not say when it begins.")
    elif zone is not None:
        # Of a day and midnight a spreadsheet shows the day alone.
        start = start or time()
        if is_end_of_day(start):
            day, start = day + ONE_DAY, start.replace(fold=0)
        times.start_at = _instant(times, "start", day, start, zone)
        end = _together(found["end"], found["end_day"], zone)
        if end[1] is None and found["end"][0] is not None:
            end = end[0], time()
        _read_end(times, cell["minutes"], datetime.combine(day, start), end, zone)
    return times


def _together(at: Moment, on: Moment, zone: ZoneInfo | None) -> Moment:
    """Return what a column of times and one of days say together."""
    day, clock = at
    if day is None:
        day = on[0] if clock is None else _day_at(on, zone)
    return day, clock or on[1]


def _day_at(moment: Moment, zone: ZoneInfo | None) -> date | None:
    """Return on which day of a site something is; midnight in UTC stands for a day alone."""
    day, clock = moment
    if day is None or clock is None or clock.tzinfo is None or clock == time(tzinfo=UTC):
        return day
    return datetime.combine(day, clock).astimezone(zone).date()


def _read_end(times: Times, minutes: Cell, begins: datetime, until: Moment, zone: ZoneInfo) -> None:
    """Find the end, on the first day after the start where none is named.

    `begins` is the start as the line has it.
    """
    end_day, end = until
    if end is None:
        if text_of(minutes).strip():
            times.end_at = _after(times, minutes)
        else:
            times.problems["end"] = _("This line does not say when it ends.")
        return
    if end_day and is_end_of_day(end):
        end_day += ONE_DAY
    end = end.replace(fold=0)
    if end_day is None:
        # On the clock that the end is told by, which need not be that of the start.
        at = times.start_at.astimezone(end.tzinfo or zone) if times.start_at else begins
        is_later = end.replace(tzinfo=None) > at.time()
        end_day = at.date() if is_later else at.date() + ONE_DAY
    times.end_at = _instant(times, "end", end_day, end, zone)


def _after(times: Times, cell: Cell) -> datetime | None:
    try:
        minutes = int(read_number(cell, whole=True))
    except NotUnderstood as problem:
        times.problems["minutes"] = problem.message
        return None
    if not 0 < minutes <= MOST_MINUTES:
        times.problems["minutes"] = _("This length is not valid.")
        return None
    return times.start_at + timedelta(minutes=minutes) if times.start_at else None


def _instant(times: Times, key: str, day: date, clock: time, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a time: of the clock that it names, else of the site's."""
    if clock.tzinfo is not None:
        return datetime.combine(day, clock).astimezone(UTC)
    meanings = instants_of(day, clock, zone)
    if not meanings:
        times.problems[key] = no_such_time(day, clock, zone)
        return None
    if len(meanings) > 1:
        text = _("The clocks go back on this day: %(time)s comes twice, the first one is meant.")
        times.remarks.append(text % {"time": f"{clock:%H:%M}"})
    return meanings[0]
