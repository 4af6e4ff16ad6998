"""What somebody looks after goes to a colleague, with its mails, and its history says so."""

from datetime import timedelta

import pytest
from django.utils.timezone import now

from bookings.models import Actor, Booking, BookingEvent
from bookings.pages.history.record import read_history
from bookings.pages.history.timeline import history_lines
from bookings.state.booking import change_booking
from bookings.state.moves import move_request
from calendars.models import CalendarFeed
from notifications.models import Notification
from team.handover import hand_over, looked_after, revoke_feeds_of
from tests.factories import (
    BookingFactory,
    BookingRequestFactory,
    CalendarFeedFactory,
    MembershipFactory,
    NotificationFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(fleet):
    return MembershipFactory(fleet=fleet, user__name="Ana Old", user__email="ana@x.example").user


@pytest.fixture
def ben(fleet):
    return MembershipFactory(fleet=fleet, user__name="Ben New", user__email="ben@x.example").user


@pytest.fixture
def boss(fleet):
    return MembershipFactory(fleet=fleet, user__name="Bo Boss", admin=True).user


@pytest.fixture
def booking(fleet, ana):
    return BookingFactory(fleet=fleet, created_by=ana, accepted=True)


def leave(fleet, ana, ben, boss):
    """Hand over as it is done when somebody is removed."""
    count = hand_over(fleet=fleet, giver=ana, taker=ben, actor=Actor.MANAGER, by=boss)
    fleet.memberships.filter(user=ana).delete()
    return count


def told(booking) -> set[str]:
    managers = Notification.objects.filter(booking=booking, audience="manager")
    return set(managers.values_list("recipient_email", flat=True))


def test_what_lies_ahead_is_handed_over_and_nothing_else(
    fleet, other_fleet, booking, ana, ben, boss
):
    past = now() - timedelta(days=1)
    refused = BookingFactory(fleet=fleet, created_by=ana, rejected=True)
    kept = [
        BookingFactory(fleet=fleet, created_by=boss, accepted=True),
        BookingFactory(fleet=other_fleet, created_by=ana, accepted=True),
        BookingFactory(fleet=fleet, created_by=ana, status="cancelled", slot_key=""),
        BookingFactory(
            fleet=fleet,
            created_by=ana,
            accepted=True,
            start_at=past - timedelta(hours=1),
            end_at=past,
        ),
    ]

    assert leave(fleet, ana, ben, boss) == 2

    assert set(Booking.objects.filter(created_by=ben)) == {booking, refused}
    assert set(BookingEvent.objects.values_list("booking", flat=True)) == {booking.pk, refused.pk}
    for each in kept:
        asked = each.created_by
        each.refresh_from_db()
        assert each.created_by == asked
    assert not looked_after(fleet, ana).exists()


def test_the_history_says_from_whom_to_whom_and_by_whom(fleet, booking, ana, ben, boss):
    BookingRequestFactory(booking=booking, approved=True, created_by=ana)
    leave(fleet, ana, ben, boss)
    booking.refresh_from_db()
    texts = [line.text for line in history_lines(read_history(booking))]
    assert "Handed over from Ana Old to Ben New by Bo Boss" in texts


def test_without_a_colleague_it_is_everybodys(fleet, booking, ana, boss):
    hand_over(fleet=fleet, giver=ana, taker=None, actor=Actor.STAFF, by=None)
    booking.refresh_from_db()
    assert booking.created_by is None
    (line,) = history_lines(read_history(booking))
    assert line.text == (
        "Handed over from Ana Old to all managers of the fleet by the operator’s staff"
    )


def test_the_colleague_is_told_what_becomes_of_it(fleet, booking, ana, ben, boss):
    leave(fleet, ana, ben, boss)
    booking.refresh_from_db()
    change_booking(
        booking, what=BookingEvent.What.CHANGED, actor=Actor.OPERATOR, status="cancelled"
    )
    assert told(booking) == {"ben@x.example"}


@pytest.mark.parametrize("kind", ["update", "cancel"])
def test_the_colleague_is_told_how_a_request_was_decided(fleet, booking, ana, ben, boss, kind):
    request = BookingRequestFactory(booking=booking, kind=kind, pending=True, created_by=ana)
    leave(fleet, ana, ben, boss)
    request = type(request).objects.get(pk=request.pk)
    move_request(request, to="rejected", actor=Actor.OPERATOR)
    assert told(booking) == {"ben@x.example"}


def test_mails_that_wait_go_to_the_colleague_once(fleet, booking, ana, ben, boss):
    to_ana = {"audience": "manager", "recipient_user": ana, "recipient_email": ana.email}
    request = BookingRequestFactory(booking=booking, approved=True)
    alone = NotificationFactory(request=request, kind="approved", **to_ana)
    twin = NotificationFactory(request=request, kind="changed", **to_ana)
    NotificationFactory(
        request=request,
        kind="changed",
        audience="manager",
        recipient_user=ben,
        recipient_email=ben.email,
    )
    sending = NotificationFactory(
        request=request, kind="failed", lease_until=now() + timedelta(minutes=1), **to_ana
    )
    sent = NotificationFactory(request=request, kind="moved", state="sent", **to_ana)

    leave(fleet, ana, ben, boss)

    for mail in (alone, twin, sending, sent):
        mail.refresh_from_db()
    assert (alone.recipient_email, alone.recipient_user, alone.state) == (ben.email, ben, "queued")
    assert (twin.recipient_email, twin.state) == (ana.email, "dropped")
    assert (sending.recipient_email, sending.state) == (ana.email, "queued")
    assert (sent.recipient_email, sent.state) == (ana.email, "sent")


def test_the_calendars_that_somebody_made_lead_nowhere(fleet, other_fleet, ana, ben):
    theirs = CalendarFeedFactory(fleet=fleet, created_by=ana)
    CalendarFeedFactory(fleet=fleet, created_by=ben)
    CalendarFeedFactory(fleet=other_fleet, created_by=ana)
    assert revoke_feeds_of(fleet, ana) == 1
    assert CalendarFeed.objects.exclude(revoked_at=None).get() == theirs
