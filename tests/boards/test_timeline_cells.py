"""The arithmetic of rows of time, against plain models of it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boards.day.timeline_cells import (
    CellKind,
    Fill,
    Ruler,
    Segment,
    by_clock,
    pack,
    paint,
    passes_of,
    segments_of,
)
from sites.periods import STEP, Period, local_day

NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SPRING, AUTUMN, PLAIN = date(2026, 3, 8), date(2026, 11, 1), date(2026, 6, 1)
FREE, BUSY = Fill(CellKind.FREE), Fill(CellKind.BUSY)

untimed = settings(deadline=None)
marks = st.builds(Fill, st.sampled_from(list(CellKind)), st.integers(0, 2))
lengths = st.integers(1, 100)
layers = st.lists(
    st.builds(Segment, marks, st.integers(-20, 120), st.integers(-20, 120)), max_size=12
)


@untimed
@given(lengths, layers)
def test_each_column_has_the_mark_that_was_painted_last(length, painted):
    row = paint(length, painted, ground=BUSY)
    for column in range(length):
        over = [each.fill for each in painted if each.first <= column < each.last]
        assert row[column] == (over[-1] if over else BUSY)


@untimed
@given(lengths, layers)
def test_cells_are_the_columns_in_as_few_pieces_as_possible(length, painted):
    row = paint(length, painted, ground=BUSY)
    cells = segments_of(row)
    assert [cell.fill for cell in cells for _ in range(cell.columns)] == row
    assert all(a.fill != b.fill and a.last == b.first for a, b in pairwise(cells))
    assert cells[0].first == 0


days = st.dates(date(2025, 1, 1), date(2035, 12, 31))
zones = st.sampled_from(
    [ZoneInfo(name) for name in ("America/New_York", "Europe/Paris", "Asia/Kathmandu", "UTC")]
    + [LORD_HOWE]
)


@untimed
@given(days, zones)
def test_every_quarter_of_a_day_stands_in_one_column_of_the_clock(day, zone):
    passes = passes_of(day, zone)
    assert len(passes) == 96
    assert sorted(q for each in passes for q in each) == list(
        range(local_day(day, zone).length // STEP)
    )


shown_kinds = [kind for kind in CellKind if kind not in {CellKind.SKIPPED, CellKind.BLANK}]
real_layers = st.lists(
    st.builds(
        Segment,
        st.builds(Fill, st.sampled_from(shown_kinds)),
        st.integers(0, 12),
        st.integers(0, 100),
    ),
    max_size=6,
)


@untimed
@given(real_layers, st.sampled_from([SPRING, AUTUMN, PLAIN]))
def test_by_the_clock_a_time_is_free_only_if_all_of_its_passes_are(painted, day):
    passes = passes_of(day, NEW_YORK)
    row = paint(local_day(day, NEW_YORK).length // STEP, painted, ground=FREE)
    shown = by_clock(row, passes)
    assert len(shown) == 96
    for mark, quarters in zip(shown, passes, strict=True):
        each = {row[quarter].kind for quarter in quarters}
        assert (mark.kind == CellKind.SKIPPED) == (not each)
        assert (mark.kind == CellKind.FREE) == (each == {CellKind.FREE})
        assert (mark.kind == CellKind.BOOKING) == (CellKind.BOOKING in each)


def kinds(day, *free):
    """Return the kinds of the quarters of an hour from midnight, where so much is free."""
    length = local_day(day, NEW_YORK).length // STEP
    row = paint(length, [Segment(FREE, *each) for each in free], ground=BUSY)
    return [mark.kind.name for mark in by_clock(row, passes_of(day, NEW_YORK))]


def test_the_hour_that_the_clocks_skip_is_shown_as_such():
    shown = kinds(SPRING, (0, 92))
    assert shown[8:12] == ["SKIPPED"] * 4
    assert set(shown[:8] + shown[12:]) == {"FREE"}


def test_the_hour_that_comes_twice_is_free_only_if_both_are():
    assert kinds(AUTUMN, (0, 100)) == ["FREE"] * 96
    assert kinds(AUTUMN, (0, 8))[:9] == ["FREE"] * 4 + ["BUSY"] * 5
    # The second pass alone: quarters 8 to 11 are 01:00 to 02:00 in winter time.
    assert kinds(AUTUMN, (8, 12))[4:8] == ["BUSY"] * 4


def test_free_time_that_comes_twice_is_a_cell_of_its_own():
    row = by_clock([FREE] * 100, passes_of(AUTUMN, NEW_YORK))
    assert [(cell.first, cell.last) for cell in segments_of(row)] == [(0, 4), (4, 8), (8, 96)]


def test_half_an_hour_is_skipped_where_clocks_go_forward_by_that():
    shown = passes_of(date(2026, 10, 4), LORD_HOWE)
    assert [column for column, quarters in enumerate(shown) if not quarters] == [8, 9]


@pytest.mark.parametrize(("day", "quarters"), [(SPRING, 92), (PLAIN, 96), (AUTUMN, 100)])
def test_a_ruler_is_as_long_as_the_day(day, quarters):
    ruler = Ruler(local_day(day, NEW_YORK))
    assert ruler.length == quarters
    assert ruler.floor(ruler.whole.end_at) == ruler.ceil(ruler.whole.end_at) == quarters


instants = st.datetimes(datetime(2026, 5, 31), datetime(2026, 6, 3)).map(
    lambda at: at.replace(tzinfo=UTC)
)


@untimed
@given(instants, instants)
def test_what_lies_within_is_free_as_a_whole_and_what_is_touched_at_all(one, other):
    if one == other:
        return
    stretch = Period(min(one, other), max(one, other))
    ruler = Ruler(local_day(PLAIN, NEW_YORK))
    inner, outer = ruler.within(FREE, stretch), ruler.touching(BUSY, stretch)
    for quarter in range(ruler.length):
        begin, end = ruler.at(quarter), ruler.at(quarter + 1)
        assert (inner.first <= quarter < inner.last) == (
            stretch.start_at <= begin and end <= stretch.end_at
        )
        assert (outer.first <= quarter < outer.last) == (
            stretch.start_at < end and begin < stretch.end_at
        )


spans = st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), max_size=15)


@untimed
@given(spans)
def test_packed_stretches_do_not_cover_each_other_and_none_is_lost(found):
    stretches = [(first, first + length, key) for key, (first, length) in enumerate(found)]
    rows = pack(stretches)
    assert sorted(key for row in rows for key in row) == list(range(len(stretches)))
    for row in rows:
        ends = [(stretches[key][0], stretches[key][1]) for key in row]
        assert all(a[1] <= b[0] for a, b in pairwise(ends))
    most = max((sum(a <= x < b for a, b, _ in stretches) for x in range(120)), default=0)
    assert len(rows) == most


def test_a_step_is_a_quarter_of_an_hour():
    assert timedelta(minutes=15) == STEP
