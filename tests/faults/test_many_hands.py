"""Many workers and sweeps take the same requests at once, while answers get lost.

A single request that eight workers want, and each sweep started twice, are in
`tests/sync/test_submission.py` and `tests/sync/test_two_beats.py`.
"""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from bookings.actions.change import request_cancellation
from bookings.models import Actor, Booking, BookingRequest
from notifications import delivery
from notifications.delivery import deliver_due
from sync import polling, submission
from tests.factories import next_noon
from tests.faults.conftest import PATH, let_pass, reconcile
from tests.small_operator import slot_of

pytest_plugins = ["tests.smtp_sink"]
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

HANDS = 5
ASKED = 12


def at_once(work) -> None:
    """Run a function by many hands at the same moment; fail on what none of them may raise."""
    together = threading.Barrier(HANDS)
    troubles = []

    def run() -> None:
        try:
            together.wait(timeout=10)
            work()
        except Exception as error:
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(HANDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []


@pytest.mark.parametrize("ignores_external_id", [False, True])
def test_each_request_becomes_one_booking(
    ask, evse, operator, ampeco_client, smtp_sink, manager, monkeypatch, ignores_external_id
):
    # So that none of them takes all.
    monkeypatch.setattr(submission, "BATCH", 2)
    monkeypatch.setattr(delivery, "BATCH", 2)
    operator.ignores_external_id = ignores_external_id
    operator.manual, operator.decision_delay = False, 0
    start = next_noon()
    for hour in range(ASKED):
        ask(slot_of(evse, start + timedelta(hours=hour)))
    for fault in ("cut-after", "server-error-after", "cut-before", "server-error"):
        operator.faults.add(fault, probability=0.15, method="POST", path=PATH)

    def work() -> None:
        submission.submit_due(client=ampeco_client)
        polling.poll_due(client=ampeco_client)
        deliver_due()

    for turn in range(30):
        if turn == 2:
            for booking in Booking.objects.filter(open_change="")[:4]:
                request_cancellation(booking=booking, asked_by=Actor.MANAGER, user=manager)
        if turn == 12:
            operator.faults.clear()
        at_once(work)
        if (
            turn > 2
            and not BookingRequest.objects.exclude(status__in=BookingRequest.SETTLED).exists()
        ):
            break
        let_pass(20)
    reconcile(operator)
    stands = Booking.objects.filter(status="accepted", made_elsewhere=False).count()
    assert stands >= ASKED - 4
    let_pass(3600)
    deliver_due(now=now() + timedelta(hours=1))
    ids = [mail.message["Message-ID"] + mail.recipients[0] for mail in smtp_sink.received]
    assert len(ids) == len(set(ids))
