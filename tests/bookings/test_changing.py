import uuid

import pytest

from bookings.changing import request_cancellation
from bookings.models import Actor, Booking, Notification

pytestmark = pytest.mark.django_db


def test_what_was_never_sent_is_withdrawn_at_once(request_row, manager, wire):
    calls = len(wire.sent)
    outcome = request_cancellation(
        booking=request_row.booking, asked_by=Actor.MANAGER, user=manager, seen_version=0
    )
    assert (outcome.outcome, outcome.request) == ("withdrawn", None)
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", "withdrawn")
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change, booking.needs_attention) == ("cancelled", "", False)
    assert booking.slot_key == ""
    assert not Notification.objects.exists()
    assert len(wire.sent) == calls
