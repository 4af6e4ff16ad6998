"""How a booking stands: who cancelled it, what its page offers, how soon the page looks again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from bookings.links import VALID_AFTER_END
from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.pages.history.banners import moved_to, who_asked
from bookings.pages.history.record import Dossier
from bookings.wording.people import who_did
from notifications.models import Notification

Status = BookingRequest.Status
What = BookingEvent.What

# How often a page looks again: while somebody waits for a decision; for mails that are leaving and
# for a charger to be named; for what the operator's record tells next; as long as it may change.
DECISION, SOON, LATER, SELDOM = "500ms", "2s", "10s", "60s"
NEAR = timedelta(minutes=2)
MAIL_LEAVES_WITHIN = timedelta(minutes=1)
# For so long after its end somebody may still want another slot instead.
WANTED_UNTIL = timedelta(hours=24)


def cancelled_by(dossier: Dossier) -> str:
    """Return in a sentence who cancelled a booking that is cancelled."""
    other = moved_to(dossier)
    if other is not None:
        return _("This booking was cancelled because it was moved.")
    cancellation, creation = dossier.cancellation, dossier.creation
    if cancellation is not None and cancellation.status == Status.APPROVED:
        return _("This booking was cancelled by %(who)s.") % {"who": who_asked(cancellation)}
    if creation is not None and creation.is_refused:
        return _("This booking was cancelled by %(who)s. Nothing was booked.") % {
            "who": _who_withdrew(dossier)
        }
    return _(
        "This booking was cancelled on the operator’s side, by the operator or in the operator’s "
        "app."
    )


def _who_withdrew(dossier: Dossier) -> str:
    event = dossier.last_event(What.WITHDRAWAL_ASKED)
    if event is not None:
        return who_did(event.actor, event.user, event.driver)
    settled = [each for each in dossier.request_events if each.to_status == Status.FAILED]
    if not settled:
        return _("the portal")
    return who_did(settled[-1].actor, settled[-1].user, dossier.booking.driver)


def is_gone(dossier: Dossier) -> bool:
    """Return whether the operator no longer knows the booking, as far as it has told."""
    event = dossier.last_event(What.FOUND, What.CHANGED, What.GONE)
    return (
        dossier.booking.status == Booking.Status.UNKNOWN
        and event is not None
        and event.what == What.GONE
    )


def was_cancelled_here(dossier: Dossier) -> bool:
    """Return whether the fleet or the driver asked for the end of a cancelled booking here."""
    cancellation, creation = dossier.cancellation, dossier.creation
    return bool(
        (cancellation and cancellation.status == Status.APPROVED)
        or (creation and creation.is_refused)
    )


def wants_alternatives(dossier: Dossier, *, now: datetime) -> bool:
    """Return whether another slot is wanted instead, and not only long ago."""
    booking = dossier.booking
    gone = booking.did_not_work_out or (
        booking.status == Booking.Status.CANCELLED and not was_cancelled_here(dossier)
    )
    return gone and booking.end_at + WANTED_UNTIL > now


def moves_on(dossier: Dossier, *, now: datetime) -> int | None:
    """Return which booking is still to be moved, where this one was to replace it in vain."""
    old = dossier.replaced
    in_vain = old is not None and dossier.booking.did_not_work_out and old.can_change(now)
    return old.pk if old is not None and in_vain else None


def look_again(dossier: Dossier, *, now: datetime) -> str:
    """Return how often the page looks again by itself, as htmx takes it; "" for never."""
    booking, session = dossier.booking, dossier.session
    if booking.is_undecided:
        return DECISION
    if booking.is_in_motion or _mails_are_leaving(dossier.notifications, now=now):
        return SOON
    is_charging = session is not None and not session.has_ended and session.refresh_at is not None
    is_read_soon = booking.refresh_at is not None and booking.refresh_at <= now + NEAR
    if is_charging or is_read_soon:
        return LATER
    return SELDOM if booking.is_confirmed and not booking.is_past(now) else ""


def _mails_are_leaving(notifications: list[Notification], *, now: datetime) -> bool:
    """Return whether a mail was planned just now and will show as sent in a moment."""
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


def driver_link(dossier: Dossier, *, now: datetime) -> DriverLink | None:
    """Return what became of the link that the driver's mails carry; None if there is none to tell.

    One that was revoked is told as long as no later mail carries a new one.
    """
    if now > dossier.booking.end_at + VALID_AFTER_END:
        return None
    sent = [
        notification
        for notification in dossier.notifications
        if notification.audience == Notification.Audience.DRIVER
        and notification.state == Notification.State.SENT
        and notification.sent_at is not None
    ]
    if not sent:
        return None
    revoked = dossier.last_event(What.LINK_REVOKED)
    last = sent[-1]
    return DriverLink(
        sent_to=last.recipient_email,
        revoked=revoked is not None and last.sent_at is not None and revoked.at >= last.sent_at,
    )
