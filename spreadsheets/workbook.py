"""XLSX files: archives of XML, which may be made to burst whoever opens them.

Every part of an archive is unpacked once within limits before a reader sees it. Formulas are not
worked out: a cell has the value that it had when the file was saved, or none.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _

from spreadsheets.table import MOST_COLUMNS, Row, Unreadable

# It warns of what it leaves out, such as drop-down lists.
warnings.filterwarnings("ignore", module="openpyxl")

SIGNATURE = b"PK\x03\x04"
MOST_PARTS = 500
# What the parts of an archive may come to. A sheet of 10,000 bookings has some 8 MB.
MOST_UNPACKED = 40 * 1024 * 1024
CHUNK = 256 * 1024
# XLSX declares no types of documents; entities, by which XML bursts, are declared in one.
DECLARATION = b"<!DOCTYPE"
HALF_A_SECOND = timedelta(milliseconds=500)


def looks_like_archive(data: bytes) -> bool:
    return data.startswith(SIGNATURE)


def rows_of_workbook(data: bytes) -> Iterator[Row]:
    """Yield the rows of the first sheet that is not hidden. Raises Unreadable."""
    _check_archive(data)
    # Here, not at the top: it takes 15 MB, which most processes never need.
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(data), read_only=True, data_only=True, keep_links=False
        )
    except (InvalidFileException, KeyError, ValueError, ParseError, zipfile.BadZipFile, OSError):
        raise Unreadable(_not_a_workbook()) from None
    with closing(book):
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise Unreadable(_("This workbook has no sheet with cells."))
        sheet = sheets[0]
        # What the file says of its size need not be true.
        sheet.reset_dimensions()
        try:
            for row in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
                yield _without_tail([_value(cell) for cell in row])
        except (KeyError, ValueError, TypeError, IndexError, ParseError, zlib.error):
            raise Unreadable(_not_a_workbook()) from None


def _check_archive(data: bytes) -> None:
    """Unpack every part within limits; what is written of their sizes is not believed."""
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise Unreadable(_too_much())
            if "[Content_Types].xml" not in archive.namelist():
                raise Unreadable(_not_a_workbook())
            for part in parts:
                before = b""
                with archive.open(part) as unpacked:
                    while chunk := unpacked.read(CHUNK):
                        total += len(chunk)
                        if total > MOST_UNPACKED:
                            raise Unreadable(_too_much())
                        # Also in an encoding of two bytes a letter, and over the edge of a chunk.
                        if DECLARATION in (before + chunk).replace(b"\0", b"").upper():
                            raise Unreadable(_not_a_workbook())
                        before = chunk[-2 * len(DECLARATION) :]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        # Damaged, packed in a way that no spreadsheet uses, or locked with a password.
        raise Unreadable(_not_a_workbook()) from None


def _value(cell: Any) -> Any:
    if isinstance(cell, datetime):
        # Excel keeps fractions of a day, which miss the second by a hair.
        return (cell + HALF_A_SECOND).replace(microsecond=0)
    return cell.strip() if isinstance(cell, str) else cell


def _without_tail(cells: list[Any]) -> Row:
    while cells and cells[-1] is None:
        cells.pop()
    return tuple(cells)


def _too_much() -> str:
    return _("There is too much in this file. Please send the table alone.")


def _not_a_workbook() -> str:
    return _(
        "This file cannot be read as an Excel file (XLSX). It may be damaged or protected by a"
        " password."
    )
