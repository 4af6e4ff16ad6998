import json
import threading
import uuid
from datetime import timedelta

import httpx
import pytest
import time_machine
from django.utils.timezone import now

from ampeco.connection import is_refused
from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingRequest
from drivers.models import Driver, FleetDriver
from mirror import work
from shell.formats import instant
from sync import operator_requests, submission
from sync.submission import MOST_TROUBLE, RESEND_GRACE
from tests.small_operator import forget_free_times, lose_answer, slot_of

pytestmark = pytest.mark.django_db


def only(requests) -> object:
    assert len(requests) == 1
    return next(iter(requests.values()))


def test_a_queued_request_is_sent_with_our_external_id(request_row, workers, operator):
    workers.submit()
    request_row.refresh_from_db()
    asked = only(operator.requests)
    assert asked.external_id == str(request_row.external_id)
    assert (asked.user_id, asked.location_id, asked.evse_id) == (7001, 101, 301)
    assert (asked.start_at, asked.end_at) == (request_row.start_at, request_row.end_at)
    assert request_row.status == "pending"
    assert request_row.ampeco_request_id == asked.id
    assert request_row.lease_owner is None


def test_any_charger_goes_up_as_criteria(ask, any_slot, workers, operator):
    ask(any_slot)
    workers.submit()
    asked = only(operator.requests)
    assert asked.evse_id is None
    assert asked.criteria == {"currentType": "dc"}


def test_sending_again_finds_nothing_to_do(request_row, workers, operator, ampeco_client):
    workers.submit()
    submission.submit_due(client=ampeco_client)
    workers.submit()
    assert len(operator.requests) == 1


def test_a_claimed_row_is_left_alone(request_row, operator, ampeco_client):
    BookingRequest.objects.update(lease_until=now() + timedelta(seconds=30))
    submission.submit_due(client=ampeco_client)
    assert not operator.requests


def test_what_the_form_has_asked_a_moment_ago_is_not_asked_again(request_row, workers, wire):
    assert wire.count("availability") == 1
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    assert wire.count("availability") == 1


def test_availability_is_asked_again_before_sending_some_seconds_later(
    request_row, workers, operator
):
    forget_free_times()
    operator.add_booking(
        location_id=101, evse_id=301, start_at=request_row.start_at, end_at=request_row.end_at
    )
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", "slot-gone")
    assert not operator.requests
    assert Booking.objects.get().status == Booking.Status.NOT_PLACED


@pytest.mark.parametrize("goes_first", ["together", "the second"])
def test_of_two_who_ask_for_the_same_at_once_the_first_gets_it(
    ask, slot, workers, operator, wire, ampeco_client, goes_first
):
    """Neither saw the other: both had checked before either was saved."""
    others = []

    def meanwhile(request: httpx.Request) -> None:
        if "availability" in request.url.path and not others:
            others.append(None)
            others[0] = ask(slot, driver=Driver.objects.get(ampeco_user_id=7002)).request

    wire.intercept = meanwhile
    first, second = ask(slot).request, others[0]
    assert first.created_at < second.created_at
    if goes_first == "the second":
        later = now() + timedelta(minutes=5)
        BookingRequest.objects.filter(pk=first.pk).update(next_attempt_at=later)
        submission.submit_due(client=ampeco_client)
    workers.submit()
    for request in (first, second):
        request.refresh_from_db()
    assert (first.status, second.status) == ("pending", "failed")
    assert second.failure == "slot-gone"
    assert only(operator.requests).external_id == str(first.external_id)


def test_what_is_asked_for_later_is_not_in_the_way_of_a_change(
    confirmed, ask, evse, manager, workers
):
    start_at, end_at = (at + timedelta(hours=3) for at in (confirmed.start_at, confirmed.end_at))
    change = request_change(
        booking=confirmed,
        user=manager,
        driver=confirmed.driver,
        start_at=start_at,
        end_at=end_at,
        seen_version=confirmed.version,
        submission_key=uuid.uuid4(),
    )
    ask(slot_of(evse, start_at), driver=Driver.objects.get(ampeco_user_id=7002))
    workers.submit()
    change.refresh_from_db()
    assert change.status == "pending"


@pytest.mark.parametrize(
    ("model", "change", "failure"),
    [
        ("evse", {"status": "disabled"}, "evse-not-bookable"),
        ("driver", {"status": "disabled"}, "driver-not-allowed"),
    ],
)
def test_what_changed_since_the_click_is_noticed(
    request_row, workers, operator, model, change, failure
):
    type(getattr(request_row, model)).objects.filter(pk=getattr(request_row, model).pk).update(
        **change
    )
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", failure)
    assert not operator.requests


