"""Answers that are not about what was asked, and requests of others that look like ours.

Answers that cannot be read at all are in `tests/ampeco/test_submitting.py`.
"""

import json

import httpx
import pytest

from bookings.actions.change import request_cancellation
from bookings.models import Actor, BookingRequest
from shell.formats import instant
from sync import operator_requests
from tests.faults.conftest import body_of, is_post, later, reconcile
from tests.faults.test_late_arrivals import AFTER_GRACE, finish

pytestmark = pytest.mark.django_db


def test_an_answer_about_somebody_elses_request_is_not_taken_for_ours(
    request_row, workers, operator, wire
):
    """As from a cache between the operator and us. Ours has arrived and is looked for."""
    theirs = operator.ask(
        type="create",
        user_id=7002,
        location_id=101,
        evse_id=302,
        start_at=request_row.start_at,
        end_at=request_row.end_at,
        external_id="somebody else's",
    )

    def mix_up(request: httpx.Request) -> httpx.Response | None:
        if not is_post(request):
            return None
        wire.intercept = None
        wire.handle_request(request)
        mixed_up = body_of(request) | {"id": theirs.id, "externalId": theirs.external_id}
        mixed_up |= {"status": "approved", "bookingId": 4711}
        return httpx.Response(200, json={"data": mixed_up})

    wire.intercept = mix_up
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", "unreachable")
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.ampeco_request_id) == ("pending", 2)


def test_a_decision_on_another_request_is_none(request_row, workers, operator, wire):
    workers.submit()

    def mix_up(request: httpx.Request) -> httpx.Response | None:
        answer = {"id": 4711, "type": "create", "status": "rejected"}
        return httpx.Response(200, content=json.dumps({"data": answer}))

    wire.intercept = mix_up
    assert workers.poll() == 0
    wire.intercept = None
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    finish(operator, workers)
    reconcile(operator)


@pytest.fixture
def cancellation(confirmed, manager) -> BookingRequest:
    return request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager).request


@pytest.mark.parametrize("kind", ["request_row", "cancellation"])
@pytest.mark.parametrize("answer", ["rejected", "approved"])
def test_what_another_channel_asked_for_is_as_good_as_ours_unless_it_was_rejected(
    kind, answer, request, operator, ampeco_client
):
    """The driver asks for the same in the app; without ids nothing tells it from ours."""
    ours = request.getfixturevalue(kind)
    wanted = {
        "request_row": {
            "type": "create",
            "user_id": 7001,
            "location_id": 101,
            "evse_id": 301,
            "start_at": ours.start_at,
            "end_at": ours.end_at,
        },
        "cancellation": {"type": "cancel", "booking_id": ours.booking.ampeco_booking_id},
    }[kind]
    theirs = operator.ask(**wanted)
    if answer == "approved":
        operator.approve(theirs)
    else:
        operator.reject(theirs, "No.")
    found = operator_requests.find_upstream(ours, client=ampeco_client)
    assert (found and found.id) == (theirs.id if answer == "approved" else None)


def test_a_time_with_a_fraction_of_a_second_is_found_again(request_row, operator, ampeco_client):
    """Over the wire go whole seconds."""
    odd = request_row.start_at.replace(microsecond=123456)
    BookingRequest.objects.update(start_at=odd)
    request_row.refresh_from_db()
    answer = ampeco_client.create_booking_request(
        operator_requests.new_booking_request(request_row)
    )
    assert instant(answer.start_at) == instant(odd.replace(microsecond=0))
    assert operator_requests.find_upstream(request_row, client=ampeco_client).id == answer.id


def test_a_filter_that_is_ignored_hides_no_second_one(
    ask, any_slot, workers, operator, slow, manager
):
    """Ours is found on the first pages of everybody's requests, the other one far behind."""
    operator.evses[302].current_type = "dc"
    operator.ignores_external_id = True
    ask(any_slot)
    slow.catch()
    workers.submit()
    with later(seconds=AFTER_GRACE):
        workers.submit()
        for _ in range(500):
            operator.ask(
                type="create",
                user_id=7003,
                location_id=101,
                evse_id=301,
                start_at=any_slot.start_at,
                end_at=any_slot.end_at,
            )
        slow.arrive()
        ours = [each for each in operator.requests.values() if each.external_id]
        for each in ours:
            operator.decide(each)
        assert [each.status for each in ours] == ["approved"] * 2
        workers.poll()
        workers.poll()
        workers.submit()
        operator.approve(list(operator.requests.values())[-1])
        workers.poll()
        reconcile(operator)
