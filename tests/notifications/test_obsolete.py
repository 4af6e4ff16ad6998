"""Which mails are no longer true by the time they can be sent, and in which order the others go."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking
from notifications.delivery import deliver_due
from notifications.kinds import MAILS
from notifications.models import Notification
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    DriverFactory,
    NotificationFactory,
)
from tests.notifications.mail_reading import approve, reject, subject_of

pytest_plugins = ["tests.smtp_sink", "tests.notifications.mail_cases"]
pytestmark = pytest.mark.django_db

Audience = Notification.Audience
Kind = Notification.Kind
State = Notification.State
Status = Booking.Status
DANA = "dana@hudson.example"


def happens(booking: Booking, **changes) -> BookingEvent:
    booking.refresh_from_db()
    event = change_booking(booking, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, **changes)
    assert event is not None
    return event


def first_words(smtp_sink, address: str) -> list[str]:
    """Return of what kind the mails to an address were, in the order in which they came."""
    mails = [each for each in smtp_sink.received if each.recipients == [address]]
    return [subject_of(each.message).partition(":")[0] for each in mails]


OF_BOOKINGS = [kind for kind in Kind if MAILS[kind].wishes is None and MAILS[kind].budgets is None]
# By kind: at which states of the booking its mails are true. Written by hand.
STANDS = {"requested", "accepted", "reserved", "completed", "unknown"}
TRUE_AT = {
    "approved": STANDS,
    "changed": STANDS,
    "moved": STANDS,
    "rejected": {"rejected", "not-placed", "cancelled"},
    "not-placed": {"rejected", "not-placed", "cancelled"},
    "change-refused": set(Status),
    "cancelled": {"cancelled"},
    "cancel-refused": set(Status) - {"cancelled"},
    "failed": {"failed"},
    "no-show": {"no-show"},
    "reminder": {"accepted", "reserved"},
    "running-late": {"accepted", "reserved", "unknown"},
    "charger-trouble": {"accepted", "reserved", "completed", "unknown"},
}


@pytest.mark.parametrize("audience", Notification.Audience)
@pytest.mark.parametrize("kind", OF_BOOKINGS)
def test_what_is_true_at_which_state(kind, audience):
    booking = BookingFactory(accepted=True)
    row = Notification(booking=booking, kind=kind, audience=audience)
    if audience == "driver":
        row.recipient_driver = booking.driver
    true_at = set()
    for status in Status:
        booking.status = status
        if not MAILS[Kind(row.kind)].is_obsolete(row, now=timezone.now()):
            true_at.add(status)
    assert true_at == TRUE_AT[kind]


@pytest.mark.parametrize("kind", OF_BOOKINGS)
def test_what_a_driver_who_lost_the_booking_still_hears(kind):
    booking = BookingFactory(accepted=True)
    row = Notification(
        booking=booking, kind=kind, audience="driver", recipient_driver=DriverFactory()
    )
    booking.status = {"failed": "failed", "no-show": "no-show", "rejected": "rejected"}.get(
        kind, "accepted"
    )
    lost = {Kind.APPROVED, Kind.CHANGED, Kind.MOVED, Kind.REMINDER}
    if kind != Kind.NOT_PLACED:
        assert MAILS[Kind(row.kind)].is_obsolete(row, now=timezone.now()) == (kind in lost)


def test_of_a_late_driver_nobody_hears_once_another_one_has_the_booking(asked):
    approve(asked)
    event = change_booking(
        asked.booking,
        what=BookingEvent.What.RUNNING_LATE,
        actor=Actor.DRIVER,
        by_driver=asked.driver,
    )
    mail = event.notifications.get()
    late = MAILS[Kind.RUNNING_LATE]
    assert not late.is_obsolete(mail, now=timezone.now())
    happens(asked.booking, driver=DriverFactory(fleet=asked.booking.fleet))
    assert late.is_obsolete(Notification.objects.get(pk=mail.pk), now=timezone.now())


def test_of_a_late_driver_nobody_hears_after_the_end():
    booking = BookingFactory(accepted=True)
    row = Notification(booking=booking, kind=Kind.RUNNING_LATE, audience="manager")
    assert not MAILS[Kind(row.kind)].is_obsolete(row, now=booking.end_at - timedelta(minutes=1))
    assert MAILS[Kind(row.kind)].is_obsolete(row, now=booking.end_at)


def test_an_approval_that_waits_for_its_charger_is_not_told_after_the_end(asked, smtp_sink):
    Booking.objects.update(evse=None)
    BookingRequest.objects.update(evse=None)
    approve(BookingRequest.objects.get())
    assert deliver_due() == 0
    happens(asked.booking, status=Status.CANCELLED)
    # Nor does the cancellation wait for the charger.
    assert deliver_due() == 2
    assert first_words(smtp_sink, DANA) == ["Cancelled"]
    dropped = Notification.objects.filter(kind=Kind.APPROVED)
    assert {(row.state, row.problem, row.attempts) for row in dropped} == {
        (State.DROPPED, "It was out of date by the time it could be sent.", 0)
    }


def test_a_mail_whose_sender_was_stopped_is_not_said_not_to_have_gone(asked, smtp_sink):
    approve(asked)
    # As a worker leaves it that is killed while the mail server has the mail.
    Notification.objects.filter(kind=Kind.APPROVED, audience=Audience.DRIVER).update(
        doubts=1, lease_owner=uuid.uuid4(), lease_until=timezone.now() - timedelta(seconds=1)
    )
    happens(asked.booking, status=Status.CANCELLED)
    deliver_due()
    approvals = Notification.objects.filter(kind=Kind.APPROVED)
    assert dict(approvals.values_list("audience", "state")) == {
        Audience.DRIVER: State.PERHAPS_SENT,
        Audience.MANAGER: State.DROPPED,
    }


def test_a_driver_who_lost_the_booking_is_told_of_that_alone(asked, smtp_sink, fleet):
    smtp_sink.stop()
    approve(asked)
    happens(asked.booking, driver=DriverFactory(fleet=fleet, email="ede@hudson.example"))
    smtp_sink.start()
    deliver_due()
    assert first_words(smtp_sink, DANA) == ["No longer yours"]
    assert first_words(smtp_sink, "ede@hudson.example") == ["Approved"]


def test_a_request_that_is_tried_again_is_not_told_as_failed(asked, smtp_sink):
    reject(asked, "No.")
    Booking.objects.update(status=Status.REQUESTED)
    assert deliver_due() == 0
    assert Notification.objects.get().state == State.DROPPED


@pytest.mark.parametrize("what", ["changed", "moved"])
def test_what_tells_a_new_time_waits_for_the_charger_too(asked, bay, smtp_sink, what):
    approve(asked)
    deliver_due()
    Booking.objects.update(evse=None)
    later = asked.end_at + timedelta(hours=1)
    if what == "moved":
        happens(asked.booking, end_at=later)
    else:
        approve(
            BookingRequestFactory(
                pending=True, kind="update", booking=asked.booking, evse=None, end_at=later
            )
        )
    assert deliver_due() == 0
    Booking.objects.update(evse=bay)
    assert deliver_due() == 2


def test_nothing_waits_for_a_charger_until_after_the_start(asked, smtp_sink):
    Booking.objects.update(evse=None)
    BookingRequest.objects.update(evse=None)
    approve(BookingRequest.objects.get())
    Booking.objects.update(start_at=timezone.now() - timedelta(seconds=1))
    assert deliver_due() == 2


# The order


def test_mails_to_one_person_keep_their_order(asked, smtp_sink):
    approve(asked)
    deliver_due()
    first, second = (
        happens(asked.booking, end_at=asked.end_at + timedelta(minutes=minutes))
        for minutes in (10, 20)
    )
    now = timezone.now()
    Notification.objects.filter(event=first).update(next_attempt_at=now + timedelta(minutes=1))
    assert deliver_due(now=now + timedelta(seconds=1)) == 0
    smtp_sink.received.clear()
    assert deliver_due(now=now + timedelta(minutes=2)) == 4
    rows = Notification.objects.filter(event__in=[first, second], audience="driver").order_by("pk")
    assert [row.event for row in rows] == [first, second]
    assert [
        each.message["Message-ID"] for each in smtp_sink.received if each.recipients == [DANA]
    ] == [f"<{row.message_id}@chargebook.example>" for row in rows]


def test_a_mail_waits_no_longer_than_half_an_hour_for_an_earlier_one(asked, smtp_sink):
    approve(asked)
    now = timezone.now()
    first = NotificationFactory(booking=asked.booking, request=asked, kind=Kind.CHANGED)
    Notification.objects.exclude(pk=first.pk).delete()
    Notification.objects.update(next_attempt_at=now + timedelta(days=1))
    event = happens(asked.booking, end_at=asked.end_at + timedelta(minutes=10))
    assert event.notifications.filter(audience="driver").exists()
    Notification.objects.filter(audience="manager").delete()
    assert deliver_due(now=now + timedelta(minutes=29)) == 0
    assert deliver_due(now=now + timedelta(minutes=31)) == 1


def test_other_people_and_bookings_do_not_wait(asked, smtp_sink):
    approve(asked)
    Notification.objects.filter(audience="manager").update(
        next_attempt_at=timezone.now() + timedelta(minutes=5)
    )
    NotificationFactory(recipient_email=asked.created_by.email)
    assert deliver_due() == 2
