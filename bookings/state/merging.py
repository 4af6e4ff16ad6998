"""What becomes of two rows that turn out to be one booking."""

import logging

from bookings.models import Booking, BookingEvent, BookingRequest, ChargingSession
from bookings.state import listeners

logger = logging.getLogger(__name__)


def merge_external_booking(booking: Booking, *, ampeco_booking_id: int | None) -> None:
    """Let a booking that was asked for here take the place of the external booking that it is.

    The sweep found the operator's record before the request was known to be approved, and made a
    row for it. History, mails, session and requests of that row go over, and the row goes. For
    callers that are in a transaction, hold `booking` and are about to give it the id. Another
    booking that was asked for here keeps its id.
    """
    if ampeco_booking_id is None:
        return
    found = (
        Booking.objects.select_for_update(of=("self",))
        .filter(ampeco_booking_id=ampeco_booking_id, made_elsewhere=True)
        .exclude(pk=booking.pk)
        .first()
    )
    if found is None:
        return
    logger.warning("Booking %s was found before its request was approved.", booking.pk)
    BookingEvent.objects.filter(booking=found).update(booking=booking)
    BookingRequest.objects.filter(booking=found).update(booking=booking)
    Booking.objects.filter(replaces=found).update(replaces=booking)
    if not ChargingSession.objects.filter(booking=booking).exists():
        ChargingSession.objects.filter(booking=found).update(booking=booking)
    if found.open_change and not booking.open_change:
        booking.open_change = found.open_change
        Booking.objects.filter(pk=booking.pk).update(open_change=found.open_change)
    for listener in listeners.booking_merged:
        listener(found, booking)
    found.delete()
