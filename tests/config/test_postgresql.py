"""How instants come out of PostgreSQL, whatever wrote them, and how lists of keys go in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from drivers.models import Driver, FleetDriver
from tests.factories import DriverFactory, FleetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def read():
    if connection.vendor != "postgresql":
        pytest.skip("there is no PostgreSQL")

    def read(sql, *values):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {sql}", values)
            return cursor.fetchone()[0]

    return read


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, 0, 120_000, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_an_instant_comes_back_as_it_was_in_utc(read, at):
    found = read("%s::timestamptz", at)
    assert found == at
    assert found.tzinfo is UTC


def test_an_instant_is_in_utc_also_where_the_session_is_not(read):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Kathmandu'")
    found = read("timestamptz '2026-11-29 12:00+00'")
    assert (found, found.tzinfo) == (datetime(2026, 11, 29, 12, tzinfo=UTC), UTC)


@pytest.mark.parametrize("text", ["infinity", "0044-03-15 12:00+00 BC", "12026-01-01 00:00+00"])
def test_what_is_no_instant_for_python_is_an_error(read, text):
    with pytest.raises(DataError):
        read("%s::timestamptz", text)


def test_lengths_are_added_in_the_database(read):
    at = datetime(2026, 11, 29, tzinfo=UTC)
    assert read("%s::timestamptz + interval '25 hours'", at) == at + timedelta(hours=25)


@pytest.mark.parametrize("number", [1, 40])
def test_rows_among_few_keys_and_among_many(number):
    fleet = FleetFactory()
    drivers = DriverFactory.create_batch(number, fleet=fleet)
    stranger = DriverFactory(fleet=fleet)
    keys = [driver.pk for driver in drivers]
    assert set(Driver.objects.in_bulk(keys)) == set(keys)
    assert set(FleetDriver.objects.filter(driver__in=keys).values_list("driver", flat=True)) == {
        *keys
    }
    assert list(Driver.objects.exclude(pk__in=keys)) == [stranger]
    assert Driver.objects.filter(pk__in=[*keys, None]).count() == number


def test_many_keys_are_one_value_of_a_statement(read):
    with CaptureQueriesContext(connection) as asked:
        list(Driver.objects.filter(pk__in=range(40)))
        list(FleetDriver.objects.filter(driver__in=range(40)))
    assert [" IN (" in each["sql"] for each in asked] == [False, False]
