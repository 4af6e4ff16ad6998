"""Arithmetic of rows that show time as columns of a quarter of an hour: pure functions.

A row is painted in layers, each quarter has one fill afterwards, and what lies side by side with
the same fill becomes one cell.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import IntEnum
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sites.periods import STEP, Period, local_day

COLUMNS_A_HOUR = 4
COLUMNS_A_DAY = 96


class CellKind(IntEnum):
    """What a quarter of an hour is; where two come together, the lower one counts."""

    BOOKING = 1
    CLOSED = 2
    MAINTENANCE = 3
    BUSY = 4
    UNKNOWN = 5
    BEYOND = 6
    SOON = 7
    PAST = 8
    FREE = 9
    BLANK = 10
    SKIPPED = 11


class Fill(NamedTuple):
    """What fills a quarter; `key` tells bookings apart, and what must not become one cell."""

    kind: CellKind
    key: int = 0


class Segment(NamedTuple):
    """The columns from `first` until just before `last`, with what fills them."""

    fill: Fill
    first: int
    last: int

    @property
    def columns(self) -> int:
        return self.last - self.first


def paint(length: int, layers: Iterable[Segment], *, ground: Fill) -> list[Fill]:
    """Return what fills each column; later layers cover earlier ones, what sticks out is cut."""
    fills = [ground] * length
    for fill, begin, end in layers:
        first, last = max(begin, 0), min(end, length)
        if first < last:
            fills[first:last] = [fill] * (last - first)
    return fills


def segments_of(fills: Sequence[Fill]) -> list[Segment]:
    """Return the columns in as few segments as possible."""
    segments: list[Segment] = []
    first = 0
    for fill, same in groupby(fills):
        last = first + len(list(same))
        segments.append(Segment(fill, first, last))
        first = last
    return segments


def by_clock(fills: Sequence[Fill], passes: Sequence[Sequence[int]]) -> list[Fill]:
    """Return the fills by the columns of a clock, for the quarters that each column stands for.

    A column of no quarter is skipped by the clock. One that stands for two is free only if both
    are, and is no part of the free time beside it: there a step to the right is not a quarter.
    """
    return [_together([fills[quarter] for quarter in quarters]) for quarters in passes]


def _together(fills: Sequence[Fill]) -> Fill:
    if not fills:
        return Fill(CellKind.SKIPPED)
    worst = min(fills)
    return Fill(CellKind.FREE, 1) if len(fills) > 1 and worst.kind == CellKind.FREE else worst


def passes_of(day: date, zone: ZoneInfo) -> list[list[int]]:
    """Return, for each quarter that a clock can show, which quarters of the real day show it."""
    whole = local_day(day, zone)
    passes: list[list[int]] = [[] for _ in range(COLUMNS_A_DAY)]
    for quarter in range(whole.length // STEP):
        local = (whole.start_at + quarter * STEP).astimezone(zone)
        passes[local.hour * COLUMNS_A_HOUR + local.minute // 15].append(quarter)
    return passes


class Ruler:
    """The quarters of a period, counted from its start."""

    def __init__(self, whole: Period) -> None:
        self.whole = whole
        self.length = whole.length // STEP

    def at(self, quarter: int) -> datetime:
        return self.whole.start_at + quarter * STEP

    def floor(self, at: datetime) -> int:
        """Return in which quarter an instant lies, also where it is none of these."""
        return (at - self.whole.start_at) // STEP

    def ceil(self, at: datetime) -> int:
        return -((self.whole.start_at - at) // STEP)

    def within(self, fill: Fill, period: Period) -> Segment:
        return Segment(fill, self.ceil(period.start_at), self.floor(period.end_at))

    def touching(self, fill: Fill, period: Period) -> Segment:
        return Segment(fill, self.floor(period.start_at), self.ceil(period.end_at))


def pack(periods: Iterable[tuple[int, int, int]]) -> list[list[int]]:
    """Return keys of periods in as few rows as it takes for none to cover another in its row.

    Periods are (first, last, key). The first row is filled first, by start.
    """
    rows: list[tuple[int, list[int]]] = []
    for first, last, key in sorted(periods):
        for place, (reached, keys) in enumerate(rows):
            if first >= reached:
                keys.append(key)
                rows[place] = (last, keys)
                break
        else:
            rows.append((last, [key]))
    return [keys for _reached, keys in rows]
