"""What somebody looks at is asked for sooner."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from bookings.sync.refresh import watch_bookings


def poll_sooner(bookings: Iterable[Booking], *, now: datetime | None = None) -> None:
    """Let the next sweep poll the undecided requests of bookings whose page is open.

    However old they are, and also those that a sweep is reading just now: it may have read them
    before the decision. But a request in trouble keeps its back-off, since a page must not make
    an outage worse. Bookings that are about to start or to end are read sooner as well.
    """
    now = now or timezone.now()
    bookings = list(bookings)
    watch_bookings(bookings, now=now)
    waiting = [booking.pk for booking in bookings if booking.is_undecided]
    if not waiting:
        return
    # A booking that is being moved waits for the one that is to replace it.
    concerned = Booking.objects.filter(Q(pk__in=waiting) | Q(replaces__in=waiting))
    undecided = BookingRequest.objects.filter(
        Q(next_attempt_at__gt=now) | Q(lease_until__gt=now),
        booking__in=concerned.values("pk"),
        status__in=BookingRequest.UNDECIDED,
        trouble="",
    )
    with transaction.atomic():
        # What a sweep is writing just now is left to the next look: two that wait for each other's
        # rows would be a deadlock.
        free = undecided.select_for_update(skip_locked=True)
        BookingRequest.objects.filter(pk__in=free.values("pk")).update(next_attempt_at=now)
