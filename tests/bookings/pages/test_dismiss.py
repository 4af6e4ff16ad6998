"""Marking a booking as done: only what somebody has seen is dismissed."""

import re
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Booking, BookingEvent
from bookings.state.booking import note_trouble
from tests.factories import BookingFactory

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
