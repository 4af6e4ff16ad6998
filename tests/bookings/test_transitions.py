import itertools

import pytest

from bookings.models import Booking, BookingRequest, BookingRequestEvent, Notification
from bookings.transitions import Actor, move_request
from tests.factories import BookingRequestFactory, MembershipFactory

pytestmark = pytest.mark.django_db

Status = BookingRequest.Status
ALLOWED = {
    ("queued", "pending"),
    ("queued", "stale"),
    ("queued", "approved"),
    ("queued", "rejected"),
    ("queued", "failed"),
    ("pending", "approved"),
    ("pending", "rejected"),
    ("pending", "stale"),
    ("stale", "approved"),
    ("stale", "rejected"),
}


@pytest.mark.parametrize(("old", "new"), list(itertools.product(Status.values, repeat=2)))
def test_each_move_is_allowed_or_refused_as_the_table_says(old, new):
    request = BookingRequestFactory(status=old)
    if (old, new) in ALLOWED:
        assert move_request(request, to=Status(new), actor=Actor.PORTAL)
        request.refresh_from_db()
        assert request.status == new
        event = request.events.get()
        assert (event.from_status, event.to_status) == (old, new)
        assert (request.settled_at is not None) == (new in {"approved", "rejected", "failed"})
    else:
        with pytest.raises(ValueError, match=old):
            move_request(request, to=Status(new), actor=Actor.PORTAL)
        request.refresh_from_db()
        assert request.status == old
        assert not request.events.exists()


def test_the_loser_of_a_race_changes_nothing():
    first = BookingRequestFactory(pending=True)
    second = BookingRequest.objects.get(pk=first.pk)
    assert move_request(first, to=Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=77)
    told = Notification.objects.count()
    assert told
    assert not move_request(
        second, to=Status.REJECTED, actor=Actor.OPERATOR, rejection_reason="Taken."
    )
    first.refresh_from_db()
    assert first.status == Status.APPROVED
    assert first.rejection_reason == ""
    assert BookingRequestEvent.objects.filter(request=first).count() == 1
    assert Notification.objects.count() == told
    booking = Booking.objects.get(pk=first.booking_id)
    assert (booking.status, booking.ampeco_booking_id) == (Booking.Status.ACCEPTED, 77)


@pytest.mark.parametrize(
    ("to", "status", "needs_attention", "keeps_slot"),
    [
        (Status.PENDING, "requested", False, True),
        (Status.STALE, "requested", True, True),
        (Status.APPROVED, "accepted", False, True),
        (Status.REJECTED, "rejected", True, False),
        (Status.FAILED, "not-placed", True, False),
    ],
)
def test_what_becomes_of_the_booking(to, status, needs_attention, keeps_slot):
    request = BookingRequestFactory()
    move_request(request, to=to, actor=Actor.OPERATOR, ampeco_booking_id=5)
    booking = Booking.objects.get(pk=request.booking_id)
    assert booking.status == status
    assert booking.needs_attention is needs_attention
    assert bool(booking.slot_key) is keeps_slot


def test_an_approval_without_a_charger_is_read_on():
    request = BookingRequestFactory(
        pending=True,
        evse=None,
        booking__evse=None,
        booking__location=BookingRequestFactory().location,
    )
    move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=9)
    assert Booking.objects.get(pk=request.booking_id).refresh_at is not None


def test_settling_tells_driver_and_manager_in_the_same_transaction(
    django_capture_on_commit_callbacks,
):
    manager = MembershipFactory().user
    request = BookingRequestFactory(pending=True, created_by=manager, booking__created_by=manager)
    with django_capture_on_commit_callbacks() as callbacks:
        move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=9)
    told = set(Notification.objects.values_list("recipient_email", flat=True))
    assert told == {manager.email, request.driver.email}
    assert len(callbacks) == 2
