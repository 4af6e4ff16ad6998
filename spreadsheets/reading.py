"""Reads files and pasted cells into a table; says in a sentence why something is none."""

import unicodedata
from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from spreadsheets.delimited import decode, parse
from spreadsheets.table import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_COLUMNS,
    Row,
    Table,
    Unreadable,
    is_blank,
    text_of,
)
from spreadsheets.workbook import looks_like_archive, rows_of_workbook

# The beginning of an old Excel file, of a PDF, and of pictures.
OTHER_FILES = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")


def read_file(data: bytes, *, most_rows: int) -> Table:
    """Return what a file holds: XLSX, or text in any encoding and with any separator.

    What it is says its content, not its name. Raises Unreadable.
    """
    if len(data) > MOST_BYTES:
        raise Unreadable(
            _("This file is too large. Files of up to %(size)d MB are read.")
            % {"size": MOST_BYTES // 1024**2}
        )
    if not data.strip():
        raise Unreadable(_("This file is empty."))
    if looks_like_archive(data):
        return _table(rows_of_workbook(data), most_rows=most_rows)
    if data.startswith(OTHER_FILES):
        raise Unreadable(_not_a_table())
    return read_text(decode(data), most_rows=most_rows)


def read_text(text: str, *, most_rows: int) -> Table:
    """Return what a text holds, such as cells pasted from a spreadsheet. Raises Unreadable."""
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\r\n" for sign in text):
        raise Unreadable(_not_a_table())
    return _table(parse(text), most_rows=most_rows)


def _table(rows: Iterable[Row], *, most_rows: int) -> Table:
    """Take the first row that is not blank for the header; blank ones do not count."""
    header: tuple[str, ...] | None = None
    kept: list[tuple[int, Row]] = []
    for number, row in enumerate(rows, start=1):
        if is_blank(row):
            continue
        if len(row) > MOST_COLUMNS and not is_blank(row[MOST_COLUMNS:]):
            raise Unreadable(
                _("This table has more than %(count)d columns.") % {"count": MOST_COLUMNS}
            )
        cells = tuple(cell[:LONGEST_CELL] if isinstance(cell, str) else cell for cell in row)
        if header is None:
            header = tuple(" ".join(text_of(cell).split()) for cell in cells[:MOST_COLUMNS])
            continue
        kept.append((number, cells[:MOST_COLUMNS]))
        if len(kept) > most_rows:
            raise Unreadable(_too_many(most_rows))
    if header is None:
        raise Unreadable(_("There is nothing in this table."))
    return Table(header, tuple(kept))


def _too_many(most_rows: int) -> str:
    text = ngettext(
        "This table has more than %(count)d row. Please send it in parts.",
        "This table has more than %(count)d rows. Please send it in parts.",
        most_rows,
    )
    return text % {"count": most_rows}


def _not_a_table() -> str:
    return _("This is not a table. Please send an Excel file (XLSX) or a CSV file.")
