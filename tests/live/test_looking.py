"""What the server of the stream asks the database, once for all pages."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import Actor, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from bookings.state.moves import move_request
from live.looking import History, look_at
from tests.factories import BookingFactory, BookingRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(fleet):
    """A booking that the operator has had for so long that it is polled seldom."""
    later = timezone.now() + timedelta(minutes=1)
    return BookingRequestFactory(
        booking__fleet=fleet, status=BookingRequest.Status.PENDING, next_attempt_at=later
    )


def changed(booking):
    what = BookingEvent.What.CHANGED
    change_booking(booking, what=what, actor=Actor.PORTAL, needs_attention=True)


def test_the_versions_of_all_bookings_cost_one_query(fleet, django_assert_num_queries):
    bookings = [BookingFactory(fleet=fleet, accepted=True) for _ in range(3)]
    changed(bookings[1])
    with django_assert_num_queries(1):
        found = look_at([booking.pk for booking in bookings], fleets=[])

    assert sorted(found) == [
        (fleet.pk, booking.pk, version)
        for booking, version in zip(bookings, (0, 1, 0), strict=True)
    ]


def test_a_booking_whose_page_is_open_is_polled_at_the_next_sweep(asked):
    look_at([asked.booking_id], fleets=[])
    asked.refresh_from_db()
    assert asked.next_attempt_at <= timezone.now()


def test_so_are_those_of_a_fleet_whose_list_is_open_and_no_others(asked, fleet, other_fleet):
    look_at([], fleets=[other_fleet.pk])
    asked.refresh_from_db()
    assert asked.next_attempt_at > timezone.now()

    look_at([], fleets=[fleet.pk])
    asked.refresh_from_db()
    assert asked.next_attempt_at <= timezone.now()


def test_a_request_in_trouble_keeps_its_pause(asked, fleet):
    BookingRequest.objects.update(trouble=BookingRequest.Trouble.UNREACHABLE)
    look_at([asked.booking_id], fleets=[fleet.pk])
    asked.refresh_from_db()
    assert asked.next_attempt_at > timezone.now()


def test_the_history_tells_what_changed_since_it_was_read(asked, fleet, other_fleet):
    booking = BookingFactory(fleet=fleet, accepted=True)
    theirs = BookingFactory(fleet=other_fleet, accepted=True)
    changed(booking)
    history = History()
    assert history.read([fleet.pk]) == [], "what was before is on the pages"
    changed(theirs)
    changed(booking)
    move_request(asked, to=BookingRequest.Status.STALE, actor=Actor.PORTAL)

    found = history.read([fleet.pk])
    assert set(found) == {(fleet.pk, booking.pk, 2), (fleet.pk, asked.booking_id, 1)}


def test_a_line_that_becomes_visible_late_is_found(fleet):
    booking = BookingFactory(fleet=fleet, accepted=True)
    history = History()
    history.read([fleet.pk])
    changed(booking)
    late = BookingEvent.objects.get()
    number = late.pk
    late.delete()
    changed(BookingFactory(fleet=fleet, accepted=True))
    assert len(history.read([fleet.pk])) == 1
    late.pk = number
    late.save(force_insert=True)

    assert (fleet.pk, booking.pk, 1) in history.read([fleet.pk])


def test_while_nothing_changes_it_costs_two_looks_at_an_index(fleet, django_assert_num_queries):
    history = History()
    history.read([fleet.pk])
    with django_assert_num_queries(2):
        assert history.read([fleet.pk]) == []