def test_a_start_that_has_passed_is_not_sent(request_row, workers, operator):
    BookingRequest.objects.update(start_at=now() - timedelta(minutes=1))
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", "too-late")


@pytest.mark.parametrize("fault", ["cut-after", "server-error-after"])
def test_an_answer_that_was_lost_does_not_make_a_second_request(
    request_row, workers, operator, fault
):
    lose_answer(operator, fault)
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", "unreachable")
    assert "checking whether it arrived" in request_row.delay_text
    assert len(operator.requests) == 1
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    assert request_row.ampeco_request_id == only(operator.requests).id


@pytest.mark.parametrize("fault", ["cut-after", "server-error-after"])
def test_what_has_arrived_is_found_at_once(request_row, workers, operator, fault):
    operator.faults.add(fault, count=1, method="POST", path="booking-requests")
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("pending", "")
    assert request_row.ampeco_request_id == only(operator.requests).id


def test_it_is_looked_for_every_few_seconds(request_row, workers, operator):
    operator.faults.add("server-error", count=1, method="POST", path="booking-requests")
    workers.submit()
    for seconds in (0, 3, 10, 30):
        with time_machine.travel(now() + timedelta(seconds=seconds), tick=False):
            workers.submit()
            request_row.refresh_from_db()
            assert timedelta() < request_row.next_attempt_at - now() <= timedelta(seconds=5)
    assert not operator.requests


def test_an_answer_lost_after_the_decision_is_found_as_decided(request_row, workers, operator):
    lose_answer(operator)
    workers.submit()
    operator.decide(only(operator.requests))
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "approved"
    assert Booking.objects.get().ampeco_booking_id == only(operator.bookings).id


@pytest.mark.parametrize("fault", ["cut-before", "server-error"])
def test_what_never_arrived_is_sent_again_only_after_the_grace(
    request_row, workers, operator, fault
):
    operator.faults.add(fault, count=1, method="POST", path="booking-requests")
    workers.submit()
    workers.submit()
    assert not operator.requests, "the first one may still be on its way"
    with time_machine.travel(now() + RESEND_GRACE + timedelta(seconds=1), tick=False):
        workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    assert len(operator.requests) == 1


def test_a_worker_that_died_after_sending_is_followed_by_one_that_looks(
    request_row, workers, operator, ampeco_client
):
    """Killed between the answer and our commit: the row only says that sending had begun."""
    answer = ampeco_client.create_booking_request(
        operator_requests.new_booking_request(request_row)
    )
    BookingRequest.objects.update(
        send_started_at=now(), lease_until=now() - timedelta(seconds=1), attempts=1
    )
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.ampeco_request_id == answer.id
    assert len(operator.requests) == 1


def test_a_tenant_that_ignores_the_filter_leads_to_no_foreign_request(
    request_row, workers, operator, ampeco_client
):
    operator.ignores_external_id = True
    operator.ask(
        type="create",
        user_id=7002,
        location_id=101,
        evse_id=302,
        start_at=request_row.start_at,
        end_at=request_row.end_at,
        external_id="somebody else's",
    )
    ours = ampeco_client.create_booking_request(operator_requests.new_booking_request(request_row))
    BookingRequest.objects.update(send_started_at=now())
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.ampeco_request_id == ours.id


def test_a_tenant_that_drops_external_ids_is_searched_by_what_was_asked(
    request_row, workers, operator, ampeco_client
):
    ampeco_client.create_booking_request(operator_requests.new_booking_request(request_row))
    asked = only(operator.requests)
    asked.external_id = None
    operator.by_external_id.clear()
    BookingRequest.objects.update(send_started_at=now())
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.ampeco_request_id == asked.id
    assert len(operator.requests) == 1


def test_a_tenant_that_refuses_the_filter_is_searched_by_what_was_asked(
    request_row, workers, operator, wire, ampeco_client
):
    """Described for roaming partners: another tenant may not know the filter at all."""
    ours = ampeco_client.create_booking_request(operator_requests.new_booking_request(request_row))
    BookingRequest.objects.update(send_started_at=now())

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(422, json={}) if "externalId" in str(request.url) else None

    wire.intercept = refuse
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.ampeco_request_id == ours.id
    assert len(operator.requests) == 1


