import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils.timezone import now

from bookings.actions.candidate import BookingRefused
from bookings.actions.change import request_cancellation, request_change
from bookings.actions.create import retry_failed
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking, note_trouble
from bookings.state.moves import move_request
from sites.models import Evse
from sync.open_pages import poll_sooner
from tests.factories import BookingFactory
from tests.small_operator import forget_free_times, slot_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def elsewhere(confirmed):
    """The same time at the other charger of the site."""
    other = Evse.objects.select_related("charge_point__location").get(ampeco_id=302)
    return slot_of(other, confirmed.start_at)


@pytest.fixture
def move(ask, confirmed, elsewhere):
    """Asks for the booking at the other charger instead, as a manager does."""

    def ask_for_it(slot=elsewhere, **changes) -> Booking:
        arguments = {"replaces": confirmed, "seen_version": confirmed.version}
        return ask(slot, **(arguments | changes)).request.booking

    return ask_for_it


@pytest.fixture
def moved(move, workers) -> Booking:
    """The new booking of a move that the operator has not decided."""
    new = move()
    workers.submit()
    return new


def read(booking: Booking) -> tuple[str, str]:
    booking.refresh_from_db()
    return booking.status, booking.open_change


# From the click to the end


def test_a_move_books_the_new_place_then_gives_up_the_old_one(
    move, confirmed, workers, operator, manager, elsewhere
):
    new = move()
    assert read(confirmed) == ("accepted", "move")
    assert (new.replaces_id, new.evse) == (confirmed.pk, elsewhere.evse)
    event = confirmed.events.get()
    assert (event.what, event.actor, event.user) == ("move-asked", "manager", manager)
    assert event.note == f"#{new.pk}"
    workers.submit()
    workers.poll()
    assert [each.type for each in operator.requests.values()] == ["create", "create"]
    operator.decide(operator.requests[2])
    workers.poll()
    assert read(new) == ("accepted", "")
    assert read(confirmed) == ("accepted", "cancel")
    workers.submit()
    asked = operator.requests[3]
    assert (asked.type, asked.booking_id) == ("cancel", confirmed.ampeco_booking_id)
    with pytest.raises(BookingRefused, match="has been moved; its cancellation"):
        request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
    operator.decide(asked)
    workers.poll()
    assert read(confirmed) == ("cancelled", "")
    assert not confirmed.needs_attention
    assert operator.bookings[confirmed.ampeco_booking_id].status == "cancelled"
    assert operator.bookings[new.ampeco_booking_id].status == "accepted"


def test_a_rejection_half_way_leaves_the_old_booking_as_it_was(moved, confirmed, workers, operator):
    operator.reject(operator.requests[2], "Works on the grid.")
    workers.poll()
    assert read(moved) == ("rejected", "")
    assert read(confirmed) == ("accepted", "")
    assert confirmed.needs_attention
    ended = confirmed.events.last()
    assert (ended.what, ended.actor, ended.note) == (
        "move-ended",
        "operator",
        "Works on the grid.",
    )
    assert operator.bookings[confirmed.ampeco_booking_id].status == "accepted"
    assert not BookingRequest.objects.filter(kind="cancel").exists()


def test_a_failure_half_way_leaves_the_old_booking_as_it_was(
    move, confirmed, elsewhere, workers, operator
):
    new = move()
    forget_free_times()
    operator.add_booking(
        location_id=101, evse_id=302, start_at=elsewhere.start_at, end_at=elsewhere.end_at
    )
    workers.submit()
    assert read(new) == ("not-placed", "")
    assert read(confirmed) == ("accepted", "")
    ended = confirmed.events.last()
    assert (ended.what, ended.actor) == ("move-ended", "portal")
    assert "taken" in ended.note
    assert len(operator.requests) == 1


def test_both_stand_when_the_operator_refuses_to_cancel_the_old_one(
    moved, confirmed, workers, operator
):
    operator.decide(operator.requests[2])
    workers.poll()
    workers.submit()
    operator.reject(operator.requests[3], "Too late to cancel.")
    workers.poll()
    assert read(moved) == ("accepted", "")
    assert read(confirmed) == ("accepted", "")
    assert confirmed.needs_attention


@pytest.mark.parametrize("sent", [False, True])
def test_giving_up_the_new_booking_leaves_the_old_one_as_it_was(
    move, confirmed, workers, operator, manager, sent
):
    new = move()
    if sent:
        workers.submit()
    request_cancellation(booking=new, asked_by=Actor.MANAGER, user=manager)
    if sent:
        assert read(confirmed) == ("accepted", "move")
        operator.decide(operator.requests[2])
        workers.poll()
        assert read(new) == ("accepted", "cancel")
    else:
        assert read(new) == ("cancelled", "")
    assert read(confirmed) == ("accepted", "")
    assert not confirmed.needs_attention
    ended = confirmed.events.last()
    assert ended.what == "move-ended"
    assert ended.note
    assert not confirmed.requests.filter(kind="cancel").exists()


