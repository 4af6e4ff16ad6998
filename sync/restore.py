"""What has to be known after the database came out of a back-up: that it may lag behind."""

from django.db.models import F
from django.utils import timezone

from bookings.models import Booking, BookingRequest, ChargingSession
from waiting.models import Wish


def expect_gap() -> int:
    """Let nothing be done twice that was done after the back-up was made; return what is doubted.

    A request that was waiting then may have been sent since: each is looked for at the operator
    before it is sent, as after a lost answer. Whatever is followed is read anew. What is waited for
    may have been booked since, so it is offered instead of being asked for by itself. For a time
    when no worker runs; may be repeated.
    """
    Wish.objects.filter(state__in=Wish.OPEN, by_itself=True).update(by_itself=False)
    doubted = BookingRequest.objects.filter(status=BookingRequest.Status.QUEUED).update(
        send_started_at=F("created_at"), lease_owner=None, lease_until=None
    )
    now = timezone.now()
    for followed in (Booking, ChargingSession):
        followed._default_manager.filter(refresh_at__isnull=False).update(refresh_at=now)
    return doubted
