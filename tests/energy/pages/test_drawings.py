"""Values over time as paths and labels."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from energy.pages.drawings import (
    lines,
    mark,
    place_of,
    round_top,
    scale_for,
    steps,
    time_labels,
    value_labels,
)

START = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCALE = scale_for(START, START + 10 * HOUR, 100)


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.3, 0.4), (1, 1), (3.7, 4), (22, 40), (380, 400), (401, 500), (9500, 10000)],
)
def test_the_scale_ends_with_a_round_number(highest, top):
    assert round_top(highest) == pytest.approx(top)


def test_a_value_holds_until_the_next_one_and_a_gap_is_a_gap():
    values = [(START, 50.0), (START + HOUR, 100.0), (START + 2 * HOUR, None)]
    values.append((START + 5 * HOUR, 0.0))
    course = steps("usable", values, SCALE, filled=True)
    assert course.line == "M0.0 50.0H100.0L100.0 0.0H200.0M500.0 100.0H1000.0"
    assert course.area.startswith("M0.0 100.0V50.0H100.0V100.0Z")
    assert steps("usable", [], SCALE).line == ""


def test_what_lies_outside_is_cut_at_the_edge():
    course = steps("usable", [(START - HOUR, 50.0), (START + 20 * HOUR, 10.0)], SCALE)
    assert course.line == "M0.0 50.0H1000.0"
    assert place_of(START + 5 * HOUR, SCALE) == "50.00%"
    assert place_of(START + 11 * HOUR, SCALE) == ""


def test_measured_values_are_joined_but_not_over_a_gap():
    values = [(START, 0.0), (START + HOUR, 50.0), (START + 4 * HOUR, 100.0)]
    course = lines("charge", values, SCALE, gap=2 * HOUR)
    assert course.line == "M0.0 100.0h0L100.0 50.0M400.0 0.0h0"
    assert lines("charge", [(START, None)], SCALE, gap=HOUR).line == ""


def test_times_are_round_by_the_clock_of_the_place():
    labels = time_labels(SCALE, ZoneInfo("Asia/Kolkata"))
    # 17:30 there.
    assert [label.text for label in labels] == ["18:00", "20:00", "22:00", "00:00", "02:00"]
    assert labels[0].place == "5.00%"


def test_values_are_written_by_whoever_knows_their_unit():
    labels = value_labels(SCALE, form=lambda value: f"{value:g} kW")
    assert [label.text for label in labels] == ["50 kW", "100 kW"]


def test_a_word_stays_inside_the_drawing():
    edge = mark(START, 100, "highest", SCALE)
    inside = mark(START + 5 * HOUR, 50, "lowest", SCALE)
    assert (edge.anchor, inside.anchor) == ("start", "middle")
    assert float(edge.y.rstrip("%")) > 10
    assert float(inside.y.rstrip("%")) < 43
