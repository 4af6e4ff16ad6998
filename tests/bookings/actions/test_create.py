import threading
import uuid
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
from django.db import connection, connections, transaction
from django.utils.timezone import now

from bookings.actions.candidate import BookingRefused, Slot
from bookings.actions.change import request_cancellation, request_change
from bookings.actions.create import dismiss_attention, retry_failed
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import note_trouble
from bookings.state.moves import move_request
from drivers.models import Driver, FleetDriver
from sites.models import ChargePoint, Evse
from sites.selectors import Criteria
from sync.open_pages import poll_sooner
from tests.factories import EvseFactory
from tests.small_operator import forget_free_times, next_hour, slot_of

pytestmark = pytest.mark.django_db


def test_a_request_is_a_row_before_it_is_a_call(
    ask, slot, wire, django_capture_on_commit_callbacks, manager
):
    with django_capture_on_commit_callbacks() as callbacks:
        submission = ask(slot, reference="Job 7")
    request = submission.request
    assert submission.is_new
    assert request.status == BookingRequest.Status.QUEUED
    assert request.booking.status == Booking.Status.REQUESTED
    assert request.booking.reference == "Job 7"
    assert request.booking.created_by == manager
    assert wire.count("booking-requests") == 0
    assert len(callbacks) == 1
    event = request.events.get()
    assert (event.from_status, event.to_status, event.user) == ("", "queued", manager)


def test_the_same_form_sent_twice_makes_one_request(ask, slot):
    key = uuid.uuid4()
    first = ask(slot, submission_key=key)
    second = ask(slot, submission_key=key)
    assert first.request == second.request
    assert (first.is_new, second.is_new) == (True, False)
    assert Booking.objects.count() == 1


def test_a_second_tab_with_the_same_slot_makes_no_second_request(ask, slot):
    first, second = ask(slot), ask(slot)
    assert second.request == first.request
    assert not second.is_new
    assert BookingRequest.objects.count() == 1


def test_the_database_holds_the_line_when_two_clicks_race(ask, slot, monkeypatch):
    """Both looked before either had saved."""
    first = ask(slot)
    from bookings.actions import create as actions_create

    answers = iter([None, first.request])
    monkeypatch.setattr(actions_create, "_same_request", lambda *looked_at: next(answers))
    with transaction.atomic():
        second = ask(slot)
    assert second.request == first.request
    assert Booking.objects.count() == 1


def test_the_faster_of_two_clicks_is_no_reason_to_refuse_the_other(ask, slot, wire, operator):
    """The second looks when the first one's slot is taken and its booking overlaps."""
    key = uuid.uuid4()
    first = []

    def meanwhile(request):
        if "availability" in request.url.path and not first:
            first.append(None)
            first.append(ask(slot, submission_key=key).request)
            operator.add_booking(
                location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at
            )

    wire.intercept = meanwhile
    second = ask(slot, submission_key=key, confirmed_overlap=False)
    assert (second.request, second.is_new) == (first[1], False)


def test_a_slot_that_was_given_up_can_be_asked_for_again(ask, slot):
    first = ask(slot).request
    Booking.objects.filter(pk=first.booking_id).update(status="rejected", slot_key="")
    assert ask(slot).is_new


@pytest.mark.parametrize(
    ("hours", "length", "words"),
    [
        (-2, {"hours": 1}, "has passed"),
        (24, {"hours": 25}, "24 hours"),
        (24, {"hours": -1}, "end must be after"),
        (24 * 28, {"hours": 1}, "28 days ahead"),
    ],
)
def test_times_that_break_a_rule_are_refused_without_a_call(ask, evse, wire, hours, length, words):
    calls = len(wire.sent)
    with pytest.raises(BookingRefused, match=words) as refusal:
        ask(slot_of(evse, next_hour() + timedelta(hours=hours), **length))
    assert refusal.value.field == "slot"
    assert not Booking.objects.exists()
    assert len(wire.sent) == calls


