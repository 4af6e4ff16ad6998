"""Rows of a day, ready for a template: what each part of it is, in words and as a link."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from django.conf import settings
from django.utils.translation import gettext as _

from boards.day.reading import KnownTimes, holds
from boards.day.timeline_cells import (
    CellKind,
    Fill,
    Ruler,
    Segment,
    by_clock,
    pack,
    paint,
    segments_of,
)
from bookings.models import Booking
from bookings.pages.badge import badge_of
from maintenance.planned import Planned, maintenance_text
from shell.formats import instant
from shell.kept import address_of
from sites.periods import STEP, Period, local_day, subtract
from sites.slots.clocks import ONE_DAY, Clock, short_day
from sites.slots.limits import STEP_MINUTES, BookingLimits, default_minutes

MIDNIGHT = "24:00"
TIMES = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45)]
# So many columns it takes to write the times of free time, or a few words.
TIMES_FIT, WORDS_FIT = 7, 10
# And until when there is maintenance, and why.
UNTIL_FITS, REASON_FITS = 24, 48
CSS = {kind: kind.name.lower() for kind in CellKind}


@dataclass(frozen=True, slots=True)
class Cell:
    """Columns of a row. `text` says all of what they are; `short` is what fits.

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


@dataclass(frozen=True)
class ChargerRow:
    """A charger on a day. `closed` says why it cannot be booked; no EVSE: none is known.

    `labels` are the times of its quarters, where they differ from those of the board.
    """

    day: "DayTable"
    key: str
    name: str
    charger: str
    bookings: Sequence[Booking]
    closed: str
    known: KnownTimes = field(default_factory=KnownTimes)
    free: Sequence[Period] = ()
    planned: Sequence[Planned] = ()
    evse: str = ""
    url: str = ""
    facts: str = ""
    trouble: str = ""
    labels: str = ""

    @cached_property
    def lanes(self) -> list[list[Cell]]:
        """The cells; more than one lane of them where bookings overlap."""
        return self.day.lanes_of(self)

    @property
    def in_words(self) -> str:
        """What the cells say, for paper: most are too narrow to say it themselves there."""
        begins = self.day.begins(self)
        return "; ".join(
            cell.text.removeprefix(begins) + (f": {cell.who} ({cell.status})" if cell.who else "")
            for lane in self.lanes
            for cell in lane
            if cell.text
        )


