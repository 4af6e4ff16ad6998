"""Bookings as a file for spreadsheets: XLSX, or CSV (RFC 4180) in UTF-8 with a mark of that.

What a cell of a CSV file means is for the spreadsheet that opens it to guess, by what is usual in
its country: the file follows its reader's language. In XLSX each cell says what it is.
"""

import csv
import io
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.utils.formats import get_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from bookings.models import Booking, ChargingSession
from bookings.selectors import BookingFilter, View, each_booking
from drivers.models import Fleet
from sites.facts import address_lines

# By this mark spreadsheets know UTF-8.
BYTE_ORDER_MARK = "\ufeff"
# What makes a spreadsheet take a cell for a formula; U+2212 is the minus of typesetters.
FORMULA_BEGINS = frozenset("=+-@\u2212")
BREAKS_A_CELL = frozenset("\t\r\n")
ON_ONE_LINE = str.maketrans(dict.fromkeys(BREAKS_A_CELL, " "))
QUOTES = frozenset("\"'`´‘’‚‛“”„‟«»")
MINUTE = timedelta(minutes=1)
# As many as a sheet holds.
MOST_ROWS = 2**20
# Excel's own format of a time, which it writes as is usual where it is read.
DATE_FORMAT = 22
# Wide enough for a time, a name, an address.
COLUMN_WIDTH = 18

Cell = str | int | Decimal | datetime | None


def export_name(fleet: Fleet, *, day: date, ending: str) -> str:
    return f"{slugify(fleet.name) or 'fleet'}-bookings-{day:%Y-%m-%d}.{ending}"


def export_lines(fleet: Fleet, *, view: View, narrowed: BookingFilter) -> Iterator[bytes]:
    """Yield a list of bookings as CSV, a batch at a time, beginning with the names of the columns.

    The words are those of the language that is active when this is called, not when it is read.
    It reads from the database as it is read from, and holds one batch at most.
    """
    return _encoded(Words.of_reader(), each_booking(fleet, view=view, narrowed=narrowed))


def export_sheet(fleet: Fleet, *, view: View, narrowed: BookingFilter) -> IO[bytes]:
    """Return a list of bookings as an XLSX file, which is gone from the disk once it is closed.

    Start and end are on the site's clock, since spreadsheets know no zones; the last column has the
    start in UTC, by which bookings of several sites are in order. Holds one batch of them at most.
    """
    words = Words.of_reader()
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by whoever sends it
    # Text is written as text, whatever it looks like, and each row once it is complete.
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        formats = {
            str: book.add_format({"bold": True}),
            datetime: book.add_format({"num_format": DATE_FORMAT}),
            Decimal: book.add_format({"num_format": "0.00##"}),
        }
        row = MOST_ROWS
        for batch in each_booking(fleet, view=view, narrowed=narrowed):
            for booking in batch:
                if row == MOST_ROWS:
                    sheet, row = _new_sheet(book, words, formats), 1
                cells = [*cells_of(booking, words), booking.start_at.astimezone(UTC)]
                for column, cell in enumerate(cells):
                    _write_cell(sheet, row, column, cell, formats)
                row += 1
        if not book.worksheets():
            _new_sheet(book, words, formats)
    file.seek(0)
    return file


def _new_sheet(book: Any, words: "Words", formats: dict[type, Any]) -> Any:
    sheet = book.add_worksheet()
    titles = [*words.header, words.start_utc]
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, formats[str])
    sheet.set_column(0, len(titles) - 1, COLUMN_WIDTH)
    sheet.freeze_panes(1, 0)
    return sheet


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: dict[type, Any]) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell.replace(tzinfo=None), formats[datetime])
    elif cell is not None:
        sheet.write_number(row, column, cell, formats.get(type(cell)))


