"""What is written once gives the same as Django would each time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import BigIntegerField, CharField, Count, DateTimeField

from drivers.models import Driver
from mirror.written_once import Keys, written_once
from tests.factories import DriverFactory, FleetFactory

pytestmark = pytest.mark.django_db

READ_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@written_once(name=CharField(), since=DateTimeField())
def drivers_read(name, since):
    return Driver.objects.filter(last_name=name, synced_at__gte=since).order_by("pk")


@written_once(fleet=BigIntegerField())
def names_in(fleet):
    of_fleet = Driver.objects.filter(fleet_drivers__fleet=fleet)
    return of_fleet.order_by("last_name").values_list("last_name", flat=True)


@written_once(keys=Keys(), name=CharField())
def named_among(keys, name):
    return Driver.objects.filter(pk__among=keys, last_name=name).order_by("pk")


@written_once(keys=Keys())
def belonging(keys):
    through = Driver.fleets.through.objects.filter(driver_id__among=keys)
    return through.select_related("driver").annotate(of_fleet=Count("fleet__drivers"))


def test_rows_are_those_of_each_calls_own_values():
    old, new = (
        DriverFactory(last_name="Ohm", synced_at=READ_AT - timedelta(hours=hours))
        for hours in (2, 0)
    )
    other = DriverFactory(last_name="Volt", synced_at=READ_AT)
    assert drivers_read(name="Ohm", since=READ_AT - timedelta(days=1)) == [old, new]
    assert drivers_read(name="Ohm", since=READ_AT) == [new]
    (found,) = drivers_read(name="Volt", since=READ_AT)
    assert (found, found.synced_at) == (other, READ_AT)
    assert drivers_read(name="' OR 1 = 1 --", since=READ_AT) == []


def test_one_query_a_call(django_assert_num_queries):
    for _ in range(2):
        with django_assert_num_queries(1):
            drivers_read(name="Ohm", since=READ_AT)


def test_single_columns_and_joins():
    fleet = FleetFactory()
    for name in ("Watt", "Ampere"):
        DriverFactory(fleet=fleet, last_name=name)
    DriverFactory(fleet=FleetFactory(), last_name="Joule")
    assert names_in(fleet=fleet.pk) == ["Ampere", "Watt"]


@pytest.mark.parametrize("number", [0, 1, 3, 60])
def test_among_as_many_keys_as_there_are(number):
    drivers = DriverFactory.create_batch(number, last_name="Ohm")
    DriverFactory(last_name="Ohm")
    stranger = DriverFactory(last_name="Volt")
    keys = [stranger.pk, *(driver.pk for driver in drivers)]
    assert named_among(keys=keys if number else [], name="Ohm") == drivers


def test_rows_come_with_what_they_belong_to(django_assert_num_queries):
    fleet = FleetFactory()
    driver, _colleague = DriverFactory.create_batch(2, fleet=fleet)
    with django_assert_num_queries(1):
        (row,) = belonging(keys=[driver.pk])
        assert (row.driver, row.of_fleet) == (driver, 2)
