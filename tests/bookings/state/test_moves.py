import itertools
from datetime import timedelta

import pytest

from bookings.models import Booking, BookingRequest, BookingRequestEvent
from bookings.state.moves import Actor, Move, move_request, move_requests
from notifications.models import Notification
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    MembershipFactory,
)

pytestmark = pytest.mark.django_db

Status = BookingRequest.Status
UPDATE, CANCEL = BookingRequest.Kind.UPDATE, BookingRequest.Kind.CANCEL
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


def approve_all(requests: list[BookingRequest]) -> list[BookingRequest]:
    moves = [
        Move(request, Status.APPROVED, Actor.OPERATOR, ampeco_booking_id=700 + number)
        for number, request in enumerate(requests)
    ]
    return move_requests(moves)


def test_many_are_moved_in_as_many_statements_as_few(django_assert_max_num_queries):
    manager = MembershipFactory().user
    requests = BookingRequestFactory.create_batch(12, pending=True, booking__created_by=manager)
    with django_assert_max_num_queries(14):
        assert approve_all(requests) == requests
    for number, request in enumerate(requests):
        booking = Booking.objects.get(pk=request.booking_id)
        assert (booking.status, booking.ampeco_booking_id) == ("accepted", 700 + number)
        assert (booking.version, booking.evse_id) == (1, request.evse_id)
        assert booking.reminder_at == request.booking.reminder_at is not None
        assert (request.booking.status, request.booking.version) == ("accepted", 1)
        assert [each.to_status for each in request.events.all()] == ["approved"]
        assert request.notifications.count() == 1
        request.refresh_from_db()
        assert request.status == "approved"


def test_of_many_the_one_that_was_moved_meanwhile_is_left_alone():
    requests = BookingRequestFactory.create_batch(3, pending=True)
    faster = BookingRequest.objects.get(pk=requests[1].pk)
    assert move_request(faster, to=Status.REJECTED, actor=Actor.OPERATOR, rejection_reason="No.")
    told = faster.notifications.count()
    assert approve_all(requests) == [requests[0], requests[2]]
    states = BookingRequest.objects.order_by("pk").values_list("status", "booking__status")
    assert list(states) == [
        ("approved", "accepted"),
        ("rejected", "rejected"),
        ("approved", "accepted"),
    ]
    assert [each.to_status for each in faster.events.all()] == ["rejected"]
    assert faster.notifications.count() == told
    assert requests[1].status == "pending"


def test_many_go_different_ways_at_once():
    """A new booking, a refused one, a change, a cancellation, a move and one to be cancelled."""
    approved, rejected = BookingRequestFactory.create_batch(2, pending=True)
    change, cancellation = (
        BookingRequestFactory(
            pending=True, kind=kind, booking=BookingFactory(accepted=True, open_change=kind)
        )
        for kind in (UPDATE, CANCEL)
    )
    replaced = BookingFactory(accepted=True, open_change="move")
    move = BookingRequestFactory(pending=True, booking__replaces=replaced)
    unwanted = BookingRequestFactory(pending=True, booking__open_change="withdraw")
    moves = [
        Move(approved, Status.APPROVED, Actor.OPERATOR, ampeco_booking_id=1),
        Move(
            rejected,
            Status.REJECTED,
            Actor.OPERATOR,
            note="No.",
            changes={"rejection_reason": "No."},
        ),
        Move(change, Status.APPROVED, Actor.OPERATOR),
        Move(cancellation, Status.APPROVED, Actor.OPERATOR),
        Move(move, Status.APPROVED, Actor.OPERATOR, ampeco_booking_id=2),
        Move(unwanted, Status.APPROVED, Actor.OPERATOR, ampeco_booking_id=3),
    ]
    assert len(move_requests(moves)) == len(moves)
    came = {
        request: (request.booking.status, request.booking.open_change)
        for request in BookingRequest.objects.select_related("booking")
    }
    assert came[approved] == ("accepted", "")
    assert came[rejected] == ("rejected", "")
    assert came[change] == ("accepted", "")
    assert came[cancellation] == ("cancelled", "")
    assert came[move] == ("accepted", "")
    assert came[unwanted] == ("accepted", "cancel")
    replaced.refresh_from_db()
    assert replaced.open_change == "cancel"
    queued = BookingRequest.objects.filter(status="queued", kind=CANCEL)
    assert {each.booking for each in queued} == {replaced, unwanted.booking}


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
    membership = MembershipFactory()
    manager = membership.user
    booking = BookingFactory(fleet=membership.fleet, created_by=manager)
    request = BookingRequestFactory(pending=True, booking=booking, created_by=manager)
    with django_capture_on_commit_callbacks() as callbacks:
        move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=9)
    told = set(Notification.objects.values_list("recipient_email", flat=True))
    assert told == {manager.email, request.driver.email}
    assert len(callbacks) == 1, "one worker is woken for both"


