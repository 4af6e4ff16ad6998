"""A table as somebody sent it: rows of cells, of which the first names the columns."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

# What a cell of a spreadsheet may hold; from a text each cell is text.
Cell = str | int | float | Decimal | bool | datetime | date | time | timedelta | None
Row = tuple[Cell, ...]

# Enough for 10,000 lines of bookings, so that a file with too many is told so by its rows.
MOST_BYTES = 3 * 1024 * 1024
MOST_COLUMNS = 60
# What one cell may say; no column of ours takes more.
LONGEST_CELL = 500


class Unreadable(Exception):
    """What cannot be read as a table; `message` is a sentence for whoever sent it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, and the rows below with the number that each has in the file."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, Row], ...]

    @property
    def is_empty(self) -> bool:
        return not self.rows


def text_of(cell: Cell) -> str:
    """Return a cell as it is shown to people, and as a text would have it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime) and cell.time() == time():
        # As spreadsheets show a day, which they keep with midnight.
        return cell.date().isoformat()
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, time):
        return cell.isoformat(timespec="minutes")
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def is_blank(row: Row) -> bool:
    return not any(text_of(cell).strip() for cell in row)
