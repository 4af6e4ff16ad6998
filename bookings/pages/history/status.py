"""How a booking stands: who cancelled it, what its page offers, how soon the page looks again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.models.booking import VALID_AFTER_END
from bookings.pages.history.banners import moved_to, who_asked
from bookings.pages.history.record import HistoryRecord
from bookings.wording.history import who_did
from notifications.models import Notification
from telemetry import sweeps

Status = BookingRequest.Status
What = BookingEvent.What

# How often a page looks again: while somebody waits for a decision; for mails that are leaving and
# for a charger to be named; for what the operator's record tells next; as long as it may change.
DECISION, SOON, LATER, SELDOM = "500ms", "2s", "10s", "60s"
# The sweeps that somebody waits for who waits for a decision.
ASKING = frozenset({"sweep-queued", "poll-requests"})
LATENESS_SECONDS = 5
NEAR = timedelta(minutes=2)
MAIL_LEAVES_WITHIN = timedelta(minutes=1)
# For so long after its end somebody may still want another slot instead.
WANTED_UNTIL = timedelta(hours=24)


def answers_are_late() -> bool:
    """Return whether the portal itself is late with asking the operator.

    Looked up every few seconds, for all who wait: their pages look twice a second.
    """
    return bool(
        cache.get_or_set(
            "answers-are-late",
            lambda: any(state.is_late for state in sweeps.states() if state.name in ASKING),
            LATENESS_SECONDS,
        )
    )


def cancelled_by(record: HistoryRecord) -> str:
    """Return in a sentence who cancelled a booking that is cancelled."""
    cancellation, creation = record.cancellation, record.creation
    if moved_to(record) is not None:
        return _("This booking was cancelled because it was moved.")
    if cancellation is not None and cancellation.status == Status.APPROVED:
        return _("This booking was cancelled by %(who)s.") % {"who": who_asked(cancellation)}
    if creation is not None and creation.is_refused:
        text = _("This booking was cancelled by %(who)s. Nothing was booked.")
        return text % {"who": _who_withdrew(record)}
    return _(
        "This booking was cancelled on the operator’s side, by the operator or in the operator’s "
        "app."
    )


def _who_withdrew(record: HistoryRecord) -> str:
    event = record.last_event(What.WITHDRAWAL_ASKED)
    if event is not None:
        return who_did(event.actor, event.user, event.driver)
    failed = [each for each in record.request_events if each.to_status == Status.FAILED]
    if not failed:
        return who_did(Actor.PORTAL)
    return who_did(failed[-1].actor, failed[-1].user, record.booking.driver)


def is_gone(record: HistoryRecord) -> bool:
    """Return whether the operator no longer knows the booking, as far as it has told."""
    event = record.last_event(What.FOUND, What.CHANGED, What.GONE)
    return (
        record.booking.status == Booking.Status.UNKNOWN
        and event is not None
        and event.what == What.GONE
    )


def wants_alternatives(record: HistoryRecord, *, now: datetime) -> bool:
    """Return whether another slot is wanted instead, and not only long ago.

    It is not where the fleet or the driver asked for the end here.
    """
    booking, cancellation, creation = record.booking, record.cancellation, record.creation
    asked_here = (cancellation and cancellation.status == Status.APPROVED) or (
        creation and creation.is_refused
    )
    cancelled_elsewhere = booking.status == Booking.Status.CANCELLED and not asked_here
    lost = booking.did_not_work_out or cancelled_elsewhere
    return lost and booking.end_at + WANTED_UNTIL > now


def moves_on(record: HistoryRecord, *, now: datetime) -> int | None:
    old = record.replaced
    in_vain = old is not None and record.booking.did_not_work_out and old.can_change(now)
    return old.pk if old is not None and in_vain else None


def look_again(record: HistoryRecord, *, now: datetime) -> str:
    """Return how often the page looks again by itself, such as 500ms or 2s; "" for never."""
    booking, session = record.booking, record.session
    if booking.is_undecided:
        return DECISION
    if booking.is_in_motion or _mails_are_leaving(record.notifications, now=now):
        return SOON
    is_charging = session is not None and not session.has_ended and session.refresh_at is not None
    is_read_soon = booking.refresh_at is not None and booking.refresh_at <= now + NEAR
    if is_charging or is_read_soon:
        return LATER
    return SELDOM if booking.is_confirmed and not booking.is_past(now) else ""


def _mails_are_leaving(notifications: list[Notification], *, now: datetime) -> bool:
    return any(
        notification.state == Notification.State.QUEUED
        and notification.created_at > now - MAIL_LEAVES_WITHIN
        for notification in notifications
    )


@dataclass(frozen=True, slots=True)
class DriverLink:
    """The link to the driver's own page: to whom it went, and whether it still leads there."""

    sent_to: str
    revoked: bool


def driver_link(record: HistoryRecord, *, now: datetime) -> DriverLink | None:
    """Return what became of the link that the driver's mails carry; None if there is none to tell.

    What an earlier driver has leads nowhere, and rows of long ago name no driver. One that was
    revoked is told as long as no later mail carries a new one.
    """
    if now > record.booking.end_at + VALID_AFTER_END:
        return None
    sent = [
        each
        for each in record.notifications
        if each.audience == Notification.Audience.DRIVER and each.sent_at is not None
        if each.state == Notification.State.SENT
        if each.recipient_driver_id in {None, record.booking.driver_id}
    ]
    if not sent:
        return None
    last, revoked = sent[-1], record.last_event(What.LINK_REVOKED)
    return DriverLink(
        sent_to=last.recipient_email,
        revoked=bool(revoked and last.sent_at and revoked.at >= last.sent_at),
    )
