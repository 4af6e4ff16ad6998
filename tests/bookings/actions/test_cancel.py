import threading
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, connections
from django.utils.timezone import now

from bookings.actions.candidate import BookingRefused
from bookings.actions.change import (
    Cancellation,
    cancel_together,
    request_cancellation,
    request_change,
)
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from bookings.state.moves import move_request
from notifications.models import Notification
from sync import polling
from sync.submission import RESEND_GRACE
from tests.factories import BookingFactory
from tests.small_operator import lose_answer, slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def cancel(manager):
    """Asks for cancellations as a manager does."""

    def ask(booking: Booking, **changes) -> Cancellation:
        arguments = {"booking": booking, "asked_by": Actor.MANAGER, "user": manager}
        return request_cancellation(**(arguments | changes))

    return ask


@pytest.fixture
def pending(request_row, workers) -> BookingRequest:
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    return request_row


# A confirmed booking


def test_a_confirmed_booking_is_cancelled_by_a_request(
    cancel, confirmed, workers, operator, manager
):
    cancellation = cancel(confirmed, seen_version=confirmed.version)
    assert cancellation.outcome == "requested"
    request = cancellation.request
    assert (request.kind, request.status, request.asked_by) == ("cancel", "queued", "manager")
    assert request.events.get().user == manager
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("accepted", "cancel")
    workers.submit()
    asked = operator.requests[2]
    assert (asked.type, asked.booking_id) == ("cancel", confirmed.ampeco_booking_id)
    operator.decide(asked)
    assert workers.poll() == 1
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("cancelled", "")
    assert (confirmed.slot_key, confirmed.reminder_at, confirmed.refresh_at) == ("", None, None)
    assert operator.bookings[confirmed.ampeco_booking_id].status == "cancelled"


def test_a_cancellation_that_is_rejected_leaves_the_booking(cancel, confirmed, workers, operator):
    cancel(confirmed)
    workers.submit()
    operator.reject(operator.requests[2], "Too late.")
    workers.poll()
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("accepted", "")
    assert confirmed.needs_attention
    assert cancel(confirmed).outcome == "requested"


def test_a_booking_without_a_known_id_upstream_is_cancelled_once_it_has_one(
    cancel, confirmed, workers, operator
):
    theirs = confirmed.ampeco_booking_id
    Booking.objects.update(ampeco_booking_id=None)
    request = cancel(confirmed).request
    workers.submit()
    request.refresh_from_db()
    assert (request.status, request.trouble, request.lease_owner) == ("queued", "unnamed", None)
    assert request.next_attempt_at > now()
    assert len(operator.requests) == 1
    Booking.objects.update(ampeco_booking_id=theirs)
    workers.submit()
    assert operator.requests[2].booking_id == theirs


# A booking that is not confirmed yet


def test_what_was_never_sent_is_withdrawn_at_once(cancel, request_row, workers, wire, manager):
    calls = len(wire.sent)
    cancellation = cancel(request_row.booking, seen_version=0)
    assert (cancellation.outcome, cancellation.request) == ("withdrawn", None)
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", "withdrawn")
    last = request_row.events.last()
    assert (last.to_status, last.actor, last.user) == ("failed", "manager", manager)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert (booking.needs_attention, booking.slot_key) == (False, "")
    assert not Notification.objects.exists()
    workers.submit()
    assert len(wire.sent) == calls


def test_the_slot_of_a_withdrawn_booking_can_be_asked_for_again(cancel, request_row, ask, slot):
    cancel(request_row.booking)
    assert ask(slot).is_new


@pytest.mark.parametrize("batch", [None, uuid.uuid4()])
def test_what_is_being_decided_is_cancelled_once_it_is_approved(
    cancel, pending, workers, operator, manager, batch
):
    cancellation = cancel(pending.booking, batch=batch)
    assert (cancellation.outcome, cancellation.request) == ("will-be-cancelled", None)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("requested", "withdraw")
    event = booking.events.get()
    assert (event.what, event.actor, event.user) == ("withdrawal-asked", "manager", manager)
    operator.decide(operator.requests[1])
    workers.poll()
    booking.refresh_from_db()
    assert (booking.status, booking.open_change) == ("accepted", "cancel")
    request = booking.requests.get(kind="cancel")
    assert (request.asked_by, request.created_by, request.batch) == ("manager", manager, batch)
    workers.submit()
    operator.decide(operator.requests[2])
    workers.poll()
    booking.refresh_from_db()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert operator.bookings[1].status == "cancelled"


def test_what_is_being_decided_and_is_rejected_is_cancelled(cancel, pending, workers, operator):
    cancel(pending.booking)
    operator.reject(operator.requests[1], "Taken.")
    workers.poll()
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert not booking.needs_attention
    assert not booking.requests.filter(kind="cancel").exists()