class DayTable:
    """Writes the rows of a day of a site; with `passes` by the clock, else as the day passes.

    `address` is that of the form for a booking, with what all its links have in common.
    """

    def __init__(
        self,
        day: date,
        *,
        clock: Clock,
        limits: BookingLimits,
        address: str,
        passes: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.date = day
        self.text = short_day(day)
        self.clock = clock
        self.limits = limits
        self.passes = passes
        self.address = address
        self.whole = local_day(day, clock.zone)
        self.ruler = Ruler(self.whole)
        # When its first quarter begins, in seconds.
        self.start = str(int(self.whole.start_at.timestamp()))
        self.is_today = self.whole.start_at <= limits.now < self.whole.end_at
        self._past = Segment(Fill(CellKind.PAST), 0, self.ruler.ceil(limits.now))
        self._layers: dict[tuple[Period, ...], tuple[Segment, ...]] = {}
        self._says = _says()
        self._short = _short()
        self._from_to = _("%(from)s to %(to)s")
        # Also those of the next day, on which a period may end.
        self.labels = self._labels()

    def _labels(self) -> list[str]:
        """Return when each quarter begins; most days are like any other, which saves the work."""
        zone = self.clock.zone
        ends = (self.whole.start_at, self.whole.end_at, self.whole.end_at + ONE_DAY)
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
        return self.clock.end_text(Period(self.whole.end_at - STEP, at))

    def begins(self, row: ChargerRow) -> str:
        """Return how the text of each cell of a row begins."""
        return f"{row.charger}, {self.text}, "

    def lanes_of(self, row: ChargerRow) -> list[list[Cell]]:
        bookings = {booking.pk: booking for booking in row.bookings}
        lanes = [
            [bookings[key] for key in keys]
            for keys in pack(
                (self.ruler.floor(each.start_at), self.ruler.ceil(each.end_at), each.pk)
                for each in row.bookings
            )
        ] or [[]]
        taken = [each.period for each in row.bookings if holds(each)]
        free = () if row.closed else subtract(self._on_this_day(row.free), taken)
        bookable = self.limits.bookable(free)
        fills = [self._first_lane(row, lanes[0], free, bookable)]
        for more in lanes[1:]:
            layers = [self._booked(each) for each in more]
            fills.append(paint(self.ruler.length, layers, ground=Fill(CellKind.BLANK)))
        return [
            [
                self._cell(segment, row, bookings, bookable)
                for segment in segments_of(by_clock(each, self.passes) if self.passes else each)
            ]
            for each in fills
        ]

    def _on_this_day(self, periods: Iterable[Period]) -> list[Period]:
        """Return those that touch the day, as long as they are: a slot may end on the next one."""
        begin, end = self.whole.start_at, self.whole.end_at
        return [each for each in periods if each.start_at < end and each.end_at > begin]

    def _first_lane(
        self,
        row: ChargerRow,
        bookings: Sequence[Booking],
        free: Sequence[Period],
        bookable: Sequence[Period],
    ) -> list[Fill]:
        ruler, limits, length = self.ruler, self.limits, self.ruler.length
        layers = [*self._told(row.known)]
        if row.closed:
            layers.append(Segment(Fill(CellKind.CLOSED), 0, length))
        for number, each in enumerate(row.planned):
            if part := each.within(self.whole):
                layers.append(ruler.touching(Fill(CellKind.MAINTENANCE, number), part))
        layers.append(self._past)
        layers += [self._booked(each) for each in bookings if not holds(each)]
        layers += [ruler.within(Fill(CellKind.SOON), each) for each in limits.too_soon(free)]
        layers += [ruler.within(Fill(CellKind.FREE), each) for each in bookable]
        layers += [self._booked(each) for each in bookings if holds(each)]
        return paint(length, layers, ground=Fill(CellKind.UNKNOWN))

    def _told(self, known: KnownTimes) -> Sequence[Segment]:
        """Return what nobody is asked about and what is not free unless somebody says so.

        That is the same for all rows, but for those of chargers that are gone.
        """
        windows = tuple(known.windows)
        if windows not in self._layers:
            beyond = self.ruler.floor(self.limits.latest)
            self._layers[windows] = (
                *(self.ruler.within(Fill(CellKind.BUSY), each) for each in windows),
                Segment(Fill(CellKind.BEYOND), beyond, self.ruler.length),
            )
        return self._layers[windows]

    def _booked(self, booking: Booking) -> Segment:
        return self.ruler.touching(Fill(CellKind.BOOKING, booking.pk), booking.period)

    def _cell(
        self,
        segment: Segment,
        row: ChargerRow,
        bookings: Mapping[int, Booking],
        free: Sequence[Period],
    ) -> Cell:
        kind = segment.fill.kind
        if kind == CellKind.BOOKING:
            return self._booking_cell(segment, row, bookings[segment.fill.key])
        since, until = self._time(segment.first), self._time(segment.last)
        reason, short = row.closed, self._short.get(kind, "")
        if kind == CellKind.CLOSED:
            short = row.closed
        elif kind == CellKind.MAINTENANCE:
            planned = row.planned[segment.fill.key]
            reason = self._maintenance(planned, planned.notice)
            short = self._short_maintenance(planned, segment.columns)
        words = {"from": since, "to": until, "reason": reason}
        said = self._says.get(kind)
        text = self.begins(row) + said % words if said else ""
        if kind == CellKind.FREE:
            return self._free_cell(segment, row, text, free)
        return Cell(CSS[kind], segment.columns, text, short if segment.columns >= WORDS_FIT else "")

    def _maintenance(self, planned: Planned, notice: str) -> str:
        return maintenance_text(
            planned.end_at, notice, zone=self.clock.zone, seen_at=self.whole.start_at
        )

    def _short_maintenance(self, planned: Planned, columns: int) -> str:
        """Return as much of it as fits: all, without the reason, or a word."""
        if columns >= REASON_FITS:
            return self._maintenance(planned, planned.notice)
        return self._maintenance(planned, "") if columns >= UNTIL_FITS else _("Maintenance")

    def _time(self, column: int) -> str:
        if self.passes is None:
            return self.labels[column]
        return f"{column // 4:02}:{column % 4 * 15:02}"

    def _booking_cell(self, segment: Segment, row: ChargerRow, booking: Booking) -> Cell:
        return Cell(
            kind=CSS[CellKind.BOOKING],
            columns=segment.columns,
            text=self.begins(row) + self._when_text(booking.period),
            key=f"bar-{booking.pk}-{segment.first}",
            url=address_of("bookings:detail", booking.pk),
            who=who_text(booking),
            status=str(Booking.Status(booking.status).label),
            badge=badge_of(booking),
        )

    def _when_text(self, period: Period) -> str:
        """Return from when until when a booking lasts, with the day where it is another one."""
        since, until = self._moment(period.start_at), self._moment(period.end_at)
        if period.end_at == self.whole.end_at:
            until = MIDNIGHT
        return self._from_to % {"from": since, "to": until}

    def _moment(self, at: datetime) -> str:
        text, day = self.clock.text(at), self.clock.local(at).date()
        return text if day == self.date else f"{short_day(day)} {text}"

    def _free_cell(
        self, segment: Segment, row: ChargerRow, text: str, free: Sequence[Period]
    ) -> Cell:
        quarter = self.passes[segment.first][0] if self.passes is not None else segment.first
        start_at = self.ruler.at(quarter)
        end_at = next(each.end_at for each in free if each.start_at <= start_at < each.end_at)
        until = self.ruler.floor(end_at)
        minutes = min(default_minutes(), (until - quarter) * STEP_MINUTES)
        query = f"&evse={row.evse}&start={instant(start_at)}&minutes={minutes}"
        since, to = self._time(segment.first), self._time(segment.last)
        return Cell(
            kind=CSS[CellKind.FREE],
            columns=segment.columns,
            text=text,
            short=f"{since}–{to}" if segment.columns >= TIMES_FIT else "",
            # The end stays as it is while the beginning moves on with the time.
            key=f"free-{row.key}-{segment.last}",
            url=self.address + query if minutes >= settings.BOOKING_MIN_MINUTES else "",
            since=str(quarter),
            until=str(until),
        )


def who_text(booking: Booking) -> str:
    """Return who comes: the driver, and in which vehicle where one is named."""
    name = booking.driver.display_name
    return f"{booking.vehicle.name}, {name}" if booking.vehicle else name


def _says() -> dict[CellKind, str]:
    return {
        CellKind.FREE: _("free %(from)s to %(to)s"),
        CellKind.BUSY: _("not available %(from)s to %(to)s"),
        CellKind.PAST: _("past %(from)s to %(to)s"),
        CellKind.SOON: _("too soon to book %(from)s to %(to)s"),
        CellKind.BEYOND: _("not open for booking yet %(from)s to %(to)s"),
        CellKind.UNKNOWN: _("unknown %(from)s to %(to)s"),
        CellKind.CLOSED: _("%(reason)s %(from)s to %(to)s"),
        CellKind.MAINTENANCE: _("%(reason)s (%(from)s to %(to)s)"),
        CellKind.SKIPPED: _("the clocks skip %(from)s to %(to)s"),
    }


def _short() -> dict[CellKind, str]:
    return {
        CellKind.BUSY: _("Not available"),
        CellKind.SOON: _("Too soon"),
        CellKind.BEYOND: _("Not open yet"),
        CellKind.UNKNOWN: _("Unknown"),
    }


@dataclass(frozen=True, slots=True)
class HourHead:
    """The head of the columns of an hour; `spoken` says it in full."""

    text: str
    note: str
    spoken: str
    columns: int
    is_now: bool


def hour_heads(table: DayTable) -> list[HourHead]:
    """Return the hours of the day as they pass; one that comes twice has its zone's letters."""
    quarters: dict[str, list[int]] = {}
    for quarter in range(table.ruler.length):
        hour, _sep, rest = table.labels[quarter].partition(":")
        letters = rest.partition(" ")[2]
        quarters.setdefault(f"{hour} {letters}".strip(), []).append(quarter)
    heads: list[HourHead] = []
    for label, each in quarters.items():
        hour, _sep, letters = label.partition(" ")
        is_now = table.ruler.at(each[0]) <= table.limits.now < table.ruler.at(each[-1] + 1)
        heads.append(HourHead(hour, letters, f"{hour}:00 {letters}".strip(), len(each), is_now))
    return heads


def clock_heads(*, hour_now: int | None) -> list[HourHead]:
    return [HourHead(f"{hour:02}", "", f"{hour:02}:00", 4, hour == hour_now) for hour in range(24)]
