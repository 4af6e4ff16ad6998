"""How changes and cancellations reach the operator, whatever happens on the way."""

import json
import uuid
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from drivers.models import Driver, FleetDriver
from sites.models import Evse
from sync import operator_requests
from sync.submission import RESEND_GRACE
from tests.factories import BookingRequestFactory
from tests.small_operator import forget_free_times, lose_answer

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
KINDS = ["update", "cancel"]
PATH = "booking-requests/v1.0"


@pytest.fixture
def asked(request, confirmed, manager) -> BookingRequest:
    """A change or a cancellation of a confirmed booking, saved and not yet sent."""
    if request.param == "cancel":
        request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager)
    else:
        request_change(
            booking=confirmed,
            user=manager,
            driver=Driver.objects.get(ampeco_user_id=7002),
            start_at=confirmed.start_at + 3 * HOUR,
            end_at=confirmed.end_at + 3 * HOUR,
            seen_version=confirmed.version,
            submission_key=uuid.uuid4(),
        )
    return BookingRequest.objects.select_related("booking").get(kind=request.param)


both = pytest.mark.parametrize("asked", KINDS, indirect=True)
update = pytest.mark.parametrize("asked", ["update"], indirect=True)
cancel = pytest.mark.parametrize("asked", ["cancel"], indirect=True)


def arrived(operator) -> list:
    """Return what the operator holds besides the request that made the booking."""
    return list(operator.requests.values())[1:]


def is_post(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith(PATH)


# What goes up


@pytest.mark.parametrize(
    ("asked", "more"),
    [("update", {"userId", "startAt", "endAt"}), ("cancel", set())],
    indirect=["asked"],
)
def test_only_what_the_operator_knows_for_this_kind_is_sent(asked, more, workers, wire):
    workers.submit()
    asked.refresh_from_db()
    body = json.loads(next(each.content for each in reversed(wire.sent) if is_post(each)))
    assert body.keys() == {"type", "bookingId", "externalId"} | more
    assert (body["type"], body["externalId"]) == (asked.kind, str(asked.external_id))
    assert body["bookingId"] == asked.booking.ampeco_booking_id
    assert (asked.status, asked.ampeco_request_id) == ("pending", 2)


@cancel
def test_a_cancellation_asks_for_no_availability(asked, workers, wire):
    before = wire.count("availability")
    workers.submit()
    assert wire.count("availability") == before


# Lost answers


@both
@pytest.mark.parametrize("fault", ["cut-after", "server-error-after"])
@pytest.mark.parametrize("ignores_external_id", [False, True])
def test_a_lost_answer_does_not_make_a_second_request(
    asked, workers, operator, fault, ignores_external_id
):
    operator.ignores_external_id = ignores_external_id
    lose_answer(operator, fault)
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.trouble) == ("queued", "unreachable")
    workers.submit()
    asked.refresh_from_db()
    (theirs,) = arrived(operator)
    assert (asked.status, asked.ampeco_request_id) == ("pending", theirs.id)


@both
def test_a_tenant_that_drops_external_ids_is_searched_by_what_was_asked(asked, workers, operator):
    lose_answer(operator)
    workers.submit()
    (theirs,) = arrived(operator)
    theirs.external_id = None
    operator.by_external_id.clear()
    workers.submit()
    asked.refresh_from_db()
    assert asked.ampeco_request_id == theirs.id
    assert len(arrived(operator)) == 1


@both
def test_an_answer_lost_after_the_decision_is_found_as_decided(asked, workers, operator):
    lose_answer(operator)
    workers.submit()
    operator.decide(arrived(operator)[0])
    workers.submit()
    asked.refresh_from_db()
    assert asked.status == "approved"
    assert asked.booking.open_change == ""


@both
@pytest.mark.parametrize("fault", ["cut-before", "server-error"])
def test_what_never_arrived_is_sent_again_only_after_the_grace(asked, workers, operator, fault):
    operator.faults.add(fault, count=1, method="POST", path=PATH)
    workers.submit()
    workers.submit()
    assert not arrived(operator), "the first one may still be on its way"
    with time_machine.travel(now() + RESEND_GRACE + timedelta(seconds=1), tick=False):
        workers.submit()
    asked.refresh_from_db()
    assert asked.status == "pending"
    assert len(arrived(operator)) == 1


