"""An ask whose answer was lost may arrive at any later moment: no second booking comes of it.

The plain cases, where it has arrived by the time it is looked for, are in
`tests/sync/test_submission.py` and `tests/sync/test_operator_requests.py`.
"""

import time
import uuid
from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingRequest
from notifications.models import Notification
from sync import submission
from sync.submission import RESEND_GRACE
from tests.faults.conftest import is_post, is_search, later, live_upstream, reconcile

pytestmark = pytest.mark.django_db

AFTER_GRACE = RESEND_GRACE.total_seconds() + 1


def finish(operator, workers) -> None:
    """Let the operator decide all there is, and the workers read it, until nothing is open."""
    for _ in range(4):
        workers.submit()
        for asked in list(operator.requests.values()):
            operator.decide(asked)
        workers.poll()


def decide_in_turn(operator, *numbers: int) -> None:
    asked = list(operator.requests.values())
    for number in numbers:
        operator.decide(asked[number])


# It arrives after it was looked for, and was sent again


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["first-first", "second-first"])
def test_of_two_that_arrive_the_approved_one_is_ours(request_row, workers, operator, slow, order):
    """For a certain charger the operator approves whichever it looks at first."""
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        assert len(operator.requests) == 2
        decide_in_turn(operator, *order)
        finish(operator, workers)
    request_row.refresh_from_db()
    assert request_row.status == "approved"
    assert Booking.objects.count() == 1
    assert len(live_upstream(operator)) == 1
    reconcile(operator)


def test_of_two_for_any_charger_the_surplus_is_cancelled(ask, any_slot, workers, operator, slow):
    """Two chargers fit, so the operator approves both."""
    operator.evses[302].current_type = "dc"
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0, 1)
        assert len(live_upstream(operator)) == 2
        finish(operator, workers)
        wanted.refresh_from_db()
        assert wanted.status == "approved"
        assert len(live_upstream(operator)) == 1
        reconcile(operator)
    surplus = Booking.objects.exclude(pk=wanted.booking_id).get()
    assert (surplus.status, surplus.needs_attention) == ("cancelled", False)
    event = surplus.events.first()
    assert (event.what, event.actor) == ("withdrawal-asked", "portal")
    assert f"#{wanted.booking_id}" in event.note
    assert not surplus.notifications.exists(), "nobody asked for it, nobody is told"
    assert Notification.objects.filter(booking=wanted.booking_id).count() == 2


def test_a_surplus_that_is_still_undecided_is_followed_to_its_end(
    ask, any_slot, workers, operator, slow
):
    operator.evses[302].current_type = "dc"
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0)
        workers.poll()
        assert BookingRequest.objects.exclude(pk=wanted.pk).get(kind="create").status == "pending"
        finish(operator, workers)
        reconcile(operator)
    assert len(live_upstream(operator)) == 1


def test_a_surplus_that_is_rejected_is_nobodys_news(ask, any_slot, workers, operator, slow):
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0)
        workers.poll()
        operator.reject(operator.requests[2], "Taken.")
        finish(operator, workers)
        reconcile(operator)
    assert set(Notification.objects.values_list("booking", flat=True)) == {wanted.booking_id}


def test_a_surplus_that_the_operator_will_not_cancel_is_shown_to_people(
    ask, any_slot, workers, operator, slow
):
    operator.evses[302].current_type = "dc"
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0, 1)
        workers.poll()
        workers.poll()
        workers.submit()
        operator.reject(operator.requests[3], "Too late.")
        workers.poll()
    surplus = Booking.objects.exclude(pk=wanted.booking_id).get()
    assert (surplus.status, surplus.needs_attention) == ("accepted", True)
    told = surplus.notifications.values_list("kind", "audience")
    assert list(told) == [("cancel-refused", "manager")]


def test_several_found_at_once_end_in_one_booking(ask, any_slot, workers, operator, slow):
    """The filter by external id gives two: one is taken up, the other one is given up."""
    operator.evses[302].current_type = "dc"
    wanted = ask(any_slot).request
    slow.catch(2)
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
    slow.arrive()
    assert len(operator.requests) == 2
    with later(seconds=AFTER_GRACE):
        finish(operator, workers)
        reconcile(operator)
    wanted.refresh_from_db()
    assert wanted.status == "approved"
    assert len(live_upstream(operator)) == 1


def test_a_decision_waits_while_others_cannot_be_looked_for(
    request_row, workers, operator, slow, wire
):
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0, 1)

        def fail(request: httpx.Request) -> httpx.Response | None:
            return httpx.Response(503) if is_search(request) else None

        wire.intercept = fail
        workers.poll()
        request_row.refresh_from_db()
        assert (request_row.status, request_row.trouble) == ("pending", "unreachable")
        wire.intercept = None
        finish(operator, workers)
        reconcile(operator)
    request_row.refresh_from_db()
    assert request_row.status == "approved"


@pytest.fixture
def cancellation(confirmed, manager) -> BookingRequest:
    return request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager).request


@pytest.fixture
def change(confirmed, manager) -> BookingRequest:
    return request_change(
        booking=confirmed,
        user=manager,
        driver=confirmed.driver,
        start_at=confirmed.start_at + timedelta(hours=3),
        end_at=confirmed.end_at + timedelta(hours=3),
        seen_version=confirmed.version,
        submission_key=uuid.uuid4(),
    )


@pytest.mark.parametrize("kind", ["cancellation", "change"])
def test_the_second_of_a_change_or_cancellation_is_refused_and_the_first_counts(
    kind, request, workers, operator, slow
):
    asked = request.getfixturevalue(kind)
    before = Notification.objects.count()
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        operator.decide(operator.requests[3])
        operator.reject(operator.requests[2], "There is nothing to do.")
        workers.poll()
        workers.poll()
    asked.refresh_from_db()
    assert asked.status == "approved"
    reconcile(operator)
    kinds = set(Notification.objects.order_by("pk")[before:].values_list("kind", flat=True))
    assert kinds == {"cancelled" if kind == "cancellation" else "changed"}