def test_a_driver_may_ask_too(cancel, pending, workers, operator):
    driver = pending.driver
    cancel(pending.booking, asked_by=Actor.DRIVER, user=None, driver=driver)
    event = BookingEvent.objects.get()
    assert (event.actor, event.user, event.driver) == ("driver", None, driver)
    with pytest.raises(BookingRefused, match="requested by the driver"):
        cancel(pending.booking)
    operator.decide(operator.requests[1])
    workers.poll()
    assert BookingRequest.objects.get(kind="cancel").asked_by == "driver"


def test_what_a_worker_is_about_to_send_is_not_sent_if_it_looks_in_time(
    cancel, request_row, workers, operator
):
    BookingRequest.objects.update(lease_until=now() + timedelta(minutes=1))
    assert cancel(request_row.booking).outcome == "will-be-cancelled"
    BookingRequest.objects.update(lease_until=None)
    workers.submit()
    assert not operator.requests
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert booking.requests.get().failure == "withdrawn"


@pytest.mark.parametrize("fault", ["cut-after", "server-error-after"])
def test_what_may_have_arrived_is_looked_for_and_then_cancelled(
    cancel, request_row, workers, operator, fault
):
    lose_answer(operator, fault)
    workers.submit()
    assert cancel(request_row.booking).outcome == "will-be-cancelled"
    operator.decide(operator.requests[1])
    workers.submit()
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("accepted", "cancel")
    workers.submit()
    operator.decide(operator.requests[2])
    workers.poll()
    assert Booking.objects.get().status == "cancelled"
    assert [each.type for each in operator.requests.values()] == ["create", "cancel"]


def test_what_never_arrived_is_withdrawn_after_the_grace(cancel, request_row, workers, operator):
    operator.faults.add("cut-before", count=1, method="POST", path="booking-requests")
    workers.submit()
    assert cancel(request_row.booking).outcome == "will-be-cancelled"
    workers.submit()
    assert Booking.objects.get().status == "requested", "it may still be on its way"
    with time_machine.travel(now() + RESEND_GRACE + timedelta(seconds=1), tick=False):
        workers.submit()
    booking = Booking.objects.get()
    assert (booking.status, booking.needs_attention) == ("cancelled", False)
    assert not operator.requests


# What is not cancelled


@pytest.mark.parametrize("open_change", ["", *Booking.OpenChange.values])
@pytest.mark.parametrize("status", Booking.Status.values)
def test_only_what_holds_a_place_and_waits_for_nothing_may_be_cancelled(
    fleet, cancel, status, open_change
):
    booking = BookingFactory(
        fleet=fleet, status=status, open_change=open_change, ampeco_booking_id=5
    )
    if status in {"accepted", "reserved"} and not open_change:
        assert cancel(booking).outcome == "requested"
        return
    with pytest.raises(BookingRefused) as refusal:
        cancel(booking)
    assert refusal.value.field == "booking"
    assert refusal.value.message
    booking.refresh_from_db()
    assert (booking.status, booking.open_change, booking.version) == (status, open_change, 0)
    assert not BookingRequest.objects.exists()
    assert not BookingEvent.objects.exists()


@pytest.mark.parametrize("length", [HOUR, timedelta(minutes=5)])
def test_what_has_begun_may_not_be_cancelled(fleet, cancel, length):
    start = now() - timedelta(minutes=10)
    booking = BookingFactory(fleet=fleet, accepted=True, start_at=start, end_at=start + length)
    with pytest.raises(BookingRefused, match="has already started"):
        cancel(booking)


def test_who_looked_at_another_version_is_told_what_it_is_now(cancel, confirmed):
    seen = confirmed.version
    change_booking(
        confirmed,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        start_at=confirmed.start_at + HOUR,
        end_at=confirmed.end_at + HOUR,
    )
    with pytest.raises(BookingRefused, match="It is now"):
        cancel(confirmed, seen_version=seen)
    assert cancel(confirmed, seen_version=confirmed.version).outcome == "requested"


def test_asking_twice_makes_one_request(cancel, confirmed):
    cancel(confirmed)
    with pytest.raises(BookingRefused, match="requested by you"):
        cancel(confirmed)
    assert BookingRequest.objects.filter(kind="cancel").count() == 1


# Several


