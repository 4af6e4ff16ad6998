"""Rows of a day, ready for a template: what each stretch of time is, in words and as a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.boards.day.reading import Bounds, holds, stay_of
from bookings.boards.day.timeline_cells import (
    Cell,
    Kind,
    Mark,
    Paint,
    Ruler,
    by_clock,
    cells_of,
    pack,
    paint,
)
from bookings.models import Booking
from shell.formats import instant
from sites.periods import STEP, Interval, local_day, subtract
from sites.slots.picker.form import DEFAULT_MINUTES, longest_minutes
from sites.slots.picker.parts import ONE_DAY, Clock, short_day

MIDNIGHT = "24:00"
STEP_MINUTES = 15
TIMES = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
# So many columns it takes to write the times of free time, or a few words.
TIMES_FIT, WORDS_FIT = 7, 10
CSS = {
    Kind.BOOKING: "booking",
    Kind.CLOSED: "closed",
    Kind.UNAVAILABLE: "busy",
    Kind.UNKNOWN: "unknown",
    Kind.BEYOND: "beyond",
    Kind.SOON: "soon",
    Kind.PAST: "past",
    Kind.FREE: "free",
    Kind.BLANK: "blank",
    Kind.SKIPPED: "skipped",
}


@dataclass(frozen=True, slots=True)
class LaneCell:
    """A stretch of a row. `text` says all of it; `short` is what fits.

    Free time that can be booked has the link to its first start, and for scripts: its first quarter
    (`since`), the one at which it ends (`until`, which may lie beyond the row), counted from the
    row's start. A booking has its driver, its state in words, and its badge.
    """

    kind: str
    columns: int
    text: str
    short: str = ""
    key: str = ""
    url: str = ""
    since: str = ""
    until: str = ""
    who: str = ""
    status: str = ""
    badge: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A charger on a day. `lanes` are more than one where bookings overlap.

    `start` is when its first quarter begins, in seconds; `labels` are the times of its quarters,
    where they differ from those of the table.
    """

    key: str
    name: str
    url: str
    facts: str
    trouble: str
    evse: str
    start: str
    labels: str
    is_today: bool
    charger: str
    day: str
    lanes: tuple[tuple[LaneCell, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """What a row is about. `closed` says why a charger cannot be booked; no EVSE: none is known.

    `free` is what the operator called free, in `windows` that it told of.
    """

    key: str
    name: str
    evse: str
    closed: str
    windows: Sequence[Interval]
    free: Sequence[Interval]
    bookings: Sequence[Booking]
    url: str = ""
    facts: str = ""
    trouble: str = ""
    says: str = ""


class Sheet:
    """Writes the rows of a day of a site; with `passes` by the clock, else as the day passes."""

    def __init__(
        self,
        day: date,
        *,
        clock: Clock,
        bounds: Bounds,
        params: Mapping[str, str],
        passes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.day = day
        self.day_text = short_day(day)
        self.clock = clock
        self.bounds = bounds
        self.passes = passes
        self.ruler = Ruler(local_day(day, clock.zone))
        self.address = f"{reverse('bookings:new')}?{urlencode(params)}"
        self._says = {kind: _says(kind) for kind in Kind}
        self._short = {kind: _shortly(kind) for kind in Kind}
        self._span = _("%(from)s to %(to)s")
        self._states: dict[tuple[str, str, bool, bool], tuple[str, str]] = {}
        # Also those of the next day, on which a stay may end.
        self.labels = self._labels()

    def _labels(self) -> list[str]:
        """Return when each quarter begins; most days are like any other, which saves the work."""
        whole, zone = self.ruler.whole, self.clock.zone
        ends = (whole.start_at, whole.end_at, whole.end_at + ONE_DAY)
        if len({at.astimezone(zone).utcoffset() for at in ends}) > 1:
            return [self._label(quarter) for quarter in range(self.ruler.length + 96 + 1)]
        later = self._label(self.ruler.length + 1)[len("00:15") :]
        return [*TIMES, MIDNIGHT, *(f"{time}{later}" for time in TIMES[1:]), self._label(192)]

    def _label(self, quarter: int) -> str:
        if quarter == self.ruler.length:
            return MIDNIGHT
        at = self.ruler.at(quarter)
        if quarter < self.ruler.length:
            return self.clock.text(at)
        return self.clock.end_text(Interval(self.ruler.whole.end_at - STEP, at))

    def write(self, line: Line, *, labels: Sequence[str] = ()) -> Row:
        """Return the row; its labels are left out where they are those of the table."""
        stays = {booking.pk: booking for booking in line.bookings}
        lanes = pack(
            (self.ruler.floor(each.start_at), self.ruler.ceil(each.end_at), each.pk)
            for each in line.bookings
        )
        taken = [stay_of(each) for each in line.bookings if holds(each)]
        free = () if line.closed else subtract(line.free, taken)
        first = [stays[key] for key in lanes[0]] if lanes else []
        rows = [self._cells(self._first_lane(line, first, free), line, stays, free)]
        rows += [
            self._cells(self._further_lane([stays[key] for key in keys]), line, stays, ())
            for keys in lanes[1:]
        ]
        whole = self.ruler.whole
        return Row(
            key=line.key,
            name=line.name,
            url=line.url,
            facts=line.facts,
            trouble=line.trouble,
            evse=line.evse,
            start=str(int(whole.start_at.timestamp())),
            labels="" if self.labels == labels else "|".join(self.labels),
            is_today=whole.start_at <= self.bounds.exact < whole.end_at,
            charger=line.says,
            day=self.day_text,
            lanes=tuple(rows),
        )

    def _first_lane(
        self, line: Line, bookings: Sequence[Booking], free: Sequence[Interval]
    ) -> list[Mark]:
        """Return the marks of a row's quarters: what holds the charger lies on top."""
        ruler, bounds = self.ruler, self.bounds
        length = ruler.length
        layers = [ruler.within(Mark(Kind.UNAVAILABLE), each) for each in line.windows]
        layers.append(Paint(Mark(Kind.BEYOND), ruler.floor(bounds.latest), length))
        if line.closed:
            layers.append(Paint(Mark(Kind.CLOSED), 0, length))
        layers.append(Paint(Mark(Kind.PAST), 0, ruler.ceil(bounds.now)))
        layers += [self._booked(each) for each in bookings if not holds(each)]
        layers += [ruler.within(Mark(Kind.SOON), each) for each in bounds.too_soon(free)]
        layers += [ruler.within(Mark(Kind.FREE), each) for each in bounds.bookable(free)]
        layers += [self._booked(each) for each in bookings if holds(each)]
        return paint(length, layers, ground=Mark(Kind.UNKNOWN))

    def _further_lane(self, bookings: Sequence[Booking]) -> list[Mark]:
        layers = [self._booked(each) for each in bookings]
        return paint(self.ruler.length, layers, ground=Mark(Kind.BLANK))

    def _booked(self, booking: Booking) -> Paint:
        return self.ruler.touching(Mark(Kind.BOOKING, booking.pk), stay_of(booking))

    def _cells(
        self,
        marks: list[Mark],
        line: Line,
        stays: Mapping[int, Booking],
        free: Sequence[Interval],
    ) -> tuple[LaneCell, ...]:
        if self.passes is not None:
            marks = by_clock(marks, self.passes)
        bookable = self.bounds.bookable(free)
        return tuple(self._cell(cell, line, stays, bookable) for cell in cells_of(marks))

    def _cell(
        self, cell: Cell, line: Line, stays: Mapping[int, Booking], free: Sequence[Interval]
    ) -> LaneCell:
        kind = cell.mark.kind
        if kind == Kind.BOOKING:
            return self._booking_cell(cell, line, stays[cell.mark.key])
        since, until = self._time(cell.first), self._time(cell.last)
        words = {"from": since, "to": until, "reason": line.closed}
        said = self._says[kind]
        text = f"{line.says}, {self.day_text}, {said % words}" if said else ""
        if kind == Kind.FREE:
            return self._free_cell(cell, line, text, free)
        short = line.closed if kind == Kind.CLOSED else self._short[kind]
        return LaneCell(CSS[kind], cell.columns, text, short if cell.columns >= WORDS_FIT else "")

    def _time(self, column: int) -> str:
        """Return the time at which a column begins."""
        if self.passes is None:
            return self.labels[column]
        return f"{column // 4:02}:{column % 4 * 15:02}"

    def _booking_cell(self, cell: Cell, line: Line, booking: Booking) -> LaneCell:
        text = f"{line.says}, {self.day_text}, {self.when_text(booking)}"
        status, badge = self._state_of(booking)
        return LaneCell(
            kind="booking",
            columns=cell.columns,
            text=text,
            key=f"bar-{booking.pk}-{cell.first}",
            url=reverse("bookings:detail", args=[booking.pk]),
            who=booking.driver.display_name,
            status=status,
            badge=badge,
        )

    def _state_of(self, booking: Booking) -> tuple[str, str]:
        """Return a booking's state in words and as a badge; each state is written only once."""
        session = getattr(booking, "charging_session", None)
        ended = session is not None and session.has_ended
        charged = bool(session is not None and ended and session.energy_kwh)
        key = (booking.status, booking.open_change, ended, charged)
        if key not in self._states:
            badge = render_to_string("bookings/_status_badge.html", {"booking": booking})
            self._states[key] = (booking.get_status_display(), badge)
        return self._states[key]

    def when_text(self, booking: Booking) -> str:
        """Return from when until when a booking lasts, with the day where it is another one."""
        stay = stay_of(booking)
        texts = [self._moment(stay.start_at), self._moment(stay.end_at)]
        if stay.end_at == self.ruler.whole.end_at:
            texts[1] = MIDNIGHT
        return self._span % {"from": texts[0], "to": texts[1]}

    def _moment(self, at: datetime) -> str:
        text, day = self.clock.text(at), self.clock.local(at).date()
        return text if day == self.day else f"{short_day(day)} {text}"

    def _free_cell(self, cell: Cell, line: Line, text: str, free: Sequence[Interval]) -> LaneCell:
        quarter = self.passes[cell.first][0] if self.passes is not None else cell.first
        start_at = self.ruler.at(quarter)
        end_at = next(each.end_at for each in free if each.start_at <= start_at < each.end_at)
        until = self.ruler.floor(end_at)
        minutes = first_length((until - quarter) * STEP_MINUTES)
        since, to = self._time(cell.first), self._time(cell.last)
        return LaneCell(
            kind="free",
            columns=cell.columns,
            text=text,
            short=f"{since}–{to}" if cell.columns >= TIMES_FIT else "",
            # The end stays as it is while the beginning moves on with the time.
            key=f"free-{line.key}-{cell.last}",
            url=f"{self.address}&evse={line.evse}&start={instant(start_at)}&minutes={minutes}"
            if minutes
            else "",
            since=str(quarter),
            until=str(until),
        )


def first_length(minutes: int) -> int:
    """Return the length that is offered first in so much free time; 0 if it is too short."""
    least = settings.BOOKING_MIN_MINUTES
    offered = min(max(DEFAULT_MINUTES, least), longest_minutes(), minutes)
    return offered if offered >= least else 0


def _says(kind: Kind) -> str:
    """Return the words of a stretch of time, with its times."""
    match kind:
        case Kind.FREE:
            return _("free %(from)s to %(to)s")
        case Kind.UNAVAILABLE:
            return _("not available %(from)s to %(to)s")
        case Kind.PAST:
            return _("past %(from)s to %(to)s")
        case Kind.SOON:
            return _("too soon to book %(from)s to %(to)s")
        case Kind.BEYOND:
            return _("not open for booking yet %(from)s to %(to)s")
        case Kind.UNKNOWN:
            return _("not known %(from)s to %(to)s")
        case Kind.CLOSED:
            return _("%(reason)s %(from)s to %(to)s")
        case Kind.SKIPPED:
            return _("the clocks skip %(from)s to %(to)s")
    return ""


def _shortly(kind: Kind) -> str:
    """Return a word or two for a stretch of time, where they fit."""
    match kind:
        case Kind.UNAVAILABLE:
            return _("Not available")
        case Kind.SOON:
            return _("Too soon")
        case Kind.BEYOND:
            return _("Not open yet")
        case Kind.UNKNOWN:
            return _("Not known")
    return ""


@dataclass(frozen=True, slots=True)
class HourHead:
    """The head of the columns of an hour; `spoken` says it in full."""

    text: str
    note: str
    spoken: str
    columns: int
    is_now: bool


def hour_heads(sheet: Sheet, *, now: datetime) -> tuple[HourHead, ...]:
    """Return the hours of the day as they pass; one that comes twice has its zone's letters."""
    heads: list[HourHead] = []
    quarters: dict[str, list[int]] = {}
    for quarter in range(sheet.ruler.length):
        hour, _sep, rest = sheet.labels[quarter].partition(":")
        letters = rest.partition(" ")[2]
        quarters.setdefault(f"{hour} {letters}".strip(), []).append(quarter)
    for label, each in quarters.items():
        hour, _sep, letters = label.partition(" ")
        since, until = sheet.ruler.at(each[0]), sheet.ruler.at(each[-1] + 1)
        heads.append(
            HourHead(hour, letters, f"{hour}:00 {letters}".strip(), len(each), since <= now < until)
        )
    return tuple(heads)


def clock_heads(*, hour_now: int | None) -> tuple[HourHead, ...]:
    """Return the hours that a clock can show."""
    return tuple(
        HourHead(f"{hour:02}", "", f"{hour:02}:00", 4, hour == hour_now) for hour in range(24)
    )