# It arrives between the look for it and what follows from not having found it


def test_a_slot_that_our_own_request_takes_meanwhile_is_no_obstacle(
    request_row, workers, operator, slow
):
    slow.catch()
    workers.submit()
    operator.manual, operator.decision_delay = False, 0
    slow.before("check-booking-availability", method="POST")
    with later(seconds=AFTER_GRACE):
        workers.submit()
        workers.poll()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("approved", "")
    assert len(operator.requests) == 1
    reconcile(operator)


@pytest.mark.parametrize("status", [404, 409, 422])
def test_a_second_ask_that_is_refused_for_the_first_ones_sake(
    request_row, workers, operator, slow, wire, status
):
    """An operator that takes no second request for a slot, or none with the same external id."""
    slow.catch()
    workers.submit()

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_post(request):
            return None
        slow.arrive()
        return httpx.Response(status, json={"errors": {"evseId": ["It is taken."]}})

    wire.intercept = refuse
    with later(seconds=AFTER_GRACE):
        workers.submit()
        wire.intercept = None
        request_row.refresh_from_db()
        assert (request_row.status, request_row.ampeco_request_id) == ("pending", 1)
        finish(operator, workers)
    reconcile(operator)


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(401),
        httpx.ConnectError("Nobody listens."),
    ],
    ids=["429", "401", "refused"],
)
def test_a_second_ask_that_surely_did_not_arrive_does_not_make_the_first_one_forgotten(
    request_row, workers, operator, slow, wire, refusal
):
    slow.catch()
    workers.submit()

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if not is_post(request):
            return None
        if isinstance(refusal, Exception):
            raise refusal
        return refusal

    wire.intercept = refuse
    with later(seconds=AFTER_GRACE):
        workers.submit()
    wire.intercept = None
    slow.arrive()
    request_row.refresh_from_db()
    assert request_row.status == "queued"
    assert request_row.may_have_been_sent()
    time.sleep(0.15)  # as long as the operator wants to be left alone at least
    with later(seconds=2 * AFTER_GRACE):
        workers.submit()
        assert len(operator.requests) == 1
        finish(operator, workers)
    reconcile(operator)


def test_what_may_have_arrived_is_not_withdrawn_as_never_sent(
    request_row, workers, operator, slow, wire, manager
):
    slow.catch()
    workers.submit()
    wire.intercept = lambda request: httpx.Response(401) if is_post(request) else None
    with later(seconds=AFTER_GRACE):
        workers.submit()
        wire.intercept = None
        slow.arrive()
        came = request_cancellation(
            booking=request_row.booking, asked_by=Actor.MANAGER, user=manager
        )
        assert came.outcome == "will-be-cancelled"
        finish(operator, workers)
    assert Booking.objects.get().status == "cancelled"
    reconcile(operator)


# It arrives after everything was over


def test_what_arrives_after_it_was_given_up_is_cancelled(
    request_row, workers, operator, slow, manager
):
    slow.catch()
    workers.submit()
    request_cancellation(booking=request_row.booking, asked_by=Actor.MANAGER, user=manager)
    with later(seconds=AFTER_GRACE):
        workers.submit()
        assert Booking.objects.get().status == "cancelled"
        slow.arrive()
        decide_in_turn(operator, 0)
        workers.sync()
        finish(operator, workers)
        reconcile(operator)
    assert not live_upstream(operator)
    late = Booking.objects.exclude(pk=request_row.booking_id).get()
    assert (late.status, late.made_elsewhere) == ("cancelled", False)
    assert "too late" in late.events.first().note
    assert f"#{late.pk}" in request_row.booking.events.get(what="changed").note


def test_a_second_one_without_our_id_is_cancelled_where_none_are_given_back(
    ask, any_slot, workers, operator, slow
):
    operator.evses[302].current_type = "dc"
    operator.drops_external_id = True
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        decide_in_turn(operator, 0, 1)
        finish(operator, workers)
        workers.sync()
        reconcile(operator)
    wanted.refresh_from_db()
    assert wanted.status == "approved"
    assert not Booking.objects.filter(made_elsewhere=True).exists()
    assert len(live_upstream(operator)) == 1


def test_a_second_one_without_any_id_is_somebody_elses_where_ours_are_given_back(
    ask, any_slot, workers, operator, slow
):
    operator.evses[302].current_type = "dc"
    wanted = ask(any_slot).request
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        slow.arrive()
        operator.requests[2].external_id = None
        decide_in_turn(operator, 0, 1)
        workers.poll()
        workers.sync()
    wanted.refresh_from_db()
    assert wanted.status == "approved"
    assert Booking.objects.get(made_elsewhere=True).status == "accepted"
    assert len(live_upstream(operator)) == 2


# A worker that slept through it


def test_a_worker_that_wakes_up_late_forgets_nothing_that_another_one_sent(
    request_row, operator, wire, slow, ampeco_client
):
    """It noted that it begins, slept, and cannot call; another one has sent meanwhile."""
    began_later = now() + timedelta(seconds=50)

    def another(request: httpx.Request) -> httpx.Response | None:
        if not is_post(request):
            return None
        BookingRequest.objects.update(send_started_at=began_later)
        raise httpx.ConnectError("No way out.")

    wire.intercept = another
    submission.submit_due(client=ampeco_client)
    request_row.refresh_from_db()
    assert request_row.send_started_at == began_later
