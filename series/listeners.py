"""Keeps the dates of series at the bookings that they have, where those move or become one."""

from collections.abc import Sequence

from django.utils import timezone

from bookings.models import Booking, BookingRequest
from series.models import Series, SeriesDate


def follow_moves(requests: Sequence[BookingRequest]) -> None:
    """Let dates follow their bookings to another place, or back to the one that they still have."""
    for request in requests:
        new = request.booking
        if request.kind != BookingRequest.Kind.CREATE or new.replaces_id is None:
            continue
        if request.status == BookingRequest.Status.APPROVED:
            SeriesDate.objects.filter(booking=new.replaces_id).update(booking=new)
        else:
            SeriesDate.objects.filter(booking=new).update(booking=new.replaces_id)


def wake(requests: Sequence[BookingRequest]) -> None:
    """Let workers look at series that wait for what was decided just now."""
    bookings = {request.booking_id for request in requests}
    waiting = SeriesDate.objects.filter(booking__in=bookings, to_adjust=True)
    active = Series.objects.filter(state=Series.State.ACTIVE, dates__in=waiting)
    active.update(look_at=timezone.now())


def follow_merge(gone: Booking, same: Booking) -> None:
    SeriesDate.objects.filter(booking=gone).update(booking=same)
