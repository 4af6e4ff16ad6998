"""Why bookings need attention, in a few words each."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.wording.facts import one_line

Kind = BookingRequest.Kind
What = BookingEvent.What
LONGEST_REASON = 160
TELLING = (What.CHANGED, What.GONE, What.MOVE_ENDED, What.RUNNING_LATE)


def reasons_of(bookings: Iterable[Booking]) -> dict[int, str]:
    """Return why each of the bookings that need attention does, by primary key.

    Costs two queries for however many bookings, or none if nothing needs attention.
    """
    marked = {booking.pk: booking for booking in bookings if booking.needs_attention}
    if not marked:
        return {}
    # The latest of each booking comes last, and stays.
    requests = {
        request.booking_id: request
        for request in BookingRequest.objects.filter(booking__in=marked).order_by(
            "created_at", "pk"
        )
    }
    events = {
        event.booking_id: event
        for event in BookingEvent.objects.filter(booking__in=marked, what__in=TELLING).order_by(
            "at", "pk"
        )
    }
    return {
        pk: _reason(booking, requests.get(pk), events.get(pk)) for pk, booking in marked.items()
    }


def _reason(booking: Booking, request: BookingRequest | None, event: BookingEvent | None) -> str:
    match booking.status:
        case Booking.Status.REQUESTED:
            return _("No answer yet")
        case status if status in Booking.LOST:
            return str(booking.traits.meaning)
        case Booking.Status.CANCELLED:
            return _("Cancelled on the operator’s side, not from this portal.")
    if request and not request.is_settled:
        return _("No answer yet") if request.status == BookingRequest.Status.STALE else ""
    if event and (request is None or event.at >= _when(request)):
        return _told_by_event(event)
    return _told_by_request(request) if request else ""


def _when(request: BookingRequest) -> datetime:
    return request.settled_at or request.created_at


def _told_by_request(request: BookingRequest) -> str:
    if request.status == BookingRequest.Status.FAILED:
        words = {"reason": request.get_failure_display() or _("Not placed")}
        if request.kind == Kind.UPDATE:
            return _("Not changed: %(reason)s") % words
        if request.kind == Kind.CANCEL:
            return _("Not cancelled: %(reason)s") % words
        return str(words["reason"])
    if request.status != BookingRequest.Status.REJECTED:
        return ""
    reason = one_line(request.rejection_reason, longest=LONGEST_REASON)
    words = {"reason": reason}
    if request.kind == Kind.UPDATE:
        return _("Change rejected: “%(reason)s”") % words if reason else _("Change rejected.")
    if request.kind == Kind.CANCEL:
        if reason:
            return _("Cancellation rejected: “%(reason)s”") % words
        return _("Cancellation rejected.")
    if reason:
        return _("The operator says: “%(reason)s”") % words
    return _("The operator gave no reason.")


def _told_by_event(event: BookingEvent) -> str:
    match event.what:
        case What.GONE:
            return _("The operator no longer knows this booking.")
        case What.MOVE_ENDED:
            reason = one_line(event.note, longest=LONGEST_REASON)
            return _("Not moved: “%(reason)s”") % {"reason": reason} if reason else _("Not moved.")
        case What.RUNNING_LATE:
            return _("The driver runs late.")
    if event.actor != Actor.OPERATOR:
        return ""
    if {"start_at", "end_at"} & event.changes.keys():
        return _("The operator moved it to another time.")
    if {"evse", "location"} & event.changes.keys():
        return _("The operator moved it to another charger.")
    if "driver" in event.changes:
        return _("The operator gave it to another driver.")
    return ""
