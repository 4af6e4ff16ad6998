"""What somebody looks at is asked for sooner."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from bookings.models import Booking, BookingRequest
from sync.refresh import watch_bookings

MOST_OF_FLEETS = 100


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
    _poll_next(_put_off(now).filter(booking__in=concerned.values("pk")), now=now)


def poll_sooner_in(fleets: Collection[int], *, now: datetime) -> None:
    """Let the next sweep poll undecided requests of fleets whose lists and boards are open.

    Of very many those that would be polled last.
    """
    undecided = _put_off(now).filter(booking__fleet__in=fleets).order_by("-next_attempt_at")
    if undecided.exists():
        _poll_next(undecided[:MOST_OF_FLEETS], now=now)


def _put_off(now: datetime) -> QuerySet[BookingRequest]:
    # What the next sweep polls anyway is left alone.
    next_sweep = now + timedelta(seconds=settings.POLL_INTERVAL_SECONDS)
    return BookingRequest.objects.filter(
        Q(next_attempt_at__gt=next_sweep) | Q(lease_until__gt=now),
        status__in=BookingRequest.UNDECIDED,
        trouble="",
    )


def _poll_next(requests: QuerySet[BookingRequest], *, now: datetime) -> None:
    with transaction.atomic():
        # What a sweep is writing just now is left to the next look: two that wait for each other's
        # rows would be a deadlock.
        free = requests.select_for_update(skip_locked=True, of=("self",))
        BookingRequest.objects.filter(pk__in=free.values("pk")).update(next_attempt_at=now)
