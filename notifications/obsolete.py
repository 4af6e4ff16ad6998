"""Tells which mails, by the time they could be sent, are no longer true.

Mails wait: for a charger to be named, for a mail server that is away. What has happened since has
a mail of its own, and nobody is to read first that a booking stands which does not any more.
"""

from datetime import datetime

from bookings.models import Booking
from notifications.models import Notification

Kind = Notification.Kind
Status = Booking.Status


def is_overtaken(notification: Notification, *, now: datetime) -> bool:
    """Return whether what a mail would tell is no longer true of its booking.

    Other times than it tells are no reason: mails are written with what has changed since. A
    reminder is, once another one is due: the start was moved.
    """
    booking = notification.booking
    theirs = notification.recipient_driver_id in {None, booking.driver_id}
    match notification.kind:
        case Kind.APPROVED | Kind.CHANGED | Kind.MOVED:
            return not theirs or booking.status in Booking.CALLED_OFF | Booking.LOST
        case Kind.REJECTED | Kind.NOT_PLACED:
            return booking.status not in Booking.CALLED_OFF
        case Kind.CANCELLED:
            # Of a driver who lost the booking to another one it is true whatever became of it.
            return theirs and booking.status != Status.CANCELLED
        case Kind.CANCEL_REFUSED:
            return booking.status == Status.CANCELLED
        case Kind.FAILED:
            return booking.status != Status.FAILED
        case Kind.NO_SHOW:
            return booking.status != Status.NO_SHOW
        case Kind.REMINDER:
            return (
                not theirs
                or not booking.is_confirmed
                or booking.start_at <= now
                or booking.reminder_at is not None
            )
        case Kind.RUNNING_LATE:
            return booking.status not in Booking.MAY_STAND or booking.is_past(now)
    return False