def test_a_slot_taken_since_is_refused_with_an_offer_of_others(ask, slot, operator):
    operator.add_booking(location_id=101, evse_id=301, start_at=slot.start_at, end_at=slot.end_at)
    with pytest.raises(BookingRefused, match="no longer free") as refusal:
        ask(slot)
    assert refusal.value.offer_slots
    assert not Booking.objects.exists()


@pytest.mark.parametrize("change", [{"status": "out of order"}, {"booking_enabled": False}])
def test_an_evse_disabled_since_is_refused(ask, slot, change):
    Evse.objects.filter(pk=slot.evse.pk).update(**change)
    with pytest.raises(BookingRefused, match="can no longer be booked"):
        ask(slot)
    assert not Booking.objects.exists()


def test_a_driver_disabled_since_is_refused(ask, slot, driver):
    Driver.objects.filter(pk=driver.pk).update(status="disabled")
    driver.refresh_from_db()
    with pytest.raises(BookingRefused, match="disabled this driver") as refusal:
        ask(slot)
    assert refusal.value.field == "driver"


def test_a_driver_who_left_is_refused(ask, slot, driver, operator):
    FleetDriver.objects.filter(driver=driver).update(left_at=operator.clock.now())
    with pytest.raises(BookingRefused, match="left your fleet"):
        ask(slot)


def test_a_private_charger_wants_access_of_the_driver_himself(ask, slot, driver, fleet):
    ChargePoint.objects.update(type="private", ampeco_partner_id=fleet.ampeco_partner_id)
    assert ask(slot).is_new
    driver.private_access.all().delete()
    with pytest.raises(BookingRefused, match="no access to these private chargers") as refusal:
        ask(slot_of(slot.evse, slot.start_at + timedelta(hours=3)))
    assert refusal.value.field == "driver"


def test_another_partners_private_charger_is_not_there_at_all(ask, slot):
    ChargePoint.objects.update(type="private", ampeco_partner_id=999)
    with pytest.raises(BookingRefused, match="can no longer be booked"):
        ask(slot)


def test_any_charger_needs_one_that_fits_and_is_free(ask, any_slot, operator):
    assert ask(any_slot).request.wanted_current_type == "dc"
    too_much = Slot(
        any_slot.location,
        None,
        Criteria("dc", "", Decimal(300)),
        any_slot.start_at,
        any_slot.end_at,
    )
    with pytest.raises(BookingRefused, match="meets these requirements"):
        ask(too_much)
    forget_free_times()
    start = any_slot.start_at + timedelta(hours=5)
    operator.add_booking(
        location_id=101, evse_id=301, start_at=start, end_at=start + timedelta(hours=1)
    )
    taken = Slot(any_slot.location, None, Criteria("dc"), start, start + timedelta(hours=1))
    with pytest.raises(BookingRefused, match="No suitable charger is free"):
        ask(taken)


def test_an_operator_that_is_away_does_not_keep_the_request_from_being_saved(ask, slot, operator):
    operator.faults.add("server-error")
    assert ask(slot).is_new


def test_an_operator_that_refuses_us_makes_booking_impossible_for_now(ask, slot, operator):
    operator.faults.add("unauthorized")
    with pytest.raises(BookingRefused, match="temporarily unavailable"):
        ask(slot)
    assert not Booking.objects.exists()


def test_staff_try_a_failed_request_again(request_row, staff):
    BookingRequest.objects.update(status="failed", failure="refused")
    Booking.objects.update(status="not-placed", slot_key="", needs_attention=True)
    request_row.refresh_from_db()
    request_row.booking.refresh_from_db()
    assert retry_failed(request_row, staff_user=staff)
    again = BookingRequest.objects.exclude(pk=request_row.pk).get()
    assert (again.status, again.booking_id) == ("queued", request_row.booking_id)
    assert again.external_id != request_row.external_id
    assert again.events.get().actor == "staff"
    booking = Booking.objects.get()
    assert (booking.status, booking.needs_attention) == ("requested", False)
    assert booking.slot_key
    assert not retry_failed(request_row, staff_user=staff), "a second click asks no second time"


