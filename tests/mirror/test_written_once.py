"""What is written once gives the same as Django would each time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import BigIntegerField, CharField, Count, DateTimeField

from bookings.models import Booking
from bookings.selectors import bookings_on_boards
from drivers.models import Driver
from mirror.written_once import Keys, written_once
from tests.factories import BookingFactory, DriverFactory, EvseFactory, FleetFactory

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


@written_once(fleet=BigIntegerField())
def whole_bookings(fleet):
    related = ("location", "evse__charge_point", "charging_session", "vehicle__home_site")
    rows = Booking.objects.filter(fleet=fleet).select_related(*related).order_by("pk")
    return rows.annotate(asked=Count("requests"))


@written_once(fleet=BigIntegerField())
def board_bookings(fleet):
    return bookings_on_boards(fleet).order_by("pk")


def told_of(instance):
    """Return the columns that were read of a row, with those of what it belongs to."""
    columns = {name: value for name, value in vars(instance).items() if name != "_state"}
    state = instance._state
    related = {
        name: row and told_of(row) for name, row in state.fields_cache.items() if name != "booking"
    }
    return type(instance), columns, related, state.adding, state.db


@pytest.mark.parametrize("written", [whole_bookings, board_bookings])
def test_instances_are_those_that_django_makes(written):
    fleet, evse = FleetFactory(), EvseFactory()
    BookingFactory.create_batch(2, fleet=fleet, evse=evse, location=evse.charge_point.location)
    BookingFactory(fleet=fleet, evse=None, location=evse.charge_point.location)
    rows = written(fleet=fleet.pk)
    assert len(rows) == 3
    expected = list(written.__wrapped__(fleet=fleet.pk))
    assert [told_of(row) for row in rows] == [told_of(row) for row in expected]
    assert rows[0].evse is rows[1].evse


def test_what_was_not_read_is_read_when_it_is_asked_for(django_assert_num_queries):
    booking = BookingFactory(reference_key="JOB 7")
    (row,) = board_bookings(fleet=booking.fleet_id)
    with django_assert_num_queries(1):
        assert row.reference_key == "JOB 7"
    row.save(update_fields=["status"])


def test_what_it_cannot_read_is_an_error():
    @written_once()
    def dictionaries():
        return Driver.objects.values("pk")

    @written_once()
    def prefetched():
        return Driver.objects.prefetch_related("fleets")

    for written in (dictionaries, prefetched):
        with pytest.raises(TypeError):
            written()
