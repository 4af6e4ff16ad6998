"""What becomes known in two ways at once is recorded once and told once.

Decisions that race with cancellations are in `tests/bookings/actions/test_cancel.py`, what the
poll and the refresh learn in either order in `tests/sync/test_compare.py`.
"""

import uuid
from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.actions.change import request_cancellation, request_change
from bookings.models import Actor, Booking, BookingRequest
from drivers.models import Driver
from notifications.models import Notification
from tests.faults.conftest import reconcile
from tests.small_operator import slot_of

pytestmark = pytest.mark.django_db


def told_since(pk: int) -> list[tuple[str, str]]:
    """Return whom mails written since another one tell what."""
    mails = Notification.objects.filter(pk__gt=pk).order_by("pk")
    return sorted(mails.values_list("recipient_email", "kind"))


def last_mail() -> int:
    return Notification.objects.latest("pk").pk


@pytest.mark.parametrize("other_driver", [False, True], ids=["time", "driver"])
def test_a_stale_change_that_the_refresh_has_told(
    confirmed, manager, workers, operator, other_driver
):
    """After a day without a decision a change is the operator's news; then the decision comes."""
    driver = Driver.objects.get(ampeco_user_id=7002) if other_driver else confirmed.driver
    change = request_change(
        booking=confirmed,
        user=manager,
        driver=driver,
        start_at=confirmed.start_at + timedelta(hours=3),
        end_at=confirmed.end_at + timedelta(hours=3),
        seen_version=confirmed.version,
        submission_key=uuid.uuid4(),
    )
    workers.submit()
    BookingRequest.objects.filter(pk=change.pk).update(sent_at=now() - timedelta(hours=25))
    workers.poll()
    before = last_mail()
    operator.decide(operator.requests[2])
    assert workers.refresh_all() == 1
    told = told_since(before)
    assert {kind for _, kind in told} >= {"moved"}
    workers.poll()
    change.refresh_from_db()
    assert change.status == "approved"
    assert told_since(before) == told
    reconcile(operator)


def test_a_stale_cancellation_that_the_refresh_has_told(confirmed, manager, workers, operator):
    asked = request_cancellation(booking=confirmed, asked_by=Actor.MANAGER, user=manager).request
    workers.submit()
    BookingRequest.objects.filter(pk=asked.pk).update(sent_at=now() - timedelta(hours=25))
    workers.poll()
    before = last_mail()
    operator.decide(operator.requests[2])
    workers.refresh_all()
    workers.poll()
    asked.refresh_from_db()
    assert asked.status == "approved"
    assert told_since(before) == [
        (confirmed.driver.email, "cancelled"),
        (manager.email, "cancelled"),
    ]
    reconcile(operator)


def test_another_change_of_the_operators_before_the_decision_is_told_as_well(
    confirmed, manager, workers, operator
):
    change = request_change(
        booking=confirmed,
        user=manager,
        driver=confirmed.driver,
        start_at=confirmed.start_at + timedelta(hours=3),
        end_at=confirmed.end_at + timedelta(hours=3),
        seen_version=confirmed.version,
        submission_key=uuid.uuid4(),
    )
    workers.submit()
    before = last_mail()
    theirs = operator.bookings[confirmed.ampeco_booking_id]
    operator.move_booking(theirs, end_at=theirs.end_at + timedelta(hours=1))
    assert workers.refresh_all() == 1
    operator.decide(operator.requests[2])
    workers.poll()
    change.refresh_from_db()
    assert change.status == "approved"
    assert [kind for _, kind in told_since(before)] == ["changed", "moved"] * 2
    reconcile(operator)


def test_a_move_while_the_old_booking_cannot_be_found(
    confirmed, ask, evse, workers, operator, manager
):
    """It is given up all the same: the operator may know it again tomorrow."""
    elsewhere = type(evse).objects.select_related("charge_point__location").get(ampeco_id=302)
    ask(
        slot_of(elsewhere, confirmed.start_at),
        replaces=confirmed,
        seen_version=confirmed.version,
    )
    workers.submit()
    Booking.objects.filter(pk=confirmed.pk).update(status="unknown")
    operator.decide(operator.requests[2])
    workers.poll()
    confirmed.refresh_from_db()
    assert (confirmed.status, confirmed.open_change) == ("unknown", "cancel")
    workers.submit()
    operator.decide(operator.requests[3])
    workers.poll()
    assert Booking.objects.get(pk=confirmed.pk).status == "cancelled"
    reconcile(operator)
