"""Writes mails in the transaction in which something happens to a booking."""

from bookings.models import Booking, BookingEvent, BookingRequest
from bookings.state import listeners
from mirror.work import enqueue_on_commit
from notifications.models import Notification
from notifications.recipients import plan_for_event, plan_for_request

SEND = "notifications.tasks.send_notification"


def listen() -> None:
    """Have mails written whenever a booking's state changes."""
    listeners.request_settled.append(tell_of_request)
    listeners.event_recorded.append(tell_of_event)
    listeners.booking_merged.append(hand_over_mails)


def tell_of_request(request: BookingRequest) -> None:
    """Write whom to tell that a request was settled, and have it sent after the commit."""
    for pk in plan_for_request(request):
        enqueue_on_commit(SEND, pk)


def tell_of_event(event: BookingEvent) -> None:
    """Write whom to tell of what happened to a booking, and have it sent after the commit."""
    for pk in plan_for_event(event):
        enqueue_on_commit(SEND, pk)


def hand_over_mails(found: Booking, booking: Booking) -> None:
    """Keep the mails about a booking that gives way to another row."""
    Notification.objects.filter(booking=found).update(booking=booking)
