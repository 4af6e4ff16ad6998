"""Arithmetic of rows that show time as columns of a quarter of an hour: pure functions.

A row is painted in layers, each quarter has one mark afterwards, and what lies side by side with
the same mark becomes one cell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from sites.periods import STEP, Interval, local_day

COLUMNS_A_HOUR = 4
COLUMNS_A_DAY = 96


class Kind(IntEnum):
    """What a quarter of an hour is; where two come together, the lower one counts."""

    BOOKING = 1
    CLOSED = 2
    UNAVAILABLE = 3
    UNKNOWN = 4
    BEYOND = 5
    SOON = 6
    PAST = 7
    FREE = 8
    BLANK = 9
    SKIPPED = 10


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """What a quarter is; `key` tells bookings apart, and what must not become one cell."""

    kind: Kind
    key: int = 0


@dataclass(frozen=True, slots=True)
class Paint:
    """A mark for the columns from `first` until just before `last`."""

    mark: Mark
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cell:
    """Columns side by side that have the same mark."""

    mark: Mark
    first: int
    last: int

    @property
    def columns(self) -> int:
        """How many columns it takes."""
        return self.last - self.first


def paint(length: int, layers: Iterable[Paint], *, ground: Mark) -> list[Mark]:
    """Return the mark of each column; later layers cover earlier ones, what sticks out is cut."""
    marks = [ground] * length
    for each in layers:
        first, last = max(each.first, 0), min(each.last, length)
        if first < last:
            marks[first:last] = [each.mark] * (last - first)
    return marks


def cells_of(marks: Sequence[Mark]) -> tuple[Cell, ...]:
    """Return the columns in as few cells as possible."""
    cells: list[Cell] = []
    first = 0
    for mark, same in groupby(marks):
        last = first + len(list(same))
        cells.append(Cell(mark, first, last))
        first = last
    return tuple(cells)


def by_clock(marks: Sequence[Mark], passes: Sequence[Sequence[int]]) -> list[Mark]:
    """Return the marks by the columns of a clock, for the quarters that each column stands for.

    A column of no quarter is skipped by the clock. One that stands for two is free only if both
    are, and is no part of the free time beside it: there a step to the right is not a quarter.
    """
    return [_together([marks[quarter] for quarter in quarters]) for quarters in passes]


def _together(marks: Sequence[Mark]) -> Mark:
    if not marks:
        return Mark(Kind.SKIPPED)
    worst = min(marks)
    return Mark(Kind.FREE, 1) if len(marks) > 1 and worst.kind == Kind.FREE else worst


def passes_of(day: date, zone: ZoneInfo) -> list[list[int]]:
    """Return, for each quarter that a clock can show, which quarters of the real day show it."""
    whole = local_day(day, zone)
    passes: list[list[int]] = [[] for _ in range(COLUMNS_A_DAY)]
    for quarter in range(whole.length // STEP):
        local = (whole.start_at + quarter * STEP).astimezone(zone)
        passes[local.hour * COLUMNS_A_HOUR + local.minute // 15].append(quarter)
    return passes


@dataclass(frozen=True, slots=True)
class Ruler:
    """The quarters of a stretch of time, counted from its start."""

    whole: Interval

    @property
    def length(self) -> int:
        """How many quarters there are."""
        return self.whole.length // STEP

    def at(self, quarter: int) -> datetime:
        """Return when a quarter begins."""
        return self.whole.start_at + quarter * STEP

    def floor(self, at: datetime) -> int:
        """Return in which quarter an instant lies, also where it is none of these."""
        return (at.astimezone(UTC) - self.whole.start_at) // STEP

    def ceil(self, at: datetime) -> int:
        """Return the first quarter that does not begin before an instant."""
        return -((self.whole.start_at - at.astimezone(UTC)) // STEP)

    def within(self, mark: Mark, stretch: Interval) -> Paint:
        """Paint the quarters that lie in a stretch as a whole."""
        return Paint(mark, self.ceil(stretch.start_at), self.floor(stretch.end_at))

    def touching(self, mark: Mark, stretch: Interval) -> Paint:
        """Paint the quarters of which some part lies in a stretch."""
        return Paint(mark, self.floor(stretch.start_at), self.ceil(stretch.end_at))


def pack(stretches: Iterable[tuple[int, int, int]]) -> list[list[int]]:
    """Return keys of stretches in as few rows as it takes for none to cover another in its row.

    Stretches are (first, last, key). The first row is filled first, by start.
    """
    rows: list[tuple[int, list[int]]] = []
    for first, last, key in sorted(stretches):
        for place, (reached, keys) in enumerate(rows):
            if first >= reached:
                keys.append(key)
                rows[place] = (last, keys)
                break
        else:
            rows.append((last, [key]))
    return [keys for _reached, keys in rows]