def test_giving_up_a_move_hides_no_trouble_with_the_old_booking(move, confirmed, manager):
    note_trouble(confirmed, what=BookingEvent.What.PLACE_GONE)
    new = move()
    request_cancellation(booking=new, asked_by=Actor.MANAGER, user=manager)
    assert read(confirmed) == ("accepted", "")
    assert confirmed.needs_attention


@pytest.mark.parametrize("status", ["cancelled", "failed", "no-show", "completed"])
def test_an_old_booking_that_has_ended_meanwhile_is_not_cancelled(
    moved, confirmed, workers, operator, status
):
    confirmed.refresh_from_db()
    change_booking(confirmed, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, status=status)
    operator.decide(operator.requests[2])
    workers.poll()
    assert read(moved) == ("accepted", "")
    assert read(confirmed) == (status, "")
    assert not BookingRequest.objects.filter(kind="cancel").exists()


# What is refused


@pytest.mark.parametrize("hours", [0, 3])
def test_the_same_charger_is_a_matter_of_time(move, confirmed, evse, hours):
    with pytest.raises(BookingRefused, match="change the booking instead"):
        move(slot_of(evse, confirmed.start_at + hours * HOUR))
    assert read(confirmed) == ("accepted", "")
    assert Booking.objects.count() == 1


def test_a_booking_of_another_version_does_not_move(move, confirmed):
    with pytest.raises(BookingRefused, match="It is now") as refusal:
        move(seen_version=confirmed.version - 1)
    assert refusal.value.field == "booking"
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"open_change": "update"},
        {"open_change": "move"},
        {"status": "cancelled"},
        {"status": "requested"},
        {"ampeco_booking_id": None},
        {"start_at": now() - 2 * HOUR, "end_at": now() - HOUR},
        {"start_at": now() - HOUR, "status": "completed"},
    ],
)
def test_what_cannot_be_changed_cannot_move(move, confirmed, changes):
    Booking.objects.update(**changes)
    with pytest.raises(BookingRefused) as refusal:
        move()
    assert refusal.value.field == "booking"
    assert Booking.objects.count() == 1
    assert not BookingEvent.objects.exists()


def test_while_it_moves_nothing_else_is_asked_for(moved, confirmed, manager):
    confirmed.refresh_from_db()
    with pytest.raises(BookingRefused, match="Move requested by you"):
        request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
    with pytest.raises(BookingRefused, match="Move requested by you"):
        request_change(
            booking=confirmed,
            user=manager,
            driver=confirmed.driver,
            start_at=confirmed.start_at + HOUR,
            end_at=confirmed.end_at + HOUR,
            seen_version=confirmed.version,
            submission_key=uuid.uuid4(),
        )


def test_the_same_form_sent_twice_moves_once(ask, confirmed, elsewhere):
    form = {
        "replaces": confirmed,
        "seen_version": confirmed.version,
        "submission_key": uuid.uuid4(),
    }
    first, second = ask(elsewhere, **form), ask(elsewhere, **form)
    assert second.request == first.request
    assert not second.is_new
    assert BookingEvent.objects.count() == 1


def test_a_slot_that_the_driver_has_anyway_replaces_nothing(move, ask, confirmed, elsewhere):
    ask(elsewhere)
    with pytest.raises(BookingRefused, match="already has a booking for this slot"):
        move()
    assert read(confirmed) == ("accepted", "")


def test_a_slot_that_is_taken_is_said_and_the_old_booking_left(
    move, confirmed, elsewhere, operator
):
    operator.add_booking(
        location_id=101, evse_id=302, start_at=elsewhere.start_at, end_at=elsewhere.end_at
    )
    with pytest.raises(BookingRefused, match="no longer free") as refusal:
        move()
    assert refusal.value.offer_slots
    assert read(confirmed) == ("accepted", "")


# Overlaps of new bookings


def test_the_booking_that_moves_does_not_overlap(move):
    assert move(confirmed_overlap=False).status == "requested"


def test_an_overlap_of_a_new_booking_is_refused_until_it_is_confirmed(ask, confirmed, elsewhere):
    with pytest.raises(BookingRefused, match="another booking at that time") as refusal:
        ask(elsewhere, confirmed_overlap=False)
    assert refusal.value.field == "overlap"
    assert ask(elsewhere, confirmed_overlap=True).is_new


