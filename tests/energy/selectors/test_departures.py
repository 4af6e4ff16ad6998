"""Which departure of a vehicle is its next."""

from datetime import timedelta

from django.utils import timezone

from energy.selectors.departures import next_departures
from tests.energy.factories import DepartureFactory
from tests.factories import VehicleFactory


def test_the_next_is_the_first_that_is_to_come_and_not_cancelled(db, django_assert_num_queries):
    now = timezone.now()
    one, other, none = VehicleFactory.create_batch(3)
    DepartureFactory(vehicle=one, leaves_at=now - timedelta(minutes=1))
    DepartureFactory(vehicle=one, leaves_at=now + timedelta(hours=1), cancelled_at=now)
    ones = DepartureFactory(vehicle=one, leaves_at=now + timedelta(hours=2))
    DepartureFactory(vehicle=one, leaves_at=now + timedelta(hours=3))
    others = DepartureFactory(vehicle=other, leaves_at=now + timedelta(hours=4))

    with django_assert_num_queries(1):
        found = next_departures([one, other, none], now=now)

    assert found == {one.pk: ones, other.pk: others}


def test_of_no_vehicles_nothing_is_read(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert next_departures([]) == {}
