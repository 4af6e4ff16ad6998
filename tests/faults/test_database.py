"""The database is restarted while a worker is at work: every connection to it breaks.

What breaks in the middle of a transaction is in `tests/bookings/actions/test_move.py`.
"""

import threading
from collections.abc import Callable

import psycopg
import pytest
from django.db import connection
from django.db.models import F
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from notifications.delivery import deliver_due
from notifications.models import Notification
from sync import polling, submission
from tests.deploy.own_database import url_of
from tests.faults.conftest import is_post, reconcile

pytest_plugins = ["tests.smtp_sink"]
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def break_connections() -> None:
    """End all connections to the tests' database, as its restart does."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )


def in_another_thread(work: Callable[[], object]) -> object:
    """Run a function over a connection of its own, as a web worker's thread does."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def test_nobody_gets_a_connection_that_is_broken(fleet):
    """The pool keeps connections open; after a restart none of them is good any more."""
    together = threading.Barrier(4)

    def hold() -> None:
        Booking.objects.count()
        together.wait(timeout=10)
        connection.close()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    break_connections()
    connection.close()
    assert [in_another_thread(Booking.objects.count) for _ in range(4)] == [0] * 4


def test_nobody_gets_a_connection_that_was_left_within_a_transaction(fleet):
    """As one that is given back by whoever is stopped in the middle of an atomic block."""

    def leave() -> None:
        connection.ensure_connection()
        connection.set_autocommit(False)
        Booking.objects.count()

    connection.close()
    for _ in range(4):
        assert in_another_thread(leave) is None
    assert [in_another_thread(Booking.objects.count) for _ in range(4)] == [0] * 4


def test_while_a_request_is_being_sent(request_row, operator, wire, ampeco_client):
    def restart(request) -> None:
        if is_post(request):
            break_connections()

    wire.intercept = restart
    submission.submit_due(client=ampeco_client)
    wire.intercept = None
    assert len(operator.requests) == 1
    request_row.refresh_from_db()
    assert (request_row.status, request_row.trouble) == ("queued", "unreachable")
    assert request_row.lease_owner is None, "the next sweep may look for it, without a wait"
    BookingRequest.objects.update(next_attempt_at=now())
    submission.submit_due(client=ampeco_client)
    request_row.refresh_from_db()
    assert (request_row.status, request_row.ampeco_request_id) == ("pending", 1)


def test_while_a_decision_is_being_read(request_row, workers, operator, wire):
    workers.submit()
    operator.decide(operator.requests[1])
    restarted = []

    def restart(request) -> None:
        if not restarted:
            restarted.append(True)
            break_connections()

    wire.intercept = restart
    BookingRequest.objects.update(next_attempt_at=now())
    assert polling.poll_due(client=workers.client) == 1
    request_row.refresh_from_db()
    assert (request_row.status, request_row.lease_owner) == ("approved", None)
    assert workers.poll() == 0
    reconcile(operator)
    assert Notification.objects.count() == 2


def test_while_a_mail_is_being_sent(request_row, workers, operator, smtp_sink):
    workers.submit()
    operator.decide(operator.requests[1])
    workers.poll()
    take, restarted = smtp_sink.handle_DATA, []

    async def restart(server, session, envelope) -> str:
        if not restarted:
            restarted.append(True)
            break_connections()
        return await take(server, session, envelope)

    smtp_sink.handle_DATA = restart
    assert deliver_due() == 2
    Notification.objects.update(next_attempt_at=now(), lease_until=F("created_at"))
    assert deliver_due() == 0
    assert len(smtp_sink.received) == 2
