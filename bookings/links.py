"""The signed address of a driver's own page about one booking."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from bookings.models import Booking
from drivers.models import Driver

SIGNER = Signer(salt="bookings.driver-page", sep=".")
# So that a driver who stays a little longer still finds the page.
VALID_AFTER_END = timedelta(hours=12)


def driver_page_url(booking: Booking, driver: Driver) -> str:
    """Return the full address of a driver's page about a booking."""
    path = reverse("driver-page:show", args=[link_token(booking, driver)])
    return f"{settings.SITE_URL}{path}"


def link_token(booking: Booking, driver: Driver) -> str:
    """Return what proves that its bearer was sent a link to this booking as this driver.

    It names the booking by its public id, the driver, and the generation of the booking's links:
    revoking them begins a new one.
    """
    return SIGNER.sign(f"{booking.uid.hex}-{driver.pk}-{booking.link_generation}")


def booking_of_link(token: str, *, now: datetime | None = None) -> Booking | None:
    """Return the booking that a link opens; None if it is expired, revoked, or not one of ours.

    A booking that has another driver now is no longer the business of the earlier one.
    """
    now = now or timezone.now()
    try:
        uid, driver_pk, generation = SIGNER.unsign(token).split("-")
        wanted = uuid.UUID(hex=uid)
    except (BadSignature, ValueError):
        return None
    booking = (
        Booking.objects.filter(uid=wanted, fleet__is_active=True)
        .select_related("fleet", "driver", "location", "evse__charge_point", "created_by")
        .first()
    )
    if booking is None or f"{booking.driver_id}-{booking.link_generation}" != (
        f"{driver_pk}-{generation}"
    ):
        return None
    return booking if now <= booking.end_at + VALID_AFTER_END else None