# What a booking is once a request about it has moved: its status, what is open, whether somebody
# should look at it, and whether it has what the request wanted. By kind, the request's new status
# and the booking's status by then.
OUTCOMES = {
    (UPDATE, "pending", "accepted"): ("accepted", "update", False, False),
    (UPDATE, "stale", "accepted"): ("accepted", "update", True, False),
    (UPDATE, "approved", "accepted"): ("accepted", "", False, True),
    (UPDATE, "approved", "reserved"): ("reserved", "", False, True),
    (UPDATE, "approved", "cancelled"): ("cancelled", "", False, False),
    (UPDATE, "approved", "completed"): ("completed", "", False, False),
    (UPDATE, "rejected", "accepted"): ("accepted", "", True, False),
    (UPDATE, "rejected", "reserved"): ("reserved", "", True, False),
    (UPDATE, "rejected", "cancelled"): ("cancelled", "", False, False),
    (UPDATE, "failed", "accepted"): ("accepted", "", True, False),
    (UPDATE, "failed", "no-show"): ("no-show", "", False, False),
    (CANCEL, "pending", "accepted"): ("accepted", "cancel", False, False),
    (CANCEL, "stale", "accepted"): ("accepted", "cancel", True, False),
    (CANCEL, "approved", "accepted"): ("cancelled", "", False, False),
    (CANCEL, "approved", "reserved"): ("cancelled", "", False, False),
    (CANCEL, "approved", "unknown"): ("cancelled", "", False, False),
    (CANCEL, "approved", "cancelled"): ("cancelled", "", False, False),
    (CANCEL, "approved", "completed"): ("completed", "", False, False),
    (CANCEL, "approved", "no-show"): ("no-show", "", False, False),
    (CANCEL, "rejected", "accepted"): ("accepted", "", True, False),
    (CANCEL, "rejected", "completed"): ("completed", "", False, False),
    (CANCEL, "failed", "accepted"): ("accepted", "", True, False),
    (CANCEL, "failed", "cancelled"): ("cancelled", "", False, False),
}


@pytest.mark.parametrize(
    ("kind", "to", "status", "outcome"), [(*case, came) for case, came in OUTCOMES.items()]
)
def test_what_becomes_of_a_booking_about_which_something_was_asked(kind, to, status, outcome):
    booking = BookingFactory(accepted=True, open_change=kind)
    wanted = booking.start_at + timedelta(hours=3)
    request = BookingRequestFactory(
        booking=booking,
        kind=kind,
        driver=DriverFactory(),
        start_at=wanted,
        end_at=wanted + timedelta(hours=1),
    )
    Booking.objects.update(status=status)
    move_request(request, to=Status(to), actor=Actor.OPERATOR, ampeco_booking_id=99)
    now_is = Booking.objects.get()
    expected_status, open_change, needs_attention, has_what_was_wanted = outcome
    assert now_is.status == expected_status
    assert now_is.open_change == open_change
    assert now_is.needs_attention is needs_attention
    has = (now_is.driver_id, now_is.start_at) == (request.driver_id, wanted)
    assert has is has_what_was_wanted
    assert now_is.ampeco_booking_id == booking.ampeco_booking_id


@pytest.mark.parametrize(
    ("to", "status", "open_change"),
    [
        ("approved", "accepted", "cancel"),
        ("rejected", "cancelled", ""),
        ("failed", "cancelled", ""),
        ("stale", "requested", "withdraw"),
    ],
)
def test_what_becomes_of_a_booking_that_is_to_be_cancelled(to, status, open_change):
    request = BookingRequestFactory(booking__open_change="withdraw")
    move_request(request, to=Status(to), actor=Actor.OPERATOR, ampeco_booking_id=5)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == (status, open_change)
    assert booking.requests.filter(kind=CANCEL).count() == (to == "approved")


def test_an_approved_change_ends_the_worry_about_a_late_answer():
    request = BookingRequestFactory(
        kind=UPDATE, booking__accepted=True, booking__open_change="update"
    )
    move_request(request, to=Status.STALE, actor=Actor.PORTAL)
    assert Booking.objects.get().needs_attention
    move_request(request, to=Status.APPROVED, actor=Actor.OPERATOR)
    assert not Booking.objects.get().needs_attention
