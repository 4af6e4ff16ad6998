"""What cells mean, however people of four languages write it."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from spreadsheets.values import (
    END_OF_DAY,
    DayOrder,
    NotUnderstood,
    is_end_of_day,
    order_of_days,
    read_moment,
    read_number,
    read_yes_no,
)

TODAY = date(2026, 11, 29)


def moment(cell, order=None):
    return read_moment(cell, order=order, today=TODAY)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-12-31",
        "2026/12/31",
        "31.12.2026",
        "31. 12. 2026",
        "31.12.26",
        "31-12-2026",
        "31/12/2026",
        "12/31/2026",
        "31.12.",
        "Do 31.12.2026",
        "jeudi 31/12/2026",
        "46387",
        46387,
        46387.0,
        date(2026, 12, 31),
        datetime(2026, 12, 31),
    ],
)
def test_a_day(cell):
    assert moment(cell) == (date(2026, 12, 31), None)


@pytest.mark.parametrize(
    "cell",
    [
        *("18:00", "18.00", "18h00", "18h", "18 h", "18u00", "18 Uhr", "18.00 uur", "18"),
        *("6 pm", "6:00 PM", "6 p.m.", "1800", "18:00:00"),
        *(0.75, time(18), timedelta(hours=18)),
    ],
)
def test_a_time(cell):
    assert moment(cell) == (None, time(18))


@pytest.mark.parametrize(
    "cell",
    [
        *("2026-12-31T18:00", "2026-12-31 18:00:00"),
        *("31.12.2026 18.00", "31/12/2026 18h", "12/31/2026, 6 pm", "31.12. 18:00"),
        *(46387.75, "46387,75", datetime(2026, 12, 31, 18)),
    ],
)
def test_a_day_with_a_time(cell):
    assert moment(cell) == (date(2026, 12, 31), time(18))


@pytest.mark.parametrize(
    ("cell", "offset"),
    [
        *(("2026-12-31T18:00:00Z", 0), ("2026-12-31t18:00z", 0), ("2026-12-31 18:00:00 UTC", 0)),
        *(("2026-12-31T18:00:00.000+01:00", 1), ("31.12.2026 18:00:00 +0100", 1)),
        *(("2026-12-31T18:00:00-05:00", -5), ("2026-12-31 18:00-05:00", -5)),
    ],
)
def test_a_time_keeps_the_offset_that_is_given(cell, offset):
    day, clock = moment(cell)
    assert day == date(2026, 12, 31)
    assert (clock.replace(tzinfo=None), clock.utcoffset()) == (time(18), timedelta(hours=offset))


def test_a_time_of_a_column_of_its_own_keeps_its_offset_too():
    assert moment("18:00Z") == (None, time(18, tzinfo=UTC))
    assert moment("18:00:00-05:00") == (None, time(18, tzinfo=timezone(timedelta(hours=-5))))
    assert is_end_of_day(moment("24:00Z")[1])
    assert moment("2026-12-31T24:00Z") == (date(2027, 1, 1), time(tzinfo=UTC))


@pytest.mark.parametrize(
    "cell", ["18:00-06:00", "31.12.2026 18:00-06:00", "2026-12-31T18:00+20:00", "18:00+05:75"]
)
def test_from_one_time_to_another_is_no_offset(cell):
    with pytest.raises(NotUnderstood):
        moment(cell)


def test_the_end_of_a_day_and_half_past_midnight():
    assert moment("24:00") == moment(timedelta(days=1)) == (None, END_OF_DAY)
    assert all(is_end_of_day(moment(cell)[1]) for cell in ("24:00", "24h", timedelta(days=1)))
    assert not is_end_of_day(moment("0:00")[1])
    assert moment("31.12.2026 24:00") == (date(2027, 1, 1), time())
    assert moment("0.30") == (None, time(0, 30))


@pytest.mark.parametrize(
    "cell", ["soon", "30.2.2027", "25:00", "13 pm", "18:75", "1.1.1999", "12/3/2027", "40/40/2027"]
)
def test_what_is_no_day_or_time(cell):
    with pytest.raises(NotUnderstood):
        moment(cell)


@pytest.mark.parametrize("cell", ["tomorrow", "thursday", "5th"])
def test_what_is_not_understood_is_quoted_whole(cell):
    with pytest.raises(NotUnderstood, match=f"“{cell}” is no day and no time"):
        moment(cell)


def test_one_day_that_is_clear_tells_for_all():
    assert order_of_days(["12/3/2027", "13/3/2027"]) == (DayOrder.DAY_FIRST, "")
    assert order_of_days(["12/3/2027", "3/13/2027"]) == (DayOrder.MONTH_FIRST, "")
    assert order_of_days(["3/3/2027", "12.3.2027", "2027-03-12", date(2027, 3, 12)]) == (None, "")


def test_days_that_cannot_be_told_apart_are_asked_about_once():
    assert order_of_days(["12/3", "11/4/2027"]) == (None, "12/3")
    assert order_of_days(["1/13/2027", "13/1/2027", "12/3/2027"]) == (None, "12/3/2027")
    assert moment("12/3/2027", DayOrder.DAY_FIRST) == (date(2027, 3, 12), None)
    assert moment("12/3/2027", DayOrder.MONTH_FIRST) == (date(2027, 12, 3), None)
    assert moment("1/13/2027", DayOrder.DAY_FIRST) == (date(2027, 1, 13), None)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1 234,5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("77,4 kWh", "77.4"),
        ("0,215", "0.215"),
        ("\u22125", "-5"),
        (77.4, "77.4"),
        (75, "75"),
    ],
)
def test_a_number(cell, number):
    assert read_number(cell) == Decimal(number)


def test_thousands_where_only_whole_numbers_make_sense():
    assert read_number("3.500", whole=True) == read_number("3,500 kg", whole=True) == 3500
    with pytest.raises(NotUnderstood):
        read_number("heavy")


def test_yes_and_no_in_four_languages():
    assert all(map(read_yes_no, ["yes", "Ja", "OUI", "x", "1", True, "vrai", "✓"]))
    assert not any(map(read_yes_no, ["no", "Nein", "non", "nee", "0", False]))
    with pytest.raises(NotUnderstood):
        read_yes_no("perhaps")
