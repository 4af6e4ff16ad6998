"""Marking a booking as done: only what somebody has seen is dismissed."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking, BookingEvent
from bookings.state.booking import note_trouble
from bookings.wording.attention import reasons_of, troubles_left
from tests.factories import BookingFactory, BookingRequestFactory, DriverFactory

What = BookingEvent.What
pytestmark = pytest.mark.django_db


def seen_on_page(client, booking) -> str:
    """Return what the form on a booking's page says that somebody has seen."""
    page = client.get(f"/bookings/{booking.pk}/").content.decode()
    return re.search(r'name="seen" value="([^"]*)"', page)[1]


def test_what_happened_since_is_not_dismissed_unseen(as_manager, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True, version=3)
    seen = seen_on_page(as_manager, booking)
    Booking.objects.update(version=4, end_at=booking.end_at + timedelta(hours=2))
    address = f"/bookings/{booking.pk}/dismiss/"
    answer = as_manager.post(address, {"seen": seen}, follow=True)
    assert "has changed since you opened the page" in answer.content.decode()
    booking.refresh_from_db()
    assert booking.needs_attention
    as_manager.post(address, {"seen": seen_on_page(as_manager, booking)})
    booking.refresh_from_db()
    assert not booking.needs_attention


def test_trouble_that_was_noted_since_is_not_dismissed_unseen(as_manager, fleet):
    """It leaves the version as it is."""
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True)
    seen = seen_on_page(as_manager, booking)
    note_trouble(booking, what=BookingEvent.What.DRIVER_LEFT, driver=booking.driver)
    address = f"/bookings/{booking.pk}/dismiss/"
    answer = as_manager.post(address, {"seen": seen}, follow=True)
    page = answer.content.decode()
    assert "has changed since you opened the page. Please look at it again." in page
    assert "It is now:" not in page, "nothing that would be told there has changed"
    assert Booking.objects.get().needs_attention
    as_manager.post(address, {"seen": seen_on_page(as_manager, booking)})
    assert not Booking.objects.get().needs_attention


def test_what_is_no_trouble_keeps_nobody_from_dismissing(as_manager, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True)
    seen = seen_on_page(as_manager, booking)
    BookingEvent.objects.create(
        booking=booking, what=BookingEvent.What.HANDED_OVER, actor="manager", at=now()
    )
    as_manager.post(f"/bookings/{booking.pk}/dismiss/", {"seen": seen})
    assert not Booking.objects.get().needs_attention


@pytest.mark.parametrize("seen", ["0", "", "x", "-1-2", "9" * 5000, "\x00"])
def test_a_form_of_an_older_page_dismisses_nothing(as_manager, fleet, seen):
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True)
    address = f"/bookings/{booking.pk}/dismiss/"
    answer = as_manager.post(address, {"seen": seen}, follow=True)
    assert "has changed since you opened the page" in answer.content.decode()
    assert Booking.objects.get().needs_attention


def mark_as_done(client, booking) -> None:
    seen = seen_on_page(client, booking)
    client.post(f"/bookings/{booking.pk}/dismiss/", {"seen": seen})


def test_what_is_done_does_not_come_back_with_other_trouble(as_manager, fleet, manager):
    booking = BookingFactory(fleet=fleet, accepted=True)
    note_trouble(booking, what=What.UNDELIVERED, user=manager)
    mark_as_done(as_manager, booking)
    note_trouble(booking, what=What.DRIVER_LEFT, driver=booking.driver)
    booking.refresh_from_db()

    reason = reasons_of([booking])[booking.pk]
    assert "is no longer in your fleet" in reason
    assert "could not be delivered" not in reason
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert "Please tell them yourself" not in page


def test_nor_once_a_change_is_made(as_manager, fleet, manager):
    booking = BookingFactory(fleet=fleet, accepted=True)
    note_trouble(booking, what=What.UNDELIVERED, user=manager)
    mark_as_done(as_manager, booking)
    note_trouble(booking, what=What.DRIVER_LEFT, driver=booking.driver)
    booking.refresh_from_db()
    change = BookingRequestFactory(booking=booking, kind="update", driver=DriverFactory())

    assert troubles_left([(booking, change)]) == {}


def test_the_history_tells_who_has_done_it(as_manager, fleet, manager):
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True)
    mark_as_done(as_manager, booking)
    event = BookingEvent.objects.get(what=What.DONE)
    assert (event.actor, event.user) == ("manager", manager)
    page = as_manager.get(f"/bookings/{booking.pk}/").content.decode()
    assert f"Marked as done by {manager.display_name}" in page

    as_manager.post(f"/bookings/{booking.pk}/dismiss/", {"undo": "1"})
    assert Booking.objects.get().needs_attention
    assert not BookingEvent.objects.exists(), "as if nobody had"


def test_undoing_leaves_what_was_done_before(as_manager, fleet):
    booking = BookingFactory(fleet=fleet, accepted=True, needs_attention=True)
    mark_as_done(as_manager, booking)
    note_trouble(booking, what=What.DRIVER_LEFT, driver=booking.driver)
    mark_as_done(as_manager, booking)
    as_manager.post(f"/bookings/{booking.pk}/dismiss/", {"undo": "1"})
    whats = list(BookingEvent.objects.order_by("pk").values_list("what", flat=True))
    assert whats == [What.DONE, What.DRIVER_LEFT]
