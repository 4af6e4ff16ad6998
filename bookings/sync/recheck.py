"""What has come up since a request was asked for, so that it need not be sent any more."""

from datetime import datetime

from bookings.actions.eligibility import (
    BookingRefused,
    Slot,
    candidates,
    check_driver,
    held_by,
    usable_evses,
)
from bookings.models import Booking, BookingRequest
from sites.periods import Period
from sites.slots.availability import free_evses
from sites.slots.criteria import Criteria

Failure = BookingRequest.Failure
Kind = BookingRequest.Kind


def find_obstacle(request: BookingRequest, *, now: datetime) -> Failure | None:
    """Return why a request can no longer be sent, or None. Reads availability upstream once.

    A cancellation is held up by nothing but its booking being over. Raises AvailabilityUnknown when
    that could not be read.
    """
    booking = request.booking
    if request.kind == Kind.CREATE:
        if booking.open_change == Booking.OpenChange.WITHDRAW:
            return Failure.WITHDRAWN
        if request.start_at <= now:
            return Failure.TOO_LATE
        slot = Slot(
            request.location, request.evse, request.criteria, request.start_at, request.end_at
        )
        return _obstacle_to(request, slot)
    if booking.status not in Booking.MAY_COME or booking.is_past(now):
        return Failure.BOOKING_OVER
    if request.kind == Kind.CANCEL:
        return None
    if min(booking.start_at, request.start_at) <= now:
        return Failure.TOO_LATE
    slot = Slot(booking.location, booking.evse, Criteria(), request.start_at, request.end_at)
    return _obstacle_to(request, slot, held=held_by(booking))


def _obstacle_to(
    request: BookingRequest, slot: Slot, *, held: Period | None = None
) -> Failure | None:
    """Return what stands against the driver having the slot; `held` need not be free."""
    fleet = request.booking.fleet
    fitting = candidates(fleet=fleet, slot=slot)
    if not fitting:
        return Failure.EVSE_NOT_BOOKABLE
    try:
        check_driver(fleet=fleet, driver=request.driver, slot=slot)
    except BookingRefused:
        return Failure.DRIVER_NOT_ALLOWED
    if request.kind == Kind.UPDATE and slot.evse is None:
        # Which charger the operator picked is not known yet: it alone can tell.
        return None
    free = free_evses(
        slot.location,
        evses=usable_evses(request.driver, fitting),
        start_at=slot.start_at,
        end_at=slot.end_at,
        fresh=True,
        held=held,
    )
    return None if free else Failure.SLOT_GONE