@both
def test_a_call_that_surely_did_not_arrive_needs_no_search(asked, workers, operator):
    operator.faults.add("rate-limited", count=1, method="POST", path=PATH, seconds=30)
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.trouble, asked.send_started_at) == ("queued", "busy", None)
    assert asked.next_attempt_at > now() + timedelta(seconds=20)
    assert not arrived(operator)


@both
def test_a_request_of_the_same_kind_about_another_booking_is_not_ours(
    asked, operator, ampeco_client
):
    other = operator.add_booking(
        location_id=101, evse_id=302, start_at=asked.start_at, end_at=asked.end_at, user_id=7002
    )
    times = {} if asked.kind == "cancel" else {"start_at": asked.start_at, "end_at": asked.end_at}
    theirs = operator.ask(type=asked.kind, booking_id=other.id, **times)
    assert operator_requests.find_upstream(asked, client=ampeco_client) is None
    theirs.external_id = str(asked.external_id)
    assert operator_requests.find_upstream(asked, client=ampeco_client) is None


@both
def test_what_another_row_of_ours_has_is_not_taken_twice(asked, operator, ampeco_client):
    times = {} if asked.kind == "cancel" else {"start_at": asked.start_at, "end_at": asked.end_at}
    theirs = operator.ask(type=asked.kind, booking_id=asked.booking.ampeco_booking_id, **times)
    assert operator_requests.find_upstream(asked, client=ampeco_client).id == theirs.id
    BookingRequestFactory(approved=True, ampeco_request_id=theirs.id)
    assert operator_requests.find_upstream(asked, client=ampeco_client) is None


@update
def test_a_change_to_other_times_is_not_ours(asked, operator, ampeco_client):
    operator.ask(
        type="update",
        booking_id=asked.booking.ampeco_booking_id,
        start_at=asked.start_at + HOUR,
        end_at=asked.end_at + HOUR,
        external_id=str(asked.external_id),
    )
    assert operator_requests.find_upstream(asked, client=ampeco_client) is None


# What has come up meanwhile


@pytest.mark.parametrize(
    ("status", "obstacles"),
    [
        ("accepted", {"update": None, "cancel": None}),
        ("reserved", {"update": None, "cancel": None}),
        ("unknown", {"update": None, "cancel": None}),
        ("cancelled", {"update": "booking-over", "cancel": "booking-over"}),
        ("completed", {"update": "booking-over", "cancel": "booking-over"}),
        ("no-show", {"update": "booking-over", "cancel": "booking-over"}),
        ("failed", {"update": "booking-over", "cancel": "booking-over"}),
    ],
)
@both
def test_a_booking_that_has_ended_meanwhile_is_not_asked_about(
    asked, status, obstacles, workers, operator
):
    booking = Booking.objects.select_related("fleet", "driver").get()
    change_booking(booking, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, status=status)
    workers.submit()
    asked.refresh_from_db()
    if obstacles[asked.kind] is None:
        assert len(arrived(operator)) == 1
        return
    assert (asked.status, asked.failure) == ("failed", obstacles[asked.kind])
    assert not arrived(operator)
    booking.refresh_from_db()
    assert (booking.status, booking.open_change) == (status, "")
    assert not booking.needs_attention


@pytest.mark.parametrize(
    ("asked", "failure"), [("update", "too-late"), ("cancel", None)], indirect=["asked"]
)
def test_a_booking_that_has_begun_can_at_most_be_cancelled(asked, failure, workers, operator):
    Booking.objects.update(start_at=now() - timedelta(minutes=5))
    workers.submit()
    asked.refresh_from_db()
    assert asked.failure == (failure or "")
    assert len(arrived(operator)) == (0 if failure else 1)


@cancel
def test_a_booking_whose_time_is_over_is_not_cancelled(asked, workers, operator):
    Booking.objects.update(start_at=now() - 2 * HOUR, end_at=now() - HOUR)
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.failure) == ("failed", "booking-over")
    assert not arrived(operator)