@pytest.mark.parametrize("sent", [True, False])
def test_a_new_try_asks_for_no_charger_that_the_fleet_asked_for_since(
    ask, slot, mirrored, staff, workers, operator, sent
):
    first = ask(slot).request
    BookingRequest.objects.update(status="failed", failure="refused")
    Booking.objects.update(status="not-placed", slot_key="", needs_attention=True)
    second = ask(slot, driver=Driver.objects.get(ampeco_user_id=7002)).request
    if sent:
        workers.submit()
    first = BookingRequest.objects.get(pk=first.pk)
    assert not retry_failed(first, staff_user=staff)
    workers.submit()
    assert len(operator.requests) == 1
    assert Booking.objects.get(pk=first.booking_id).status == "not-placed"
    Booking.objects.filter(pk=second.booking_id).update(status="cancelled", slot_key="")
    assert retry_failed(BookingRequest.objects.get(pk=first.pk), staff_user=staff)


@pytest.fixture
def failed(confirmed, manager, request):
    """A change or a cancellation that the operator's system refused."""
    if request.param == "cancel":
        request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
    else:
        request_change(
            booking=confirmed,
            user=manager,
            driver=confirmed.driver,
            start_at=confirmed.start_at + timedelta(hours=3),
            end_at=confirmed.end_at + timedelta(hours=3),
            seen_version=confirmed.version,
            submission_key=uuid.uuid4(),
        )
    row = BookingRequest.objects.select_related("booking__fleet").get(kind=request.param)
    move_request(row, to=BookingRequest.Status.FAILED, actor=Actor.OPERATOR, failure="refused")
    return BookingRequest.objects.get(pk=row.pk)


refused = pytest.mark.parametrize("failed", ["update", "cancel"], indirect=True)


@pytest.mark.parametrize("failed", ["update"], indirect=True)
@pytest.mark.parametrize("in_trouble", [False, True])
def test_asking_again_ends_no_trouble_but_that_it_had_failed(failed, staff, in_trouble):
    if in_trouble:
        note_trouble(Booking.objects.get(), what=BookingEvent.What.PLACE_GONE)
        Evse.objects.update(retired_at=now())
    assert retry_failed(BookingRequest.objects.get(pk=failed.pk), staff_user=staff)
    assert Booking.objects.get().needs_attention == in_trouble


@refused
def test_staff_try_a_failed_change_or_cancellation_again(failed, staff, manager, workers, operator):
    assert retry_failed(failed, staff_user=staff)
    again = BookingRequest.objects.get(kind=failed.kind, status="queued")
    assert (again.asked_by, again.created_by) == ("staff", manager)
    line = again.events.get()
    assert (line.actor, line.user) == ("staff", staff)
    if failed.kind == "update":
        assert again.previous_start_at == failed.previous_start_at
    booking = Booking.objects.get()
    assert booking.open_change == failed.kind
    assert not retry_failed(failed, staff_user=staff), "a second click asks no second time"
    workers.submit()
    operator.decide(operator.requests[2])
    workers.poll()
    booking.refresh_from_db()
    assert booking.open_change == ""
    if failed.kind == "update":
        assert booking.start_at == failed.start_at
    else:
        assert booking.status == "cancelled"


@refused
@pytest.mark.parametrize(
    "changes",
    [
        {"status": "cancelled"},
        {"status": "completed"},
        {"open_change": "move"},
        {"start_at": now() - timedelta(hours=1)},
    ],
)
def test_what_has_moved_on_is_not_tried_again(failed, staff, changes):
    Booking.objects.update(**changes)
    failed = BookingRequest.objects.get(pk=failed.pk)
    assert not retry_failed(failed, staff_user=staff)
    assert not BookingRequest.objects.filter(status="queued").exists()


