"""Which vehicle a booking is for: ours alone, so that it changes at once and nobody is asked."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import (
    BookingRefused,
    Candidate,
    Slot,
    refused_while_held,
    vehicle_fits,
)
from bookings.actions.change import read_booking
from bookings.models import Actor, Booking, BookingEvent
from bookings.state.booking import change_booking
from bookings.wording.open_change import describe_changes
from sites.selectors import Criteria
from vehicles.models import Vehicle


@refused_while_held()
def name_vehicle(
    booking: Booking,
    vehicle: Vehicle | None,
    *,
    user: User,
    seen_version: int | None,
    confirmed_misfit: bool = False,
) -> None:
    """Let a booking be for another vehicle, or for none that is named; its history tells it.

    Raises BookingRefused with nothing changed: what is over has had its vehicle, and what cannot
    be plugged in there is refused.
    """
    current = read_booking(booking)
    if seen_version not in {None, current.version}:
        raise BookingRefused("booking", describe_changes(current, reader=user))
    if not may_name_vehicle(current):
        raise BookingRefused("booking", _("This booking is over. Its vehicle stays as it was."))
    if current.vehicle_id == (vehicle.pk if vehicle else None):
        return
    if vehicle is not None and current.evse is not None:
        candidate = candidate_for(current, vehicle)
        candidate.confirmed_misfit = confirmed_misfit
        if refusal := vehicle_fits(candidate):
            raise refusal
    with transaction.atomic():
        event = change_booking(
            current,
            what=BookingEvent.What.OTHER_VEHICLE,
            actor=Actor.MANAGER,
            user=user,
            vehicle=vehicle,
        )
    if event is None:
        raise BookingRefused("booking", describe_changes(read_booking(booking), reader=user))


def may_name_vehicle(booking: Booking) -> bool:
    return booking.status in Booking.COMING and not booking.is_past(timezone.now())


def candidate_for(booking: Booking, vehicle: Vehicle) -> Candidate:
    """Return what is held against the charger where a booking is."""
    slot = Slot(booking.location, booking.evse, Criteria(), booking.start_at, booking.end_at)
    candidate = Candidate(booking.fleet, slot, booking.driver, previous=booking, vehicle=vehicle)
    if booking.evse is not None:
        candidate.chargers = [booking.evse]
    return candidate
