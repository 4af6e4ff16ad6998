"""Bookings from a table: what each line means, and whether it can be asked for."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import gettext as _

from batches.checks import RowCheck, check_rows
from batches.models import BatchRow
from batches.services import RowWish
from bookings.models import Booking
from drivers.models import Fleet
from imports.booking_columns import COLUMNS
from imports.booking_times import DATED, read_times
from imports.names import Names, UnknownName
from sites.models import Location
from spreadsheets.columns import Understood, understand
from spreadsheets.table import Cell, Row, Table, text_of
from spreadsheets.values import DayOrder, order_of_days

LONGEST_REFERENCE = Booking._meta.get_field("reference").max_length or 0

LABELS = {column.key: column.label for column in COLUMNS}


@dataclass(slots=True)
class Line:
    """A line of the table: the booking that it means, and what is in its way.

    `problems` are what of it could not be understood, by column; `remarks` keep it from nothing.
    """

    number: int
    row: BatchRow
    problems: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    check: RowCheck | None = None

    @property
    def booked(self) -> Booking | None:
        return self.check.booked if self.check else None

    @property
    def will_be_asked(self) -> bool:
        return bool(self.check and self.check.will_be_asked)

    @property
    def sentences(self) -> list[str]:
        """What keeps it from being asked for."""
        found = list(self.problems.values())
        if not found and self.check and self.check.problem and not self.booked:
            found.append(self.check.problem)
        return found

    @property
    def all_remarks(self) -> list[str]:
        return [*self.remarks, *(self.check.warnings if self.check else ())]

    @property
    def meaning(self) -> str:
        """What it asks for, to the letter: two lines that say the same mean the same booking."""
        row = self.row
        who_and_where = (row.vehicle_id, row.driver_id, row.location_id, row.evse_id)
        given = sorted(self.given.items())
        return repr((*who_and_where, row.start_at, row.end_at, row.reference, given))

    @property
    def mark(self) -> str:
        if not self.will_be_asked:
            return "n"
        return f"{'t' if self.check and self.check.mark else 'y'}:{self.meaning}"

    @property
    def wish(self) -> RowWish:
        row = self.row
        return RowWish(
            row.vehicle,
            row.driver,
            row.location,
            row.evse,
            row.start_at,
            row.end_at,
            row.reference,
            self.given,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a table; `asks_about` is a date that can be two days, if one can."""

    understood: Understood
    lines: list[Line]
    asks_about: str = ""

    @property
    def missing(self) -> str:
        """Return in a sentence which columns are needed and not there; "" where none is."""
        places = self.understood.places
        if not {"vehicle", "driver", "email"} & set(places):
            return _("No column says which vehicle or which driver.")
        if "start" not in places and "day" not in places:
            return _("No column says when the bookings begin.")
        if "end" not in places and "minutes" not in places:
            return _("No column says when the bookings end.")
        return ""

    @property
    def to_ask(self) -> list[Line]:
        return [line for line in self.lines if line.will_be_asked]

    @property
    def booked(self) -> list[Line]:
        return [line for line in self.lines if line.booked]

    @property
    def not_possible(self) -> list[Line]:
        return [line for line in self.lines if not line.will_be_asked and not line.booked]

    @property
    def mark(self) -> str:
        """What somebody has to have seen who sends it: what each line asks for, if it goes."""
        return _digest(line.mark for line in self.lines)


def read_bookings(
    table: Table,
    *,
    fleet: Fleet,
    order: DayOrder | None,
    default_site: Location | None,
    now: datetime,
) -> Reading:
    """Return what a table would book; asks the operator what is free, by site and week."""
    understood = understand(table, COLUMNS)
    cells = [understood.cell(row, key) for _number, row in table.rows for key in DATED]
    told, example = order_of_days(cells)
    order = order or told
    reader = _Reader(Names(fleet), understood, order, default_site, now)
    lines = [reader.line(number, row) for number, row in table.rows]
    whole = [line for line in lines if not line.problems]
    for line, check in zip(
        whole, check_rows(fleet, [line.row for line in whole], now=now), strict=True
    ):
        line.check = check
    return Reading(understood, lines, "" if order else example)


def digest_of(lines: Iterable[Line], *, is_sent: bool) -> str:
    """Return by what the same bookings are known that are made a draft of, or sent, once more."""
    return _digest([str(is_sent), *(line.meaning for line in lines)])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


class _Reader:
    """Reads line after line; what it has looked up once it knows for the next line."""

    def __init__(
        self,
        names: Names,
        understood: Understood,
        order: DayOrder | None,
        default_site: Location | None,
        now: datetime,
    ) -> None:
        self.names = names
        self.understood = understood
        self.order = order
        self.default_site = default_site
        self.now = now

    def line(self, number: int, row: Row) -> Line:
        cell = {column.key: self.understood.cell(row, column.key) for column in COLUMNS}
        # The key is what the checks know a row by; nothing is saved.
        line = Line(number, BatchRow(pk=number, position=number))
        self._who(line, cell)
        self._where(line, cell)
        self._when(line, cell)
        reference = text_of(cell["reference"]).strip()
        line.row.reference = reference[:LONGEST_REFERENCE]
        if len(reference) > LONGEST_REFERENCE:
            text = _("Please use at most %(most)d characters.")
            line.problems["reference"] = text % {"most": LONGEST_REFERENCE}
        line.given = {
            str(LABELS[key]): text_of(cell[key])
            for key in line.problems
            if text_of(cell.get(key)).strip()
        }
        return line

    def _who(self, line: Line, cell: Mapping[str, Cell]) -> None:
        row = line.row
        named = text_of(cell["vehicle"]).strip()
        if named:
            try:
                row.vehicle = self.names.vehicle(named)
            except UnknownName as unknown:
                line.problems["vehicle"] = unknown.message
        by = "email" if text_of(cell["email"]).strip() else "driver"
        if named_driver := text_of(cell[by]).strip():
            try:
                row.driver = self.names.driver(named_driver)
            except UnknownName as unknown:
                line.problems["driver"] = unknown.message
        elif row.vehicle:
            row.driver = self.names.usual_driver(row.vehicle)
            if row.driver is None:
                text = _("%(vehicle)s has no usual driver, and the operator needs one.")
                line.problems["driver"] = text % {"vehicle": row.vehicle.number}
        elif not named:
            line.problems["driver"] = _("This line names neither a vehicle nor a driver.")

    def _where(self, line: Line, cell: Mapping[str, Cell]) -> None:
        row, named = line.row, text_of(cell["site"]).strip()
        try:
            if named:
                row.location = self.names.site(named)
            else:
                home = row.vehicle.home_site if row.vehicle else None
                row.location = home or self.default_site
        except UnknownName as unknown:
            line.problems["site"] = unknown.message
            return
        if row.location is None:
            line.problems["site"] = _("This line names no site.")
            return
        try:
            row.evse = self.names.charger(text_of(cell["charger"]), row.location)
        except UnknownName as unknown:
            line.problems["charger"] = unknown.message

    def _when(self, line: Line, cell: Mapping[str, Cell]) -> None:
        zone = line.row.location.zone if line.row.location else None
        times = read_times(cell, zone=zone, order=self.order, now=self.now)
        line.problems |= times.problems
        line.remarks += times.remarks
        line.row.start_at, line.row.end_at = times.start_at, times.end_at
