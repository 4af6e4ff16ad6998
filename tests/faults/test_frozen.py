"""A process is stopped (SIGSTOP) while it holds a row or a claim: nobody waits for it for long."""

import re
import signal
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now

from bookings.models import Booking, BookingRequest
from sync import polling, submission
from sync.submission import LEASE_SECONDS
from tests.deploy.own_database import url_of
from tests.factories import BookingFactory
from tests.faults.conftest import PATH, let_pass, reconcile
from tests.faults.killed import frozen, wait_for, worker
from tests.small_operator import slot_of

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

IN_VAIN = "Something else is being done with this right now"


@pytest.fixture
def impatient(db):
    """Waits of this process end after a moment."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '100ms'")
        yield
        cursor.execute("RESET lock_timeout")


def limits() -> dict[str, str]:
    found = {}
    for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    return found


def test_no_wait_is_endless(db):
    assert limits() == {
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "15s",
    }


def test_the_form_comes_back_with_a_sentence(as_manager, confirmed, impatient):
    cancel = f"/bookings/{confirmed.pk}/cancel/"
    with frozen("Booking", confirmed.pk):
        page = as_manager.post(cancel, {"version": confirmed.version})
        assert IN_VAIN in page.content.decode()
        assert "Nothing was sent." in page.content.decode()
        assert as_manager.get(f"/bookings/{confirmed.pk}/").status_code == 200, "reading waits not"
    confirmed.refresh_from_db()
    assert not confirmed.open_change
    assert not BookingRequest.objects.filter(kind="cancel").exists()
    assert as_manager.post(cancel, {"version": confirmed.version}).status_code == 302


def test_a_driver_is_told_no_untrue_reason(client, confirmed, impatient):
    from bookings.models.booking import driver_page_url

    page = driver_page_url(confirmed, confirmed.driver).removeprefix("https://chargebook.example")
    with frozen("Booking", confirmed.pk):
        client.get(page)
        answer = client.post(f"{page}cancel/", {"version": confirmed.version})
    assert IN_VAIN in answer.content.decode()
    assert "has changed since" not in answer.content.decode()


def test_any_other_page_says_that_nothing_was_changed(as_manager, confirmed, impatient):
    before = Booking.objects.values().get()
    with frozen("Booking", confirmed.pk):
        answer = as_manager.post(f"/bookings/{confirmed.pk}/revoke-link/")
    assert answer.status_code == 409
    assert "nothing was changed" in answer.content.decode()
    assert Booking.objects.values().get() == before


def test_what_needs_attention_goes_on_doing_so(as_manager, confirmed, impatient):
    Booking.objects.update(needs_attention=True)
    page = as_manager.get(f"/bookings/{confirmed.pk}/").content.decode()
    seen = re.search(r'name="seen" value="([^"]+)"', page)[1]
    with frozen("Booking", confirmed.pk):
        answer = as_manager.post(f"/bookings/{confirmed.pk}/dismiss/", {"seen": seen}, follow=True)
    assert IN_VAIN in answer.content.decode()
    assert Booking.objects.get().needs_attention


def test_one_of_several_does_not_keep_the_others(as_manager, fleet, confirmed, impatient):
    other = BookingFactory(fleet=fleet, accepted=True)
    with frozen("Booking", confirmed.pk):
        answer = as_manager.post(
            "/bookings/cancel/",
            {
                "booking": [confirmed.pk, other.pk],
                "seen": [f"{each.pk}.{each.version}" for each in (confirmed, other)],
            },
            follow=True,
        )
    assert IN_VAIN in answer.content.decode()
    assert BookingRequest.objects.get(kind="cancel").booking == other


def test_its_transaction_ends_and_leaves_nothing_behind(as_manager, confirmed):
    """PostgreSQL ends it; who wakes up afterwards cannot finish what it had begun."""
    limit = "-c idle_in_transaction_session_timeout=200ms"
    with frozen("Booking", confirmed.pk, options=limit) as wake:
        name = str(connection.settings_dict["NAME"])
        with psycopg.connect(url_of(name), autocommit=True) as session:
            wait_for(
                lambda: session.execute(
                    "SELECT id FROM bookings_booking FOR UPDATE SKIP LOCKED"
                ).fetchall()
            )
        assert (
            as_manager.post(
                f"/bookings/{confirmed.pk}/cancel/", {"version": confirmed.version}
            ).status_code
            == 302
        )
        assert "idle-in-transaction" in wake()
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("accepted", "cancel")


def test_sweeps_pass_over_what_it_holds(request_row, ask, evse, workers, operator, impatient):
    other = ask(slot_of(evse, request_row.start_at + timedelta(hours=3))).request
    with frozen("BookingRequest", request_row.pk):
        submission.submit_due(client=workers.client)
        for each in operator.requests.values():
            operator.decide(each)
        BookingRequest.objects.filter(pk=other.pk).update(next_attempt_at=now())
        assert polling.poll_due(client=workers.client) == 1
    other.refresh_from_db()
    request_row.refresh_from_db()
    assert (other.status, request_row.status) == ("approved", "queued")


def test_a_decision_waits_for_a_booking_that_it_holds(request_row, workers, operator, impatient):
    workers.submit()
    operator.decide(operator.requests[1])
    with frozen("Booking", request_row.booking_id):
        assert workers.poll() == 0
    request_row.refresh_from_db()
    assert (request_row.status, request_row.lease_owner) == ("pending", None)
    BookingRequest.objects.update(next_attempt_at=now())
    assert workers.poll() == 1
    reconcile(operator)


@pytest.mark.parametrize("processed", [False, True])
def test_its_claim_passes_on_and_it_does_nothing_again(
    request_row, processed, door, workers, operator
):
    """It wakes up after another worker took over, and finds its call answered long ago."""
    stop = door.stop_at("POST", PATH, processed=processed)
    with worker("sweep_queued", door=door) as send:
        assert stop.reached.wait(60)
        send(signal.SIGSTOP)
        let_pass(LEASE_SECONDS + 1)
        workers.submit()
        request_row.refresh_from_db()
        assert (request_row.status, len(operator.requests)) == ("pending", 1)
        operator.decide(operator.requests[1])
        workers.poll()
        stop.let_go()
        send(signal.SIGCONT)
    request_row.refresh_from_db()
    assert (request_row.status, len(operator.requests)) == ("approved", 1)
    reconcile(operator)
