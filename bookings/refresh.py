"""Reads confirmed bookings whose charger or id the portal does not know yet."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from ampeco.client import AmpecoClient
from ampeco.errors import AmpecoError, AmpecoNotFound
from bookings.models import Booking, BookingRequest
from sites.models import Evse

logger = logging.getLogger(__name__)

RETRY = timedelta(seconds=30)
MOST_ROWS = 50


def refresh_due(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Read the bookings that are due; return how many were completed.

    A row is claimed by moving its due time on: who changes it first reads it.
    """
    now = now or timezone.now()
    # Once it is over, nobody needs to know any more which charger it was.
    Booking.objects.filter(refresh_at__lte=now, end_at__lte=now).update(refresh_at=None)
    due = list(Booking.objects.filter(refresh_at__lte=now).order_by("refresh_at")[:MOST_ROWS])
    completed = 0
    for booking in due:
        claimed = Booking.objects.filter(pk=booking.pk, refresh_at=booking.refresh_at).update(
            refresh_at=now + RETRY
        )
        if not claimed:
            continue
        try:
            completed += _refresh(booking, client=client)
        except AmpecoNotFound:
            logger.warning("The operator does not know booking %s.", booking.ampeco_booking_id)
        except AmpecoError as error:
            logger.warning("Bookings could not be read: %s", error)
            break
        except DatabaseError:
            logger.exception("What is known of booking %s could not be recorded.", booking.pk)
    return completed


def refresh_one(booking_id: int, *, client: AmpecoClient) -> None:
    """Read one booking right away if it is still due; quiet when it is not."""
    booking = Booking.objects.filter(pk=booking_id, refresh_at__lte=timezone.now()).first()
    if booking is None:
        return
    claimed = Booking.objects.filter(pk=booking.pk, refresh_at=booking.refresh_at).update(
        refresh_at=timezone.now() + RETRY
    )
    if not claimed:
        return
    try:
        _refresh(booking, client=client)
    except AmpecoError as error:
        logger.warning("Booking %s could not be read; a sweep will: %s", booking.pk, error)


def _refresh(booking: Booking, *, client: AmpecoClient) -> bool:
    """Fill in the booking's upstream id and its charger; return whether both are known now."""
    ampeco_booking_id = booking.ampeco_booking_id
    if ampeco_booking_id is None:
        request = booking.requests.filter(
            status=BookingRequest.Status.APPROVED, ampeco_request_id__isnull=False
        ).first()
        if request is None or request.ampeco_request_id is None:
            return False
        ampeco_booking_id = client.read_booking_request(request.ampeco_request_id).booking_id
        if ampeco_booking_id is None:
            return False
        with transaction.atomic():
            Booking.objects.filter(pk=booking.pk).update(ampeco_booking_id=ampeco_booking_id)
    found = client.read_booking(ampeco_booking_id)
    evse = Evse.objects.filter(ampeco_id__in=found.evse_ids).order_by("pk").first()
    if evse is None:
        return False
    Booking.objects.filter(pk=booking.pk).update(evse=evse, refresh_at=None)
    return True