def test_a_booking_of_the_driver_for_another_fleet_is_not_told(
    ask, slot, driver, other_fleet, evse
):
    BookingFactory(
        fleet=other_fleet, driver=driver, evse=evse, accepted=True, start_at=slot.start_at
    )
    assert ask(slot, confirmed_overlap=False).is_new


# Half-way


def failing_at(verb: str, table: str):
    """Return a wrapper of the database under which a kind of write fails, as if it had gone."""

    def execute(run, sql, params, many, context):
        if sql.startswith(verb) and f'INTO "{table}"' in sql.replace("UPDATE", "INTO"):
            raise OperationalError("The database has gone away.")
        return run(sql, params, many, context)

    return execute


@pytest.mark.parametrize(
    ("verb", "table"),
    [
        ("INSERT", "bookings_bookingrequest"),
        ("INSERT", "bookings_bookingrequestevent"),
        ("INSERT", "notifications_notification"),
        ("UPDATE", "bookings_booking"),
    ],
)
def test_an_approval_that_is_cut_short_is_as_if_it_had_not_been_seen(
    moved, confirmed, workers, operator, verb, table
):
    """The new booking is never approved without the cancellation of the old one on its way."""
    operator.decide(operator.requests[2])
    with connection.execute_wrapper(failing_at(verb, table)):
        assert workers.poll() == 0
    assert read(moved) == ("requested", "")
    assert read(confirmed) == ("accepted", "move")
    assert not BookingRequest.objects.filter(kind="cancel").exists()
    BookingRequest.objects.update(lease_until=None)
    assert workers.poll() == 1
    assert read(moved) == ("accepted", "")
    assert read(confirmed) == ("accepted", "cancel")


@pytest.mark.parametrize(
    ("verb", "table"),
    [
        ("UPDATE", "bookings_booking"),
        ("INSERT", "bookings_bookingevent"),
        ("INSERT", "bookings_bookingrequestevent"),
    ],
)
def test_a_move_that_is_cut_short_leaves_nothing_behind(move, confirmed, verb, table):
    with connection.execute_wrapper(failing_at(verb, table)), pytest.raises(OperationalError):
        move()
    assert read(confirmed) == ("accepted", "")
    assert Booking.objects.count() == 1
    assert not BookingEvent.objects.exists()


def test_somebody_faster_by_a_moment_leaves_no_new_booking(move, confirmed):
    """Everything was checked; the old booking changes before it is held."""
    changed = []

    def meanwhile(run, sql, params, many, context):
        if sql.startswith('INSERT INTO "bookings_booking"') and not changed:
            changed.append(True)
            change_booking(
                Booking.objects.get(),
                what=BookingEvent.What.GONE,
                actor=Actor.OPERATOR,
                status=Booking.Status.CANCELLED,
            )
        return run(sql, params, many, context)

    with connection.execute_wrapper(meanwhile), pytest.raises(BookingRefused) as refusal:
        move()
    assert refusal.value.field == "booking"
    assert Booking.objects.count() == 1
    assert not BookingRequest.objects.exclude(booking=confirmed).exists()


# Around it


def test_the_page_of_the_old_booking_has_the_new_ones_request_polled(moved, confirmed):
    later = now() + timedelta(minutes=1)
    BookingRequest.objects.update(next_attempt_at=later)
    confirmed.refresh_from_db()
    poll_sooner([confirmed])
    assert moved.requests.get().next_attempt_at < later
    assert confirmed.requests.get().next_attempt_at == later


@pytest.fixture
def failed(move) -> BookingRequest:
    """The request of a move that the operator's system refused."""
    request = move().requests.get()
    move_request(request, to=BookingRequest.Status.FAILED, actor=Actor.OPERATOR, failure="refused")
    return BookingRequest.objects.get(pk=request.pk)


def test_a_move_that_staff_try_again_holds_the_old_booking_again(
    failed, confirmed, staff, workers, operator
):
    assert read(confirmed) == ("accepted", "")
    assert retry_failed(failed, staff_user=staff)
    assert read(confirmed) == ("accepted", "move")
    assert confirmed.events.last().actor == "staff"
    workers.submit()
    operator.decide(operator.requests[2])
    workers.poll()
    assert read(confirmed) == ("accepted", "cancel")


def test_a_move_is_not_tried_again_while_the_old_booking_changes(failed, confirmed, staff):
    Booking.objects.filter(pk=confirmed.pk).update(open_change="update")
    assert not retry_failed(failed, staff_user=staff)
    assert Booking.objects.get(pk=failed.booking_id).status == "not-placed"


def test_a_move_from_a_booking_that_is_gone_is_tried_again_as_a_new_one(failed, confirmed, staff):
    Booking.objects.filter(pk=confirmed.pk).update(status="cancelled")
    assert retry_failed(failed, staff_user=staff)
    assert read(confirmed) == ("cancelled", "")