def test_several_are_cancelled_each_with_its_own_outcome(
    ask, slot, evse, workers, operator, fleet, other_fleet, manager
):
    for hours in (0, 2, 4, 6):
        ask(slot_of(evse, slot.start_at + timedelta(hours=hours)))
        if hours < 6:
            workers.submit()
        if hours < 4:
            operator.decide(operator.requests[len(operator.requests)])
            workers.poll()
    one, begun, undecided, unsent = Booking.objects.order_by("start_at")
    Booking.objects.filter(pk=begun.pk).update(start_at=now() - HOUR)
    stranger = BookingFactory(fleet=other_fleet, accepted=True)
    chosen = [begun, one, stranger, undecided, unsent]
    together = cancel_together(
        fleet=fleet,
        user=manager,
        bookings=chosen,
        seen={booking.pk: booking.version for booking in chosen},
    )
    told = [(each, came and came.outcome) for each, came, _message in together.outcomes]
    assert told == [
        (begun, None),
        (one, "requested"),
        (undecided, "will-be-cancelled"),
        (unsent, "withdrawn"),
    ]
    assert "has already started" in together.outcomes[0][2]
    stranger.refresh_from_db()
    assert stranger.open_change == ""
    named = BookingRequest.objects.filter(batch=together.batch)
    assert set(named.values_list("booking", "kind")) == {
        (one.pk, "cancel"),
        (undecided.pk, "create"),
        (unsent.pk, "create"),
    }


# Races


def test_an_approval_that_comes_first_makes_it_a_cancellation(cancel, pending, operator, workers):
    operator.decide(operator.requests[1])
    workers.poll()
    assert cancel(pending.booking).outcome == "requested"


def threads_at_once(*works) -> list[object]:
    """Run functions at the same moment, each over its own connection; return what came of each."""
    start = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = works[number]()
        except BookingRefused as refusal:
            results[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_many_people_at_once_make_one_request(cancel, confirmed, manager, operator):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")

    def change(hours: int):
        return lambda: request_change(
            booking=confirmed,
            user=manager,
            driver=confirmed.driver,
            start_at=confirmed.start_at + hours * HOUR,
            end_at=confirmed.end_at + hours * HOUR,
            seen_version=confirmed.version,
            submission_key=uuid.uuid4(),
        )

    results = threads_at_once(
        change(2), change(3), change(4), lambda: cancel(confirmed), lambda: cancel(confirmed)
    )
    done = [each for each in results if isinstance(each, BookingRequest | Cancellation)]
    assert len(done) == 1
    assert sum(isinstance(each, BookingRefused) for each in results) == 4
    assert BookingRequest.objects.exclude(kind="create").count() == 1
    confirmed.refresh_from_db()
    assert confirmed.open_change in {"update", "cancel"}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_change(confirmed, manager, operator):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    key = uuid.uuid4()

    def change():
        return request_change(
            booking=confirmed,
            user=manager,
            driver=confirmed.driver,
            start_at=confirmed.start_at + 2 * HOUR,
            end_at=confirmed.end_at + 2 * HOUR,
            seen_version=confirmed.version,
            submission_key=key,
        )

    results = threads_at_once(change, change, change)
    assert len({each.pk for each in results}) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_attempt", range(5))
def test_a_withdrawal_and_the_approval_at_once_end_in_a_cancellation(
    cancel, pending, operator, ampeco_client, _attempt
):
    """Whichever comes first: neither is lost, and they do not wait for each other."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    operator.decide(operator.requests[1])
    BookingRequest.objects.update(next_attempt_at=now())
    results = threads_at_once(
        lambda: cancel(pending.booking), lambda: polling.poll_due(client=ampeco_client)
    )
    assert results[0].outcome in {"requested", "will-be-cancelled"}
    # A poll passes over a row that the cancellation holds; the next one reads it.
    assert results[1] or polling.poll_due(client=ampeco_client) == 1
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("accepted", "cancel")
    assert booking.requests.filter(kind="cancel", status="queued").count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_attempt", range(5))
def test_a_withdrawal_and_the_sending_at_once(cancel, request_row, operator, workers, _attempt):
    """Either it is withdrawn and never sent, or it is sent and cancelled once approved."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    results = threads_at_once(lambda: cancel(request_row.booking), workers.submit)
    booking = Booking.objects.get()
    if results[0].outcome == "withdrawn" or not operator.requests:
        assert not operator.requests
        assert (booking.status, booking.open_change) == ("cancelled", "")
    else:
        assert (booking.status, booking.open_change) == ("requested", "withdraw")


def test_the_loser_of_a_decision_leaves_the_withdrawal_alone(cancel, pending):
    stale_copy = BookingRequest.objects.select_related("booking__fleet").get()
    cancel(pending.booking)
    move_request(
        stale_copy, to=BookingRequest.Status.APPROVED, actor=Actor.OPERATOR, ampeco_booking_id=7
    )
    assert Booking.objects.get().open_change == "cancel"
