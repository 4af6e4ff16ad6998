import uuid
from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from ampeco.connection import is_refused
from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingRequest
from mirror import work as leases
from notifications.models import Notification
from sync.open_pages import poll_sooner
from sync.polling import pause_seconds
from sync.submission import record_decision
from tests.small_operator import next_hour, slot_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(request_row, workers, operator) -> BookingRequest:
    workers.submit()
    request_row.refresh_from_db()
    assert request_row.status == "pending"
    return request_row


@pytest.fixture
def crowd(ask, evse, workers, operator):
    """Return what makes a number of requests that the operator has not decided."""

    def make(count: int) -> list[BookingRequest]:
        start = next_hour() + timedelta(hours=24)
        starts = [start + timedelta(minutes=15 * number) for number in range(count)]
        ask.together(slot_of(evse, each, minutes=15) for each in starts)
        for _ in range(0, count, 100):
            workers.submit()
        assert len(operator.requests) == count
        return list(BookingRequest.objects.all())

    return make


@pytest.fixture
def many(crowd) -> list[BookingRequest]:
    """More than a page of the operator's list holds."""
    return crowd(120)


def test_an_approval_arrives_with_its_booking(sent, workers, operator):
    operator.decide(operator.requests[sent.ampeco_request_id])
    assert workers.poll() == 1
    sent.refresh_from_db()
    assert sent.status == "approved"
    booking = Booking.objects.get()
    assert booking.status == Booking.Status.ACCEPTED
    assert booking.ampeco_booking_id == 1
    assert [event.to_status for event in sent.events.all()] == ["queued", "pending", "approved"]
    assert Notification.objects.filter(kind="approved").count() == 2


def test_a_page_of_decisions_costs_as_much_as_one(
    many, workers, operator, django_assert_max_num_queries
):
    for asked in operator.requests.values():
        operator.decide(asked)
    # Two pages.
    with django_assert_max_num_queries(50):
        assert workers.poll() == 120
    assert set(Booking.objects.values_list("status", flat=True)) == {"accepted"}
    assert Booking.objects.values("ampeco_booking_id").distinct().count() == 120
    assert Notification.objects.filter(kind="approved").count() == 240


def test_a_decision_that_cannot_be_recorded_keeps_no_other_of_its_page(many, workers, operator):
    """An operator that gives two requests the same booking."""
    for asked in operator.requests.values():
        operator.decide(asked)
    operator.requests[2].booking_id = operator.requests[1].booking_id
    assert workers.poll() == 119
    left = BookingRequest.objects.get(status="pending")
    assert left.ampeco_request_id in {1, 2}
    assert (left.booking.status, left.lease_owner) == ("requested", None)
    assert not left.notifications.exists()


def test_a_rejection_arrives_with_the_operators_reason(sent, workers, operator):
    operator.reject(operator.requests[sent.ampeco_request_id], "Works on the grid. " * 100)
    assert workers.poll() == 1
    sent.refresh_from_db()
    assert sent.status == "rejected"
    assert sent.rejection_reason.startswith("Works on the grid.")
    assert len(sent.rejection_reason) == 1000
    booking = Booking.objects.get()
    assert (booking.status, booking.needs_attention) == (Booking.Status.REJECTED, True)


def test_any_charger_gets_its_evse_after_the_approval(ask, any_slot, workers, operator):
    ask(any_slot)
    workers.submit()
    operator.decide(operator.requests[1])
    workers.poll()
    booking = Booking.objects.get()
    assert (booking.status, booking.evse) == ("accepted", None)
    assert workers.refresh() == 1
    booking.refresh_from_db()
    assert booking.evse.ampeco_id == 301
    assert booking.refresh_at > now() + timedelta(minutes=30)


def test_an_undecided_request_is_polled_less_often_as_it_ages(sent, workers):
    workers.poll()
    sent.refresh_from_db()
    assert sent.status == "pending"
    assert timedelta(0) < sent.next_attempt_at - now() <= timedelta(seconds=1)
    assert [pause_seconds(age) for age in (0, 29, 60, 600, 1800, 86_400)] == [1, 1, 2, 20, 60, 60]


def test_what_was_polled_late_in_a_round_is_due_again_in_the_next(sent, workers, settings):
    settings.POLL_INTERVAL_SECONDS = 10
    began = now()
    workers.poll()
    sent.refresh_from_db()
    next_round = began + timedelta(seconds=10)
    assert began < sent.next_attempt_at < next_round


def test_a_row_whose_page_is_opened_while_it_is_read_stays_due(sent, workers, wire):
    """It was read before the decision, perhaps; its page must not wait for a minute."""
    BookingRequest.objects.update(sent_at=now() - timedelta(hours=2))

    def look(request):
        poll_sooner([sent.booking])

    wire.intercept = look
    workers.poll()
    wire.intercept = None
    sent.refresh_from_db()
    assert sent.status == "pending"
    assert sent.next_attempt_at <= now()