def test_a_search_that_the_operator_refuses_is_said_and_tried_again(
    request_row, workers, operator, wire
):
    BookingRequest.objects.update(send_started_at=now())

    def refuse(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(400, json={}) if request.method == "GET" else None

    wire.intercept = refuse
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", "unreachable")
    assert request_row.lease_owner is None
    assert not operator.requests


def test_a_site_that_the_operator_refuses_to_tell_about_does_not_hold_up_the_others(
    ask, slot, evse, operator, wire, ampeco_client
):
    first = ask(slot).request
    second = ask(slot_of(evse, slot.start_at + timedelta(hours=3))).request
    forget_free_times()
    refusals = [httpx.Response(422, json={})]
    wire.intercept = lambda request: (
        refusals.pop() if refusals and "availability" in request.url.path else None
    )
    BookingRequest.objects.filter(pk=first.pk).update(next_attempt_at=now() - timedelta(hours=1))
    submission.submit_due(client=ampeco_client)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.trouble) == ("queued", "unreachable")
    assert second.status == "pending"


def test_an_answer_that_cannot_be_stored_is_said_and_stops_nobody(
    ask, slot, evse, workers, operator, wire
):
    """An operator that answers with the number of an older request."""
    first = ask(slot).request
    workers.submit()
    first.refresh_from_db()
    second = ask(slot_of(evse, slot.start_at + timedelta(hours=3))).request
    third = ask(slot_of(evse, slot.start_at + timedelta(hours=6))).request

    def repeat(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST" or str(second.external_id) not in request.content.decode():
            return None
        body = json.loads(request.content) | {"id": first.ampeco_request_id, "status": "pending"}
        return httpx.Response(200, json={"data": body | {"createdAt": instant(now())}})

    wire.intercept = repeat
    workers.submit()
    second.refresh_from_db()
    third.refresh_from_db()
    assert (second.status, second.trouble) == ("queued", "unreachable")
    assert second.lease_owner is None
    assert third.status == "pending"


def test_the_same_external_id_with_other_times_is_not_ours(request_row, operator, ampeco_client):
    operator.ask(
        type="create",
        user_id=7001,
        location_id=101,
        evse_id=301,
        start_at=request_row.start_at + timedelta(hours=1),
        end_at=request_row.end_at + timedelta(hours=1),
        external_id=str(request_row.external_id),
    )
    assert operator_requests.find_upstream(request_row, client=ampeco_client) is None


def test_a_refused_call_settles_the_request_with_the_operators_words(
    request_row, workers, wire, operator
):
    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method == "POST" and request.url.path.endswith("booking-requests/v1.0"):
            return httpx.Response(
                422,
                json={"message": "no", "errors": {"userId": ["The user may not book here."]}},
            )
        return None

    wire.intercept = refuse
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.failure) == ("failed", "refused")
    assert request_row.rejection_reason == "The user may not book here."


@pytest.mark.parametrize(
    ("fault", "trouble"), [("rate-limited", "busy"), ("unauthorized", "not-permitted")]
)
def test_a_call_that_surely_did_not_arrive_is_tried_again_without_a_search(
    request_row, workers, operator, wire, fault, trouble
):
    operator.faults.add(fault, count=1, method="POST", path="booking-requests", seconds=30)
    workers.submit()
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", trouble)
    assert request_row.send_started_at is None
    assert request_row.next_attempt_at > now() + timedelta(seconds=20)
    assert is_refused() is (fault == "unauthorized")


def test_trouble_ends_the_round_and_the_next_begins_with_others(
    ask, slot, evse, operator, ampeco_client
):
    asked = MOST_TROUBLE + 2
    for hours in range(asked):
        ask(slot_of(evse, slot.start_at + timedelta(hours=2 * hours)))
    forget_free_times()
    operator.faults.add("server-error", path="check-booking-availability")
    submission.submit_due(client=ampeco_client)
    tried = BookingRequest.objects.filter(attempts__gt=0)
    assert tried.count() == MOST_TROUBLE
    submission.submit_due(client=ampeco_client)
    assert tried.count() == asked


def test_one_that_goes_wrong_does_not_keep_the_others(ask, slot, evse, workers, operator):
    for hours in range(5):
        ask(slot_of(evse, slot.start_at + timedelta(hours=2 * hours)))
    forget_free_times()
    # All four attempts of the first look.
    operator.faults.add("server-error", path="check-booking-availability", count=4)
    workers.submit()
    assert BookingRequest.objects.filter(status="queued").count() == 1


# Batches


@pytest.fixture
def four(ask, slot, evse) -> list[BookingRequest]:
    """Four requests of one fleet, one due after the other."""
    return [ask(slot_of(evse, slot.start_at + timedelta(hours=3 * n))).request for n in range(4)]


