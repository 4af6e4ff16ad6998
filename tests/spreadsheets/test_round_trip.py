"""What is written is read again as it was, in each of the portal's languages."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils.translation import override
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spreadsheets.reading import read_file
from spreadsheets.values import read_moment, read_number
from spreadsheets.writing import as_csv, as_workbook

LANGUAGES = [code for code, _name in settings.LANGUAGES]
TODAY = date(2026, 11, 29)
# What one line of a form takes, and no spaces around it.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp", "Zs"]),
    min_size=1,
    max_size=20,
) | st.sampled_from(
    ["=1+1", "+49 170", "-5", "@home", "a;=b", "'quoted", '"x"', "a, b", "x\u00a0y"]
)
DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
NUMBERS = st.decimals(0, 9999, places=3)
ROWS = st.lists(st.tuples(TEXTS, DAYS, TIMES, NUMBERS), min_size=1, max_size=5)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [as_csv, as_workbook])
@given(rows=ROWS)
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_file_is_read_as_it_was_written(language, write, rows):
    with override(language):
        data = write(["Name", "Day", "Time", "Number"], rows)
    table = read_file(data, most_rows=10)
    read = [
        (
            str(name),
            read_moment(day, order=None, today=TODAY)[0],
            read_moment(clock, order=None, today=TODAY)[1],
            read_number(number),
        )
        for _number, (name, day, clock, number) in table.rows
    ]
    assert read == [(name, day, at, Decimal(str(number))) for name, day, at, number in rows]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [as_csv, as_workbook])
def test_moments_too(language, write):
    at = datetime(2026, 12, 31, 18, 15)
    with override(language):
        table = read_file(write(["a"], [[at]]), most_rows=2)
    [(_number, (cell,))] = table.rows
    assert read_moment(cell, order=None, today=TODAY) == (date(2026, 12, 31), time(18, 15))