def test_a_request_past_the_deadline_is_stale_and_still_polled(sent, workers, operator):
    BookingRequest.objects.update(sent_at=now() - timedelta(hours=25))
    workers.poll()
    sent.refresh_from_db()
    assert sent.status == "stale"
    assert Booking.objects.get().needs_attention
    assert sent.next_attempt_at > now() + timedelta(minutes=9)
    operator.decide(operator.requests[sent.ampeco_request_id])
    workers.poll()
    sent.refresh_from_db()
    assert sent.status == "approved"
    assert not Booking.objects.get().needs_attention


def test_a_few_are_read_one_by_one(sent, workers, wire):
    before = wire.count("booking-requests")
    workers.poll()
    assert wire.count("booking-requests") - before == 1
    assert wire.sent[-1].url.path.endswith(f"/{sent.ampeco_request_id}")


def test_many_are_read_by_paging_the_list_once(many, workers, operator, wire):
    for request in list(operator.requests.values())[::2]:
        operator.decide(request)
    before = wire.count("booking-requests")
    assert workers.poll() == 60
    assert wire.count("booking-requests") - before == 2
    assert BookingRequest.objects.filter(status="approved").count() == 60
    assert BookingRequest.objects.filter(status="pending").count() == 60
    assert not BookingRequest.objects.filter(lease_owner__isnull=False).exists()


def test_links_of_another_origin_do_not_keep_a_crowd_waiting(many, workers, operator, wire):
    """As behind a proxy that changes `Host`, or that speaks http to the operator."""
    for request in operator.requests.values():
        operator.decide(request)
    wire.intercept = lambda request: request.headers.update({"Host": "10.0.0.7:8000"})
    before = wire.count("booking-requests")
    assert workers.poll() == 120
    assert wire.count("booking-requests") - before == 2


@pytest.mark.parametrize("status", [403, 404, 422, 500])
def test_where_the_list_cannot_be_read_requests_are_read_one_by_one(
    crowd, workers, operator, wire, status
):
    crowd(12)
    for request in list(operator.requests.values())[:7]:
        operator.decide(request)
    wire.intercept = lambda request: (
        httpx.Response(status, json={}) if request.url.path.endswith("requests/v1.0") else None
    )
    assert workers.poll() == 7
    assert not BookingRequest.objects.exclude(trouble="").exists()


def test_paging_updates_rows_that_were_not_due(many, operator, ampeco_client):
    from sync import polling

    late = many[0]
    BookingRequest.objects.filter(status="pending").update(next_attempt_at=now())
    BookingRequest.objects.filter(pk=late.pk).update(next_attempt_at=now() + timedelta(minutes=1))
    operator.decide(operator.requests[late.ampeco_request_id])
    assert polling.poll_due(client=ampeco_client) == 1
    late.refresh_from_db()
    assert late.status == "approved"


def test_an_outage_ends_the_round_and_is_said(many, workers, operator, wire):
    operator.faults.add("server-error", path="booking-requests")
    before = wire.count("booking-requests")
    assert workers.poll() == 0
    # The list, and one row: a list that cannot be read is no outage yet.
    assert wire.count("booking-requests") - before <= 8
    assert BookingRequest.objects.filter(trouble="unreachable").count() == 120
    assert not BookingRequest.objects.filter(next_attempt_at__lte=now()).exists()
    operator.faults.clear()
    workers.poll()
    assert not BookingRequest.objects.exclude(trouble="").exists()


def test_a_busy_operator_is_left_in_peace(sent, workers, operator):
    operator.faults.add("rate-limited", seconds=40)
    workers.poll()
    sent.refresh_from_db()
    assert sent.trouble == "busy"
    assert sent.next_attempt_at > now() + timedelta(seconds=30)


def test_a_refused_token_is_made_known(sent, workers, operator):
    operator.faults.add("unauthorized", count=1)
    workers.poll()
    assert is_refused()
    workers.poll()
    assert not is_refused()


def test_a_request_that_the_operator_no_longer_knows_stays_visible(sent, workers, operator):
    del operator.requests[sent.ampeco_request_id]
    workers.poll()
    sent.refresh_from_db()
    assert sent.status == "pending"
    assert sent.next_attempt_at > now() - timedelta(seconds=1)


def test_an_unknown_status_is_no_decision(sent, workers, operator):
    operator.requests[sent.ampeco_request_id].status = "pondering"
    workers.poll()
    sent.refresh_from_db()
    assert sent.status == "pending"


