"""A worker is killed while it has a charger told something: nobody tells the charger again."""

import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Actor
from remote import sending
from remote.actions import ask_charger
from remote.models import RemoteAction
from tests.faults.killed import held, worker
from tests.remote.conftest import let_pass, was_told

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def asked(follow, operator, manager) -> RemoteAction:
    """A start that somebody wants, saved and not yet sent."""
    operator.no_show_share = 1.0
    booking = follow(now() - timedelta(minutes=5), status="reserved")
    operator.set_booking_status(operator.bookings[booking.ampeco_booking_id], "reserved")
    return ask_charger(
        booking,
        kind="start",
        asked_by=Actor.MANAGER,
        user=manager,
        submission_key=uuid.uuid4(),
    ).action


@pytest.fixture
def others(ampeco_client):
    """Let other workers do what is due."""

    def others() -> None:
        RemoteAction.objects.filter(status="unclear").update(next_attempt_at=now())
        sending.send_due(client=ampeco_client)

    return others


@pytest.fixture
def claimed(asked) -> RemoteAction:
    """What a worker leaves that is killed between its claim and the note that it sends."""
    RemoteAction.objects.update(
        lease_owner=uuid.uuid4(), lease_until=now() + timedelta(seconds=sending.LEASE_SECONDS)
    )
    return asked


def test_between_the_claim_and_the_note_that_it_sends(claimed, others, operator):
    others()
    claimed.refresh_from_db()
    assert claimed.status == "queued", "the killed worker's claim still lies on it"
    let_pass(sending.LEASE_SECONDS + 1)
    others()
    claimed.refresh_from_db()
    assert claimed.status == "accepted"
    assert was_told(operator, "start") == 1


def test_too_late_for_others(claimed, others, operator):
    let_pass(61)
    others()
    claimed.refresh_from_db()
    assert (claimed.status, claimed.reason) == ("lapsed", "too-late")
    assert was_told(operator, "start") == 0


@pytest.mark.parametrize("processed", [True, False], ids=["begun", "not begun"])
def test_while_the_operator_has_it(asked, door, others, operator, processed):
    stop = door.stop_at("POST", "/start", processed=processed)
    with worker("sweep_actions", room="remote", door=door) as kill:
        stop.reached.wait(60)
        kill()
    stop.let_go()
    others()
    asked.refresh_from_db()
    assert asked.status == "sending", "the killed worker's claim still lies on it"
    let_pass(sending.LEASE_SECONDS + 1)
    others()
    let_pass(60)
    others()
    asked.refresh_from_db()
    assert asked.status == ("accepted" if processed else "no-answer")
    assert was_told(operator, "start") == len(operator.sessions) == processed


def test_between_the_answer_and_our_commit(asked, door, others, operator):
    stop = door.stop_at("POST", "/start", processed=True)
    with worker("sweep_actions", room="remote", door=door) as kill:
        stop.reached.wait(60)
        with held("remote_remoteaction") as somebody_writes:
            stop.let_go()
            somebody_writes()
            kill()
    let_pass(sending.LEASE_SECONDS + 1)
    others()
    asked.refresh_from_db()
    assert asked.status == "accepted"
    assert was_told(operator, "start") == 1
