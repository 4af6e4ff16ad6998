"""What a driver can do on their own page, and what a manager can do about its link."""

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent
from bookings.selectors import booking_of
from bookings.state.booking import change_booking
from bookings.wording.facts import one_line
from drivers.models import Fleet

LATE_MINUTES = (10, 20, 30, 60)
LONGEST_NOTE = 200
# Under `changes` of the event that tells of it, as [None, minutes].
LATE_KEY = "late_minutes"
PAUSE_BETWEEN_MESSAGES = timedelta(minutes=1)
MOST_MESSAGES = 10
# Others may change a booking at the same moment, but not again and again.
ATTEMPTS = 5

OpenChange = Booking.OpenChange


class LateRefused(Exception):
    """Nobody was told. `message` is for the driver."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def can_say_late(booking: Booking, now: datetime | None = None) -> bool:
    """Whether a driver may tell that they run late: a confirmed booking that is not over.

    Also after its start, when most drivers learn that they are late.
    """
    return (
        booking.is_confirmed
        and booking.open_change not in Booking.TO_BE_CANCELLED
        and not booking.is_past(now)
    )


def last_late_message(booking: Booking) -> BookingEvent | None:
    return _late_messages(booking).last()


def say_running_late(
    booking: Booking, *, minutes: int, note: str = "", now: datetime | None = None
) -> BookingEvent:
    """Tell the managers that the driver comes so many minutes late; return the line of history.

    The same message within a minute is the one before. Raises LateRefused for another one within
    that minute, for too many, and where there is nothing to be late for any more.
    """
    driver_id = booking.driver_id
    note = one_line(note, longest=LONGEST_NOTE)
    for _attempt in range(ATTEMPTS):
        at = now or timezone.now()
        if booking.driver_id != driver_id or not can_say_late(booking, at):
            raise LateRefused(
                _("You no longer need to report a delay for this booking. Nobody was notified.")
            )
        # Read after the booking: who says the same at the same moment changes its version.
        messages = list(_late_messages(booking))
        if messages and at - messages[-1].at < PAUSE_BETWEEN_MESSAGES:
            last = messages[-1]
            if (last.changes.get(LATE_KEY), last.note) == ([None, minutes], note):
                return last
            raise LateRefused(
                _("You sent this less than a minute ago. Please wait a moment, then send it again.")
            )
        if len(messages) >= MOST_MESSAGES:
            raise LateRefused(
                _("You have already sent this several times. Please call your fleet manager.")
            )
        event = change_booking(
            booking,
            what=BookingEvent.What.RUNNING_LATE,
            actor=Actor.DRIVER,
            by_driver=booking.driver,
            note=note,
            also={LATE_KEY: [None, minutes]},
        )
        if event is not None:
            return event
        booking.refresh_from_db()
    raise LateRefused(_("Something went wrong. Please send the form again."))


def revoke_links(*, fleet: Fleet, pk: int, user: User) -> bool:
    """Make all links to the driver's page of a booking lead nowhere; return whether it was done.

    Mails that go out later carry a new one. Raises Booking.DoesNotExist for another fleet's.
    """
    for _attempt in range(ATTEMPTS):
        booking = booking_of(fleet, pk)
        if change_booking(
            booking,
            what=BookingEvent.What.LINK_REVOKED,
            actor=Actor.MANAGER,
            user=user,
            link_generation=booking.link_generation + 1,
        ):
            return True
    return False


def _late_messages(booking: Booking) -> QuerySet[BookingEvent]:
    return booking.events.filter(
        what=BookingEvent.What.RUNNING_LATE, driver=booking.driver_id
    ).order_by("at", "pk")
