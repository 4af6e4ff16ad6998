from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking, reminder_time, write
from tests.factories import BookingFactory, DriverFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
What = BookingEvent.What


@pytest.fixture
def booking() -> Booking:
    return BookingFactory(accepted=True)


def test_a_change_is_written_down_with_the_old_and_the_new_values(booking):
    old_start, old_driver = booking.start_at, booking.driver
    other = DriverFactory()
    event = change_booking(
        booking,
        what=What.CHANGED,
        actor=Actor.OPERATOR,
        note="Moved.",
        start_at=old_start - HOUR,
        end_at=booking.end_at,
        driver=other,
        status=Booking.Status.RESERVED,
    )
    start = old_start - HOUR
    # What was given and stayed the same is no change.
    assert event.changes == {
        "status": ["accepted", "reserved"],
        "start_at": [old_start.isoformat(), start.isoformat()],
        "driver": [old_driver.pk, other.pk],
    }
    assert (event.what, event.actor, event.note) == ("changed", "operator", "Moved.")
    stored = Booking.objects.get()
    assert (stored.start_at, stored.driver, stored.status) == (start, other, "reserved")
    assert (stored.version, booking.version) == (1, 1)
    assert stored.changed_at == event.at


def test_who_comes_second_changes_nothing(booking):
    second = Booking.objects.get()
    assert change_booking(
        booking, what=What.CHANGED, actor=Actor.OPERATOR, status=Booking.Status.CANCELLED
    )
    assert (
        change_booking(
            second, what=What.CHANGED, actor=Actor.OPERATOR, status=Booking.Status.RESERVED
        )
        is None
    )
    stored = Booking.objects.get()
    assert (stored.status, stored.version) == ("cancelled", 1)
    assert BookingEvent.objects.count() == 1


def test_a_line_may_be_written_without_a_change_of_facts(booking):
    event = change_booking(booking, what=What.LINK_REVOKED, actor=Actor.MANAGER)
    assert event.changes == {}
    assert Booking.objects.get().version == 1


@pytest.mark.parametrize("status", sorted(set(Booking.Status.values) - Booking.HOLDS_A_PLACE))
def test_what_holds_no_place_frees_its_slot_and_needs_no_reminder(booking, status):
    Booking.objects.update(reminder_at=now() + HOUR)
    write(booking, now=now(), status=status)
    stored = Booking.objects.get()
    assert (stored.slot_key, stored.reminder_at) == ("", None)


@pytest.mark.parametrize("status", ["requested", "accepted", "reserved"])
def test_what_holds_a_place_keeps_its_slot(booking, status):
    write(booking, now=now(), status=status)
    assert Booking.objects.get().slot_key


def test_another_time_frees_the_slot_that_was_asked_for_at_first(booking):
    write(booking, now=now(), start_at=booking.start_at, end_at=booking.end_at)
    assert Booking.objects.get().slot_key
    write(booking, now=now(), end_at=booking.end_at + HOUR)
    assert Booking.objects.get().slot_key == ""


def test_the_reminder_moves_along_with_the_start(booking):
    write(booking, now=now(), start_at=booking.start_at + HOUR, end_at=booking.end_at + HOUR)
    stored = Booking.objects.get()
    lead = timedelta(minutes=stored.fleet.reminder_minutes)
    assert stored.reminder_at == stored.start_at - lead


def test_no_reminder_for_a_fleet_that_wants_none_or_when_its_time_has_passed(booking):
    at = now()
    assert reminder_time(booking, at + timedelta(minutes=30), now=at) is None
    assert reminder_time(booking, at + timedelta(minutes=61), now=at) == at + timedelta(minutes=1)
    booking.fleet.reminder_minutes = 0
    assert reminder_time(booking, at + 9 * HOUR, now=at) is None


@pytest.mark.parametrize(
    ("old", "new", "logged"),
    [
        ("accepted", "reserved", False),
        ("accepted", "unknown", False),
        ("unknown", "completed", False),
        ("accepted", "accepted", False),
        ("cancelled", "accepted", True),
        ("completed", "no-show", True),
    ],
)
def test_a_way_that_the_table_does_not_know_is_gone_and_logged(caplog, old, new, logged):
    booking = BookingFactory(accepted=True, status=old, slot_key="")
    assert write(booking, now=now(), status=new)
    assert Booking.objects.get(pk=booking.pk).status == new
    assert ("went from" in caplog.text) == logged
