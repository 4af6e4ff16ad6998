"""Tables as files that any spreadsheet opens: XLSX, and CSV as the reader's country has it."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import xlsxwriter
from django.utils.formats import get_format

from spreadsheets.cells import guarded_cell
from spreadsheets.table import Cell, text_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
# By this mark spreadsheets know UTF-8.
BYTE_ORDER_MARK = "\ufeff"
COLUMN_WIDTH = 18
# Excel's own formats of a day, a moment and a time, which it writes as is usual where it is read.
FORMATS: dict[type, int] = {date: 14, datetime: 22, time: 20}


def as_workbook(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as XLSX: text stays text, whatever it looks like."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        formats = {kind: book.add_format({"num_format": name}) for kind, name in FORMATS.items()}
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet()
        for place, title in enumerate(header):
            sheet.write_string(0, place, title, bold)
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, bool) or cell is None:
                    if cell is not None:
                        sheet.write_boolean(number, place, cell)
                elif isinstance(cell, date | time):
                    sheet.write_datetime(number, place, cell, formats[type(cell)])
                elif isinstance(cell, int | float | Decimal):
                    sheet.write_number(number, place, cell)
                else:
                    sheet.write_string(number, place, str(cell))
        sheet.set_column(0, max(len(header) - 1, 0), COLUMN_WIDTH)
        sheet.freeze_panes(1, 0)
    return file.getvalue()


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as CSV with the signs that are usual where the reader's language is spoken."""
    decimal_sign = get_format("DECIMAL_SEPARATOR")
    return (BYTE_ORDER_MARK + csv_lines([header, *rows], decimal_sign)).encode()


def csv_lines(rows: Iterable[Sequence[Cell]], decimal_sign: str) -> str:
    """Return lines of CSV: no cell is taken for a formula, and numbers stay numbers.

    Where numbers have commas, spreadsheets part the cells by semicolons. Instants are written with
    their offset if they have one.
    """

    def written(cell: Cell) -> str:
        if isinstance(cell, float | Decimal):
            return str(cell).replace(".", decimal_sign)
        if isinstance(cell, datetime) and cell.tzinfo is not None:
            return cell.isoformat(timespec="seconds")
        return guarded_cell(cell) if isinstance(cell, str) else text_of(cell)

    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if decimal_sign == "," else ",")
    writer.writerows([written(cell) for cell in row] for row in rows)
    return text.getvalue()
