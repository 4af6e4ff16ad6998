"""Tables written while they are read: several sheets of one XLSX file, and CSV in parts."""

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any

import xlsxwriter
from django.utils.formats import get_format

from spreadsheets.table import Cell
from spreadsheets.writing import BYTE_ORDER_MARK, COLUMN_WIDTH, FORMATS, csv_lines

# As many as a sheet holds, the names of the columns among them.
MOST_ROWS = 2**20
LONGEST_TITLE = 31
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
# So many rows of a CSV file are sent together.
AT_ONCE = 500
DECIMALS = "#,##0.00##"

Row = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its title, the names of its columns, and its rows, read as they are written.

    What does not fit on a sheet goes on another one.
    """

    title: str
    header: Sequence[str]
    rows: Iterable[Row]


def write_book(sheets: Iterable[Sheet]) -> IO[bytes]:
    """Return an XLSX file, which is gone from the disk once it is closed; holds one row at most.

    Text is written as text, whatever it looks like. A moment has to come on the clock that it is to
    be shown on, since spreadsheets know no zones.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed by whoever sends it
    # Without the links and formulas that it would make of texts.
    options = {"constant_memory": True, "strings_to_urls": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(file, options) as book:
        formats = {kind: book.add_format({"num_format": name}) for kind, name in FORMATS.items()}
        formats[Decimal] = book.add_format({"num_format": DECIMALS})
        formats[str] = book.add_format({"bold": True})
        titles: set[str] = set()
        for each in sheets:
            _write_sheet(book, each, formats, titles)
    file.seek(0)
    return file


def csv_parts(header: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield a table as CSV with the signs that are usual where the reader's language is spoken.

    The signs are those of the language that is active when this is called, not when it is read.
    """
    return _csv_parts(header, rows, get_format("DECIMAL_SEPARATOR"))


def _csv_parts(header: Sequence[str], rows: Iterable[Row], sign: str) -> Iterator[bytes]:
    waiting = iter(rows)
    yield (BYTE_ORDER_MARK + csv_lines([header], sign)).encode()
    while batch := list(islice(waiting, AT_ONCE)):
        yield csv_lines(batch, sign).encode()


def _write_sheet(book: Any, wanted: Sheet, formats: dict[type, Any], titles: set[str]) -> None:
    sheet = _new_sheet(book, wanted, formats, titles)
    number = 1
    for row in wanted.rows:
        if number == MOST_ROWS:
            sheet, number = _new_sheet(book, wanted, formats, titles), 1
        for place, cell in enumerate(row):
            _write_cell(sheet, number, place, cell, formats)
        number += 1


def _new_sheet(book: Any, wanted: Sheet, formats: dict[type, Any], titles: set[str]) -> Any:
    sheet = book.add_worksheet(_title(wanted.title, titles))
    sheet.set_column(0, max(len(wanted.header) - 1, 0), COLUMN_WIDTH)
    sheet.freeze_panes(1, 0)
    for place, title in enumerate(wanted.header):
        sheet.write_string(0, place, title, formats[str])
    return sheet


def _title(wanted: str, titles: set[str]) -> str:
    """Return what a sheet may be called, unlike all others; case does not tell them apart."""
    bare = NOT_IN_TITLES.sub(" ", wanted).strip("' ") or "-"
    title, number = bare[:LONGEST_TITLE], 1
    while title.casefold() in titles:
        number += 1
        end = f" {number}"
        title = bare[: LONGEST_TITLE - len(end)] + end
    titles.add(title.casefold())
    return title


def _write_cell(sheet: Any, row: int, place: int, cell: Cell, formats: dict[type, Any]) -> None:
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, place, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, place, cell.replace(tzinfo=None), formats[datetime])
    elif isinstance(cell, date | time):
        sheet.write_datetime(row, place, cell, formats[type(cell)])
    elif isinstance(cell, int | float | Decimal):
        sheet.write_number(row, place, cell, formats.get(type(cell)))
    else:
        sheet.write_string(row, place, str(cell))
