"""Why bookings need attention, in a few words each."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.wording.facts import one_line
from bookings.wording.history import OCCURRENCES
from sites.facts import trouble_of

Status = Booking.Status
What = BookingEvent.What
LONGEST_REASON = 160
# Until then what is wrong with a charger may well be repaired.
SOON = timedelta(hours=24)
WITH_A_REASON = (What.CHANGED, What.GONE, What.MOVE_ENDED, What.RUNNING_LATE)


def risk_of(booking: Booking) -> str:
    """Return what is wrong with the charger of a booking that begins soon; "" for all others."""
    now = timezone.now()
    if booking.status not in Booking.GOES_AHEAD or not now < booking.start_at < now + SOON:
        return ""
    return trouble_of(booking.evse) if booking.evse else ""


def reasons_of(bookings: Iterable[Booking]) -> dict[int, str]:
    """Return why each of the bookings that need attention does, by primary key.

    Costs two queries for however many bookings, or none if nothing needs attention.
    """
    marked = {booking.pk: booking for booking in bookings if booking.needs_attention}
    if not marked:
        return {}
    # The latest of each booking comes last, and stays.
    requests = BookingRequest.objects.filter(booking__in=marked).order_by("created_at", "pk")
    events = BookingEvent.objects.filter(booking__in=marked, what__in=WITH_A_REASON)
    last_request = {request.booking_id: request for request in requests}
    last_event = {event.booking_id: event for event in events.order_by("at", "pk")}
    return {
        pk: _reason(booking, last_request.get(pk), last_event.get(pk))
        for pk, booking in marked.items()
    }


def _reason(booking: Booking, request: BookingRequest | None, event: BookingEvent | None) -> str:
    if booking.status == Status.REQUESTED:
        return _("No answer yet")
    if booking.status in Booking.LOST:
        return str(booking.traits.meaning)
    if booking.status == Status.CANCELLED:
        return _("Cancelled on the operator’s side, not from this portal.")
    if event and (request is None or _came_later(event, request)):
        return _reason_of_event(event)
    if request is None:
        return ""
    said = request.rejection_reason
    if request.status == BookingRequest.Status.FAILED:
        said = str(request.get_failure_display() or _("Could not be booked"))
    return OCCURRENCES[request.kind, request.status].reason_for(
        one_line(said, longest=LONGEST_REASON)
    )


def _came_later(event: BookingEvent, request: BookingRequest) -> bool:
    return request.is_settled and event.at >= (request.settled_at or request.created_at)


def _reason_of_event(event: BookingEvent) -> str:
    if event.what != What.CHANGED:
        return OCCURRENCES[event.what].reason_for(one_line(event.note, longest=LONGEST_REASON))
    if event.actor != Actor.OPERATOR:
        return ""
    if {"start_at", "end_at"} & event.changes.keys():
        return _("The operator moved it to another time.")
    if {"evse", "location"} & event.changes.keys():
        return _("The operator moved it to another charger.")
    if "driver" in event.changes:
        return _("The operator gave it to another driver.")
    return ""