def test_a_row_claimed_by_another_sweep_is_left_to_it(sent, workers, wire):
    BookingRequest.objects.update(lease_until=now() + timedelta(seconds=30))
    before = len(wire.sent)
    workers.poll()
    assert len(wire.sent) == before


def test_a_row_settled_by_another_sweep_meanwhile_does_not_stop_the_round(
    sent, workers, operator, ask, evse, monkeypatch
):
    """The other sweep paged through the list, and so decided a row that this one had claimed."""
    from sync import polling

    other = ask(slot_of(evse, sent.start_at + timedelta(hours=3))).request
    workers.submit()
    for request in operator.requests.values():
        operator.decide(request)

    def claim_late(*args, **kwargs):
        claimed = leases.claim(*args, **kwargs)
        answer = workers.client.read_booking_request(sent.ampeco_request_id)
        assert record_decision(BookingRequest.objects.get(pk=sent.pk), answer)
        return claimed

    monkeypatch.setattr(polling, "claim", claim_late)
    assert workers.poll() == 1
    other.refresh_from_db()
    assert other.status == "approved"


@pytest.mark.parametrize("junk", ["\x00", "\ud800"])
def test_a_reason_that_no_database_can_hold_is_cleaned(sent, workers, operator, junk):
    operator.reject(operator.requests[sent.ampeco_request_id], f"Works{junk} on the grid.")
    assert workers.poll() == 1
    sent.refresh_from_db()
    assert sent.status == "rejected"
    assert sent.rejection_reason.replace("\ufffd", "") == "Works on the grid."


def test_one_row_that_the_operator_cannot_give_does_not_keep_the_others_waiting(
    sent, workers, operator, ask, evse
):
    ask(slot_of(evse, sent.start_at + timedelta(hours=3)))
    workers.submit()
    for request in operator.requests.values():
        operator.decide(request)
    operator.faults.add("server-error", path=f"booking-requests/v1.0/{sent.ampeco_request_id}")
    assert workers.poll() == 1
    sent.refresh_from_db()
    assert (sent.status, sent.trouble) == ("pending", "unreachable")
    assert sent.next_attempt_at > now() + timedelta(seconds=5)
    operator.faults.clear()
    assert workers.poll() == 1


def test_an_outage_is_not_tried_with_every_row(sent, workers, operator, ask, evse, wire):
    for hours in (3, 6, 9):
        ask(slot_of(evse, sent.start_at + timedelta(hours=hours)))
    workers.submit()
    workers.submit()
    operator.faults.add("server-error", path="booking-requests")
    before = wire.count("booking-requests")
    assert workers.poll() == 0
    assert wire.count("booking-requests") - before <= 8
    assert BookingRequest.objects.filter(trouble="unreachable").count() == 4


def test_a_decision_that_cannot_be_stored_is_not_asked_for_every_second(
    sent, workers, operator, ask, evse
):
    """The operator gives two requests the same booking: the second cannot be recorded."""
    second = ask(slot_of(evse, sent.start_at + timedelta(hours=3))).request
    workers.submit()
    for request in operator.requests.values():
        operator.decide(request)
        request.booking_id = 1
    assert workers.poll() == 1
    rows = BookingRequest.objects.filter(pk__in=[sent.pk, second.pk])
    left = rows.get(status="pending")
    assert left.next_attempt_at > now() + timedelta(seconds=5)
    assert left.lease_owner is None


def test_changes_and_cancellations_are_read_with_the_rest(
    ask, evse, workers, operator, manager, wire
):
    """Their answers have no site, a cancellation's not even times: they are found by their id."""
    start = next_hour() + timedelta(hours=24)
    for number in range(6):
        ask(slot_of(evse, start + timedelta(hours=2 * number)))
    workers.submit()
    for request in list(operator.requests.values()):
        operator.decide(request)
    workers.poll()
    bookings = list(Booking.objects.order_by("start_at"))
    for booking in bookings[::2]:
        request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
    for booking in bookings[1::2]:
        request_change(
            booking=booking,
            user=manager,
            driver=booking.driver,
            start_at=booking.start_at,
            end_at=booking.end_at + timedelta(minutes=30),
            seen_version=booking.version,
            submission_key=uuid.uuid4(),
        )
    workers.submit()
    for request in list(operator.requests.values()):
        operator.decide(request)
    before = wire.count("booking-requests")
    assert workers.poll() == 6
    assert wire.count("booking-requests") - before == 1
    assert [each.status for each in Booking.objects.order_by("start_at")] == [
        "cancelled",
        "accepted",
    ] * 3
    longer = Booking.objects.filter(status="accepted").order_by("start_at")
    assert {each.duration for each in longer} == {timedelta(minutes=90)}
    assert not Booking.objects.exclude(open_change="").exists()