def during_first_call(wire, do) -> None:
    """Let something happen while the first request is on its way to the operator."""

    def look(request: httpx.Request) -> None:
        if request.method == "POST" and request.url.path.endswith("booking-requests/v1.0"):
            wire.intercept = None
            do()

    wire.intercept = look


def test_two_workers_share_what_is_due(four, operator, wire, ampeco_client, monkeypatch):
    monkeypatch.setattr(submission, "BATCH", 2)
    by_second = []

    def second_worker() -> None:
        submission.submit_due(client=ampeco_client)
        by_second.extend(operator.requests.values())

    during_first_call(wire, second_worker)
    submission.submit_due(client=ampeco_client)
    # The first worker holds two, and had sent none of them.
    assert {each.external_id for each in by_second} == {str(one.external_id) for one in four[2:]}
    assert len(operator.requests) == 4
    assert set(BookingRequest.objects.values_list("status", "lease_owner")) == {("pending", None)}


def test_fleets_take_turns(ask, four, evse, other_fleet, operator, ampeco_client, monkeypatch):
    """What another fleet has asked for long before does not have to be sent first."""
    monkeypatch.setattr(submission, "BATCH", 2)
    FleetDriver.objects.create(fleet=other_fleet, driver=four[0].driver)
    single = ask(slot_of(evse, four[-1].start_at + timedelta(hours=3)), fleet=other_fleet).request
    BookingRequest.objects.exclude(pk=single.pk).update(
        next_attempt_at=now() - timedelta(minutes=5)
    )
    submission.submit_due(client=ampeco_client)
    sent = [each.external_id for each in operator.requests.values()]
    assert len(sent) == 5
    assert str(single.external_id) in sent[:2]


def test_a_round_that_took_its_time_leaves_the_rest_to_others(four, operator, ampeco_client):
    submission.submit_due(client=ampeco_client, seconds=0)
    assert len(operator.requests) == 1
    left = BookingRequest.objects.filter(status="queued")
    assert set(left.values_list("lease_owner", "lease_until", "attempts")) == {(None, None, 0)}
    submission.submit_due(client=ampeco_client)
    assert len(operator.requests) == 4


def test_trouble_gives_back_what_was_not_tried(four, operator, ampeco_client):
    forget_free_times()
    operator.faults.add("server-error", path="check-booking-availability")
    submission.submit_due(client=ampeco_client)
    untried = BookingRequest.objects.get(attempts=0)
    assert (untried.lease_owner, untried.trouble) == (None, "")
    assert not BookingRequest.objects.exclude(lease_owner=None).exists()


def test_one_that_is_withdrawn_while_the_one_before_is_sent_is_not_sent(
    four, operator, wire, ampeco_client, manager, monkeypatch
):
    monkeypatch.setattr(work, "FRESH_SECONDS", 0)
    withdrawn = four[1]

    def withdraw() -> None:
        asked = request_cancellation(
            booking=withdrawn.booking, asked_by=Actor.MANAGER, user=manager
        )
        assert asked.outcome == "will-be-cancelled"

    during_first_call(wire, withdraw)
    submission.submit_due(client=ampeco_client)
    withdrawn.refresh_from_db()
    assert (withdrawn.status, withdrawn.failure) == ("failed", "withdrawn")
    assert str(withdrawn.external_id) not in {
        each.external_id for each in operator.requests.values()
    }
    assert len(operator.requests) == 3
    assert Booking.objects.get(pk=withdrawn.booking_id).status == "cancelled"


def test_what_another_worker_has_taken_over_meanwhile_is_left_to_it(
    four, operator, wire, ampeco_client
):
    """A slow operator: the claim of the others ran out while the first call lasted."""

    def take_over() -> None:
        BookingRequest.objects.exclude(pk=four[0].pk).update(lease_until=now())
        submission.submit_due(client=ampeco_client)

    during_first_call(wire, take_over)
    submission.submit_due(client=ampeco_client)
    assert len(operator.requests) == 4
    assert set(BookingRequest.objects.values_list("status", flat=True)) == {"pending"}


def test_a_batch_reads_what_the_rules_need_together(
    four, operator, ampeco_client, django_assert_max_num_queries
):
    # Claim, rows, chargers, drivers, bookings, the look for more; and of each: that sending
    # begins, its new state, a line of history, and the transaction of both.
    with django_assert_max_num_queries(11 + 5 * len(four)):
        submission.submit_due(client=ampeco_client)
    assert len(operator.requests) == 4


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_send_it_once(request_row, operator, ampeco_client):
    from django.db import connection, connections

    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL")
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        submission.submit_due(client=ampeco_client)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(operator.requests) == 1
    request_row.refresh_from_db()
    assert request_row.status == "pending"