@dataclass(frozen=True, slots=True)
class Words:
    """What a file says in its reader's language, and how that writes numbers."""

    header: list[str]
    start_utc: str
    statuses: dict[str, str]
    yes: str
    no: str
    decimal_sign: str

    @classmethod
    def of_reader(cls) -> "Words":
        return cls(
            header=header(),
            start_utc=_("Start (UTC)"),
            statuses={status.value: str(status.label) for status in Booking.Status},
            yes=_("yes"),
            no=_("no"),
            decimal_sign=get_format("DECIMAL_SEPARATOR"),
        )

    @property
    def separator(self) -> str:
        """What parts the cells of a line: where numbers have commas, spreadsheets want another."""
        return ";" if self.decimal_sign == "," else ","


def header() -> list[str]:
    """Return the names of the columns."""
    return [
        _("Number"),
        _("Status"),
        _("Start"),
        _("End"),
        _("Time zone"),
        _("Minutes"),
        _("Site"),
        _("Address"),
        _("Charger"),
        _("Charger's reference"),
        _("Driver"),
        _("E-mail"),
        _("Reference"),
        _("Requested by"),
        _("Requested at (UTC)"),
        _("External booking"),
        _("Operator's number"),
        _("Energy (kWh)"),
        _("Cost"),
        _("Currency"),
        _("Vehicle"),
        _("Plate"),
    ]


def cells_of(booking: Booking, words: Words) -> list[Cell]:
    """Return a booking's line: start and end on the site's clock."""
    site, zone, driver, evse = booking.location, booking.zone, booking.driver, booking.evse
    asked, vehicle = booking.created_by, booking.vehicle
    session: ChargingSession | None = getattr(booking, "charging_session", None)
    return [
        booking.pk,
        words.statuses.get(booking.status, booking.status),
        booking.start_at.astimezone(zone),
        booking.end_at.astimezone(zone),
        zone.key,
        booking.duration // MINUTE,
        site.name,
        ", ".join(address_lines(site)),
        (evse.label or evse.name) if evse else "",
        evse.physical_reference if evse else "",
        driver.display_name,
        driver.email,
        booking.reference,
        asked.display_name if asked else "",
        booking.created_at.astimezone(UTC),
        words.yes if booking.made_elsewhere else words.no,
        booking.ampeco_booking_id,
        session.energy_kwh if session else None,
        session.amount if session else None,
        session.currency if session else "",
        vehicle.number if vehicle else "",
        vehicle.plate if vehicle else "",
    ]


def safe_cell(value: Cell) -> Cell:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers.

    Text that begins like one gets an apostrophe in front, also behind spaces, quotes, signs that
    are not seen, and in their full-width forms. So does what follows a semicolon, at which
    spreadsheets of many countries part the cells. Line ends and tabs become spaces.
    """
    if not isinstance(value, str):
        return value
    return ";".join(_guarded(part) for part in value.split(";")).translate(ON_ONE_LINE)


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in BREAKS_A_CELL or _begins_a_formula(text) else text


def _begins_a_formula(text: str) -> bool:
    for sign in text:
        if sign.isspace() or sign in QUOTES or unicodedata.category(sign) in {"Cc", "Cf"}:
            continue
        return unicodedata.normalize("NFKC", sign)[:1] in FORMULA_BEGINS
    return False


def _encoded(words: Words, batches: Iterator[list[Booking]]) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK + _csv([words.header], words)).encode()
    for batch in batches:
        yield _csv((cells_of(booking, words) for booking in batch), words).encode()


def _csv(rows: Iterable[Sequence[Cell]], words: Words) -> str:
    def text_of(cell: Cell) -> Cell:
        if isinstance(cell, datetime):
            return cell.isoformat(timespec="seconds")
        if isinstance(cell, Decimal):
            return str(cell).replace(".", words.decimal_sign)
        return safe_cell(cell)

    text = io.StringIO()
    writer = csv.writer(text, delimiter=words.separator)
    writer.writerows([text_of(cell) for cell in row] for row in rows)
    return text.getvalue()
