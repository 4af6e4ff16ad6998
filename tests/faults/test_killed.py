"""A worker is killed with SIGKILL at each point at which something is known to it alone.

The next sweep finds the row once the claim has run out, and goes on from what the operator holds.
"""

import asyncio
import threading
import uuid
from datetime import timedelta

import pytest

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, BookingRequest
from notifications.delivery import LEASE_SECONDS as MAIL_CLAIM
from notifications.models import Notification
from sync.submission import LEASE_SECONDS
from tests.faults.conftest import PATH, let_pass, reconcile
from tests.faults.killed import held, worker
from tests.small_operator import forget_free_times, slot_of

pytest_plugins = ["tests.smtp_sink"]
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def asked(request, manager) -> BookingRequest:
    """A request of some kind, saved and not yet sent."""
    kind = getattr(request, "param", "create")
    if kind == "create":
        return request.getfixturevalue("request_row")
    booking = request.getfixturevalue("confirmed")
    if kind == "cancel":
        return request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager).request
    return request_change(
        booking=booking,
        user=manager,
        driver=booking.driver,
        start_at=booking.start_at + timedelta(hours=3),
        end_at=booking.end_at + timedelta(hours=3),
        seen_version=booking.version,
        submission_key=uuid.uuid4(),
    )


def same(operator, asked: BookingRequest) -> list:
    """Return what the operator holds of a request."""
    return [
        each for each in operator.requests.values() if each.external_id == str(asked.external_id)
    ]


def finish(asked, workers, operator) -> None:
    """Let others take it up once the claim has run out; all must come right."""
    workers.submit()
    asked.refresh_from_db()
    assert asked.status == "queued", "the killed worker's claim still lies on it"
    let_pass(LEASE_SECONDS + 1)
    workers.submit()
    (theirs,) = same(operator, asked)
    asked.refresh_from_db()
    assert (asked.status, asked.ampeco_request_id) == ("pending", theirs.id)
    operator.decide(theirs)
    workers.poll()
    asked.refresh_from_db()
    assert asked.status == "approved"
    reconcile(operator)
    assert set(Notification.objects.filter(request=asked).values_list("audience", flat=True)) == {
        "driver",
        "manager",
    }


def test_before_it_sends(asked, door, workers, operator):
    forget_free_times()
    stop = door.stop_at("POST", "check-booking-availability", processed=True)
    with worker("sweep_queued", door=door) as kill:
        stop.reached.wait(60)
        kill()
    stop.let_go()
    assert not same(operator, asked)
    asked.refresh_from_db()
    assert asked.send_started_at is None
    finish(asked, workers, operator)


@pytest.mark.parametrize(
    ("asked", "processed"),
    [("create", False), ("create", True), ("update", True), ("cancel", True)],
    indirect=["asked"],
)
def test_while_the_operator_has_it(asked, processed, door, workers, operator):
    stop = door.stop_at("POST", PATH, processed=processed)
    with worker("sweep_queued", door=door) as kill:
        stop.reached.wait(60)
        kill()
    stop.let_go()
    assert len(same(operator, asked)) == processed
    finish(asked, workers, operator)


def test_in_the_middle_of_a_batch(asked, ask, evse, door, workers, operator):
    """What it had claimed and not begun is sent by others, without a look for it."""
    later = ask(slot_of(evse, asked.start_at + timedelta(hours=3))).request
    stop = door.stop_at("POST", PATH, processed=True)
    with worker("sweep_queued", door=door) as kill:
        stop.reached.wait(60)
        kill()
    stop.let_go()
    workers.submit()
    later.refresh_from_db()
    assert (later.status, later.send_started_at) == ("queued", None)
    let_pass(LEASE_SECONDS + 1)
    workers.submit()
    assert (len(same(operator, asked)), len(same(operator, later))) == (1, 1)
    for each in list(operator.requests.values()):
        operator.decide(each)
    workers.poll()
    reconcile(operator)


def test_between_the_answer_and_our_commit(asked, door, workers, operator):
    stop = door.stop_at("POST", PATH, processed=True)
    with worker("sweep_queued", door=door) as kill:
        stop.reached.wait(60)
        with held("bookings_bookingrequest") as somebody_writes:
            stop.let_go()
            somebody_writes()
            kill()
    finish(asked, workers, operator)


def test_between_the_decision_and_our_commit(asked, door, workers, operator):
    workers.submit()
    operator.decide(operator.requests[1])
    let_pass(60)
    stop = door.stop_at("GET", f"{PATH}/1", processed=True)
    with worker("poll_requests", door=door) as kill:
        stop.reached.wait(60)
        with held("bookings_booking") as somebody_writes:
            stop.let_go()
            somebody_writes()
            kill()
    asked.refresh_from_db()
    assert asked.status == "pending"
    assert not Notification.objects.exists()
    assert workers.poll() == 0, "the killed worker's claim still lies on it"
    let_pass(61)
    assert workers.poll() == 1
    reconcile(operator)
    assert Notification.objects.count() == 2


def test_between_the_mail_servers_ok_and_our_commit(
    asked, door, workers, operator, smtp_sink, settings
):
    workers.submit()
    operator.decide(operator.requests[1])
    workers.poll()
    take, taken, go = smtp_sink.handle_DATA, threading.Event(), threading.Event()

    async def take_and_say_nothing(server, session, envelope) -> str:
        answer = await take(server, session, envelope)
        taken.set()
        await asyncio.to_thread(go.wait, 60)
        return answer

    smtp_sink.handle_DATA = take_and_say_nothing
    address = f"smtp://127.0.0.1:{smtp_sink.port}"
    with worker("sweep_notifications", room="notifications", door=door, EMAIL_URL=address) as kill:
        taken.wait(60)
        kill()
    go.set()
    smtp_sink.handle_DATA = take
    assert len(smtp_sink.received) == 1
    assert workers.send_mails() == 0, "the killed worker's claim still lies on both"
    let_pass(MAIL_CLAIM + 1)
    assert workers.send_mails() == 1, "that one was claimed and not begun"
    let_pass(settings.EMAIL_ANSWER_SECONDS)
    assert workers.send_mails() == 1
    ids = [mail.message["Message-ID"] for mail in smtp_sink.received]
    assert len(ids) == 3
    assert len(set(ids)) == 2, "the repetition is known by its Message-ID"
