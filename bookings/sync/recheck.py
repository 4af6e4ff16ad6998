"""What has come up since a request was asked for, so that it need not be sent any more."""

from datetime import datetime

from bookings.actions import rules
from bookings.actions.candidate import Candidate, Slot
from bookings.actions.change import change_candidate
from bookings.models import Booking, BookingRequest

Failure = BookingRequest.Failure
Kind = BookingRequest.Kind

# What may be otherwise by now, and what a request fails with then.
RECHECKED: dict[rules.Rule, Failure] = {
    rules.charger_is_bookable: Failure.EVSE_NOT_BOOKABLE,
    rules.driver_is_of_the_fleet: Failure.DRIVER_NOT_ALLOWED,
    rules.driver_is_active: Failure.DRIVER_NOT_ALLOWED,
    rules.driver_has_access: Failure.DRIVER_NOT_ALLOWED,
}


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
        return _obstacle_to(request)
    if booking.status not in Booking.MAY_COME or booking.is_past(now):
        return Failure.BOOKING_OVER
    if request.kind == Kind.CANCEL:
        return None
    if min(booking.start_at, request.start_at) <= now:
        return Failure.TOO_LATE
    return _obstacle_to(request)


def _obstacle_to(request: BookingRequest) -> Failure | None:
    booking = request.booking
    if request.kind == Kind.UPDATE:
        candidate = change_candidate(booking, request.driver, request.start_at, request.end_at)
    else:
        slot = Slot(
            request.location, request.evse, request.criteria, request.start_at, request.end_at
        )
        candidate = Candidate(booking.fleet, slot, request.driver)
    for rule, failure in RECHECKED.items():
        if rule(candidate):
            return failure
    # As told now: here an operator who does not answer lets nothing pass.
    return None if candidate.is_free else Failure.SLOT_GONE
