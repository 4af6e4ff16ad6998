"""When a line is for: on the clocks of its site, whatever clock the file has."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import now

from imports.booking_columns import COLUMNS
from imports.bookings import read_bookings
from imports.upload import UploadForm

pytestmark = pytest.mark.django_db


@pytest.fixture
def row_of(fleet, van):
    """Return a function that reads a line for the van, whose site is in New York."""

    def row_of(header, row, *, at=None):
        text = f"Vehicle;{header}\nVan 1;{row}"
        form = UploadForm({"text": text}, most_rows=5, columns=COLUMNS)
        assert form.is_valid(), form.errors
        at = at or now()
        [line] = read_bookings(form.table, fleet=fleet, order=None, default_site=None, now=at).lines
        assert line.problems == {}
        assert line.remarks == []
        return line.row

    return row_of


def hours(row):
    return [f"{at.astimezone(UTC):%d %H:%M}" for at in (row.start_at, row.end_at)]


@pytest.mark.parametrize(
    ("header", "row", "period"),
    [
        ("Start;End", "2027-01-12T18:00:00Z;2027-01-13T04:00:00Z", ["12 18:00", "13 04:00"]),
        ("Start;End", "2027-01-12T18:00+01:00;2027-01-12T20:00-05:00", ["12 17:00", "13 01:00"]),
        # Without an offset a time is the site's, five hours behind UTC.
        ("Start;End", "2027-01-12T18:00Z;15:00", ["12 18:00", "12 20:00"]),
        ("Start;End", "2027-01-12T18:00Z;12:00", ["12 18:00", "13 17:00"]),
        ("Start;End", "2027-01-12T18:00;06:00Z", ["12 23:00", "13 06:00"]),
        ("Start;Minutes", "2027-01-12T18:00Z;90", ["12 18:00", "12 19:30"]),
        ("Date;Start;End", "12.1.2027;18:00Z;06:00Z", ["12 18:00", "13 06:00"]),
        # A day of its own is no time; one in the column of times stands for its midnight.
        ("Date;Start;End date;Minutes", "12.1.2027;18:00;12.1.2027;90", ["12 23:00", "13 00:30"]),
        ("Date;Start;End", "12.1.2027;18:00;13.1.2027", ["12 23:00", "13 05:00"]),
        ("Date;Start;End", "12.1.2027;24:00Z;06:00Z", ["13 00:00", "13 06:00"]),
        ("Date;End", "2027-01-12T18:00Z;2027-01-12T24:00Z", ["12 18:00", "13 00:00"]),
        # Midnight stands for a day alone; any other instant is on some day of the site.
        ("Date;Start;End", "2027-01-12T00:00:00Z;18:00;20:00", ["12 23:00", "13 01:00"]),
        ("Date;Start;End", "2027-01-13T04:00:00Z;18:00;20:00", ["12 23:00", "13 01:00"]),
        # The clocks go back from 2:00 to 1:00; both times are told apart.
        ("Start;End", "2027-11-07T05:30Z;2027-11-07T06:30Z", ["07 05:30", "07 06:30"]),
    ],
)
def test_what_is_given_with_an_offset_is_that_instant(header, row, period, row_of):
    assert hours(row_of(header, row)) == period


def test_the_day_of_an_end_without_a_time_or_a_length_is_no_end(fleet, van):
    text = "Vehicle;Date;Start;End date\nVan 1;12.1.2027;18:00;13.1.2027"
    form = UploadForm({"text": text}, most_rows=5, columns=COLUMNS)
    assert form.is_valid()
    [line] = read_bookings(form.table, fleet=fleet, order=None, default_site=None, now=now()).lines
    assert line.problems == {"end": "This line does not say when it ends."}


def test_a_day_without_a_year_is_the_next_one_at_the_site(row_of):
    evening = datetime(2027, 3, 13, 0, 30, tzinfo=UTC)
    row = row_of("Date;Start;End", "12.3.;22:00;06:00", at=evening)
    assert row.start_at == datetime(2027, 3, 13, 3, tzinfo=UTC)
    row = row_of("Date;Start;End", "12.3.;22:00;06:00", at=evening + timedelta(days=1))
    assert row.start_at.year == 2028