@update
def test_what_the_booking_holds_counts_as_free_when_it_is_sent(asked, workers, operator):
    half = asked.previous_start_at + timedelta(minutes=30)
    BookingRequest.objects.filter(pk=asked.pk).update(start_at=half, end_at=half + HOUR)
    workers.submit()
    asked.refresh_from_db()
    assert asked.status == "pending"


@update
def test_a_new_time_that_is_taken_meanwhile_is_not_asked_for(asked, workers, operator):
    forget_free_times()
    operator.add_booking(location_id=101, evse_id=301, start_at=asked.start_at, end_at=asked.end_at)
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.failure) == ("failed", "slot-gone")
    assert not arrived(operator)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("accepted", "")
    assert booking.start_at == asked.previous_start_at
    assert booking.needs_attention


@update
def test_a_charger_out_of_service_meanwhile_is_noticed(asked, workers, operator):
    Evse.objects.update(status="out of order")
    workers.submit()
    asked.refresh_from_db()
    assert asked.failure == "evse-not-bookable"


@update
def test_a_driver_who_left_meanwhile_is_noticed(asked, workers, operator):
    FleetDriver.objects.filter(driver=asked.driver).update(left_at=now())
    workers.submit()
    asked.refresh_from_db()
    assert asked.failure == "driver-not-allowed"


@update
def test_a_charger_that_is_not_known_yet_is_the_operators_to_judge(asked, workers, operator):
    Booking.objects.update(evse=None)
    workers.submit()
    asked.refresh_from_db()
    assert asked.status == "pending"


# Refusals


@both
@pytest.mark.parametrize(
    ("status", "errors", "failure", "reason"),
    [
        (422, {"startAt": ["Too soon."]}, "refused", "Too soon."),
        (422, {"bookingId": ["There is no such booking."]}, "booking-over", "There is no"),
        (404, {}, "booking-over", ""),
        (400, {}, "refused", ""),
    ],
)
def test_a_refused_call_is_settled_with_the_operators_words(
    asked, workers, wire, status, errors, failure, reason
):
    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_post(request):
            return None
        return httpx.Response(status, json={"message": "no", "errors": errors})

    wire.intercept = refuse
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.failure) == ("failed", failure)
    assert asked.rejection_reason.startswith(reason)
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("accepted", "")
    assert booking.needs_attention
    assert booking.refresh_at is not None, "it may be otherwise by now"


@both
def test_a_booking_that_the_operator_never_heard_of(asked, workers, operator):
    """The simulated operator answers 422 for it."""
    Booking.objects.update(ampeco_booking_id=4711)
    workers.submit()
    asked.refresh_from_db()
    assert (asked.status, asked.failure) == ("failed", "booking-over")


# Decisions that race with what the operator does to the booking itself


@both
@pytest.mark.parametrize("approved", [True, False])
def test_a_booking_cancelled_by_the_operator_stays_so_whatever_is_decided(
    asked, workers, operator, approved
):
    workers.submit()
    booking = Booking.objects.select_related("fleet", "driver").get()
    start = booking.start_at
    change_booking(
        booking,
        what=BookingEvent.What.CHANGED,
        actor=Actor.OPERATOR,
        status=Booking.Status.CANCELLED,
    )
    assert booking.open_change, "the request is still to be decided"
    theirs = arrived(operator)[0]
    if approved:
        operator.approve(theirs)
    else:
        operator.reject(theirs, "The booking is over or cancelled.")
    workers.poll()
    booking.refresh_from_db()
    assert (booking.status, booking.open_change) == ("cancelled", "")
    assert booking.start_at == start
    assert not booking.needs_attention


@cancel
def test_an_approved_cancellation_does_not_undo_a_charge(asked, workers, operator):
    workers.submit()
    operator.approve(arrived(operator)[0])
    Booking.objects.update(status="completed")
    workers.poll()
    booking = Booking.objects.get()
    assert (booking.status, booking.open_change) == ("completed", "")