@pytest.mark.parametrize("failed", ["update"], indirect=True)
def test_a_change_that_has_come_true_otherwise_is_not_tried_again(failed, staff):
    Booking.objects.update(start_at=failed.start_at, end_at=failed.end_at)
    assert not retry_failed(failed, staff_user=staff)


def test_what_was_withdrawn_is_not_tried_again(request_row, manager, staff):
    request_cancellation(booking=request_row.booking, asked_by=Actor.MANAGER, user=manager)
    withdrawn = BookingRequest.objects.get()
    assert withdrawn.status == "failed"
    assert not retry_failed(withdrawn, staff_user=staff)


def test_watching_a_booking_that_is_being_changed_has_the_change_polled(confirmed, manager):
    request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
    later = now() + timedelta(minutes=1)
    BookingRequest.objects.filter(kind="cancel").update(status="pending", next_attempt_at=later)
    confirmed.refresh_from_db()
    poll_sooner([confirmed])
    assert BookingRequest.objects.get(kind="cancel").next_attempt_at < later


def test_watching_makes_an_old_request_due_unless_it_is_in_trouble(request_row, operator):
    later = operator.clock.now() + timedelta(minutes=1)
    for trouble, due in (("", True), ("busy", False)):
        BookingRequest.objects.update(status="pending", next_attempt_at=later, trouble=trouble)
        poll_sooner([request_row.booking])
        request_row.refresh_from_db()
        assert (request_row.next_attempt_at < later) is due


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_watching_does_not_wait_for_a_sweep(request_row, operator):
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    later = operator.clock.now() + timedelta(minutes=1)
    BookingRequest.objects.update(status="pending", next_attempt_at=later)

    def look() -> None:
        poll_sooner([request_row.booking])
        connections.close_all()

    with transaction.atomic():
        BookingRequest.objects.update(trouble="")
        page = threading.Thread(target=look, daemon=True)
        page.start()
        page.join(timeout=20)
        assert not page.is_alive(), "the page waits for the sweep's transaction"
    request_row.refresh_from_db()
    assert request_row.next_attempt_at == later


def test_attention_is_dismissed_once(request_row):
    Booking.objects.update(needs_attention=True)
    assert dismiss_attention(request_row.booking)
    assert not dismiss_attention(request_row.booking)


def test_the_same_form_for_another_driver_is_another_request(ask, slot, mirrored):
    """The browser's back button brings the form back with its mark; the driver is changed."""
    key = uuid.uuid4()
    first = ask(slot, submission_key=key)
    Booking.objects.filter(pk=first.request.booking_id).update(status="rejected", slot_key="")
    BookingRequest.objects.update(status="rejected")
    other = Driver.objects.get(ampeco_user_id=7002)
    second = ask(slot, submission_key=key, driver=other)
    assert second.is_new
    assert second.request.driver == other
    assert ask(slot, submission_key=key).request == first.request


def test_a_form_that_was_sent_for_another_fleet_is_new_here(ask, slot, other_fleet, mirrored):
    """Somebody of two fleets switches between sending the same form twice."""
    key = uuid.uuid4()
    both = Driver.objects.get(ampeco_user_id=7005)
    FleetDriver.objects.create(fleet=other_fleet, driver=both)
    ask(slot, submission_key=key, driver=both)
    later = slot_of(slot.evse, slot.start_at)
    assert ask(later, submission_key=key, driver=both, fleet=other_fleet).is_new


def test_availability_that_the_operator_refuses_is_not_blamed_on_the_token(ask, slot, wire):
    wire.intercept = lambda request: httpx.Response(422, json={})
    with pytest.raises(BookingRefused, match="does not say what is free") as refusal:
        ask(slot)
    assert not refusal.value.offer_slots


def test_private_chargers_cost_no_query_each(
    ask, any_slot, evse, fleet, django_assert_max_num_queries
):
    charge_point = evse.charge_point
    ChargePoint.objects.update(type="private", ampeco_partner_id=fleet.ampeco_partner_id)
    EvseFactory.create_batch(30, charge_point=charge_point)
    with django_assert_max_num_queries(20):
        ask(any_slot)
