"""Which vehicle a booking is for: ours alone, so that it changes at once and nobody is asked."""

import hashlib

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
    vehicle_is_not_booked_twice,
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
    confirmed: str = "",
    confirmed_misfit: bool = False,
    confirmed_overlap: bool = False,
) -> None:
    """Let a booking be for another vehicle, or for none that is named; its history tells it.

    Raises BookingRefused with nothing changed: what is over has had its vehicle, and what cannot
    be plugged in there is refused. So is what may not fit, or has another booking then (`misfit`),
    unless that is `confirmed` by the `doubt_key` of what was told.
    """
    current = read_booking(booking)
    if seen_version not in {None, current.version}:
        raise BookingRefused("booking", describe_changes(current, reader=user))
    if not may_name_vehicle(current):
        raise BookingRefused("booking", _("This booking is over. Its vehicle stays as it was."))
    if current.vehicle_id == (vehicle.pk if vehicle else None):
        return
    if vehicle is not None:
        candidate = candidate_for(current, vehicle)
        candidate.confirmed_misfit = confirmed_misfit
        candidate.confirmed_overlap = confirmed_overlap
        _check_vehicle(candidate, vehicle, confirmed)
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


def doubt_key(vehicle: Vehicle | None, told: str) -> str:
    """Return what a form sends back to say that it is meant in spite of what was told."""
    return hashlib.sha256(f"{vehicle.pk if vehicle else ''}|{told}".encode()).hexdigest()[:16]


def _check_vehicle(candidate: Candidate, vehicle: Vehicle, confirmed: str) -> None:
    """Raise BookingRefused for all at once that is to be confirmed, or for what cannot be."""
    misfit = vehicle_fits(candidate) if candidate.slot.evse else None
    if misfit and misfit.field != "misfit":
        raise misfit
    doubts = [each for each in (misfit, vehicle_is_not_booked_twice(candidate)) if each]
    told = " ".join(each.message for each in doubts)
    # A doubt that came up since was not seen.
    if told and confirmed != doubt_key(vehicle, told):
        raise BookingRefused("misfit", told)


def may_name_vehicle(booking: Booking) -> bool:
    return booking.status in Booking.COMING and not booking.is_past(timezone.now())


def candidate_for(booking: Booking, vehicle: Vehicle) -> Candidate:
    """Return what is held against the charger where a booking is."""
    slot = Slot(booking.location, booking.evse, Criteria(), booking.start_at, booking.end_at)
    candidate = Candidate(booking.fleet, slot, booking.driver, previous=booking, vehicle=vehicle)
    if booking.evse is not None:
        candidate.chargers = [booking.evse]
    return candidate
