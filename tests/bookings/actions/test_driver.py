"""What drivers and managers do at the same moment."""

import pytest

from bookings.actions.driver import LateRefused, revoke_links, say_running_late
from bookings.models import Booking, BookingEvent
from tests.factories import BookingFactory, DriverFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def booking(fleet) -> Booking:
    return BookingFactory(fleet=fleet, accepted=True)


@pytest.fixture
def read_earlier(booking) -> Booking:
    """The booking as somebody read it before what a test does to it."""
    return Booking.objects.select_related("fleet", "driver").get(pk=booking.pk)


def test_two_presses_at_once_tell_once(booking, read_earlier):
    first = say_running_late(booking, minutes=20)
    assert say_running_late(read_earlier, minutes=20) == first
    assert BookingEvent.objects.count() == 1


def test_a_change_at_the_same_moment_does_not_swallow_the_message(booking, read_earlier, manager):
    revoke_links(fleet=booking.fleet, pk=booking.pk, user=manager)
    event = say_running_late(read_earlier, minutes=20)
    assert event.changes == {"late_minutes": [None, 20]}
    assert Booking.objects.get().version == 2


@pytest.mark.parametrize(
    "meanwhile", [{"status": "cancelled"}, {"open_change": "cancel"}, {"driver": None}]
)
def test_what_happened_at_the_same_moment_counts(booking, read_earlier, meanwhile):
    if "driver" in meanwhile:
        meanwhile = {"driver": DriverFactory()}
    Booking.objects.update(version=1, **meanwhile)
    with pytest.raises(LateRefused):
        say_running_late(read_earlier, minutes=20)
    assert BookingEvent.objects.count() == 0


def test_a_message_of_an_earlier_driver_is_not_this_ones(booking):
    say_running_late(booking, minutes=20)
    Booking.objects.update(driver=DriverFactory())
    event = say_running_late(Booking.objects.get(), minutes=20)
    assert BookingEvent.objects.count() == 2
    assert event.driver_id == Booking.objects.get().driver_id


def test_revoking_twice_begins_a_new_generation_each_time(booking, manager):
    for generation in (1, 2):
        assert revoke_links(fleet=booking.fleet, pk=booking.pk, user=manager)
        assert Booking.objects.get().link_generation == generation
    assert [event.what for event in booking.events.all()] == ["link-revoked"] * 2


def test_no_link_of_another_fleets_is_revoked(booking, other_fleet, manager):
    with pytest.raises(Booking.DoesNotExist):
        revoke_links(fleet=other_fleet, pk=booking.pk, user=manager)
    assert Booking.objects.get().link_generation == 0
