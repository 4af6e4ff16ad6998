"""Tells and counts each move of a booking request.

The history of a request gets a line with every move, and only there; whoever writes it need not
know that it is watched. A transaction that is rolled back afterwards leaves a line and a count too
many, beside the error that says so.
"""

import logging
from typing import Any

from django.db.models.signals import post_save

from telemetry.measures import REQUEST_MOVES

logger = logging.getLogger(__name__)


def watch() -> None:
    """Connect to the history of booking requests; doing it twice changes nothing."""
    post_save.connect(
        tell, sender="bookings.BookingRequestEvent", dispatch_uid="telemetry-booking-requests"
    )


def tell(instance: Any, created: bool, **_: Any) -> None:
    """Write a log line with the ids that belong to a move, and count it."""
    if not created:
        return
    request = instance.request
    REQUEST_MOVES.add(kind=request.kind, state=instance.to_status)
    logger.info(
        "Booking request %s (%s) is %s.",
        request.pk,
        request.kind,
        instance.to_status,
        extra={
            "booking_request_id": request.pk,
            "booking_id": request.booking_id,
            "kind": str(request.kind),
            "status": str(instance.to_status),
        },
    )
