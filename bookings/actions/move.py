"""Moving a booking to another place: a new booking that replaces it once it is approved.

AMPECO can change neither the EVSE nor the location of a booking. The new place is asked for first;
`bookings.state.moves` opens the cancellation of the old booking with the approval of the new
one, and leaves the old one as it was if there is none.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import BookingRefused, Slot
from bookings.actions.change import check_changeable, read_booking
from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking
from bookings.wording.open_change import describe_changes


def check_movable(
    booking: Booking, *, slot: Slot, seen_version: int | None, user: User | None, now: datetime
) -> Booking:
    """Return the booking as it is now; raises BookingRefused when it cannot move to the slot."""
    current = read_booking(booking)
    if seen_version not in {None, current.version} or not current.can_move(now):
        check_changeable(current, seen_version=seen_version, user=user, now=now)
    if slot.evse is not None and slot.evse == current.evse:
        raise BookingRefused(
            "slot",
            _(
                "The booking is already at this charger. For another time, please change the "
                "booking instead."
            ),
        )
    return current


def hold_for_move(old: Booking, *, to: Booking, actor: Actor, user: User | None) -> None:
    """Hold a booking as it is until the one that replaces it is decided.

    Part of the transaction that saves the new one. Raises BookingRefused, which undoes all of it,
    when somebody else has changed the booking since it was read.
    """
    event = change_booking(
        old,
        what=BookingEvent.What.MOVE_ASKED,
        actor=actor,
        user=user,
        by_driver=old.driver if actor == Actor.DRIVER else None,
        note=str(to),
        open_change=Booking.OpenChange.MOVE,
    )
    if event is None:
        raise BookingRefused("booking", describe_changes(read_booking(old), reader=user))
