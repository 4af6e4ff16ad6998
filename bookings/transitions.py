"""The one door for state: how a booking request moves, and what its booking becomes of it."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from bookings.dispatch import enqueue_on_commit
from bookings.models import Booking, BookingRequest, BookingRequestEvent
from bookings.notifications import plan_notifications
from sites.models import Evse

logger = logging.getLogger(__name__)

Status = BookingRequest.Status
Actor = BookingRequestEvent.Actor


def move_request(
    request: BookingRequest,
    *,
    to: Status,
    actor: Actor,
    user: User | None = None,
    note: str = "",
    ampeco_booking_id: int | None = None,
    evse: Evse | None = None,
    **changes: Any,
) -> bool:
    """Move a request from the state it was read in; return whether this call did it.

    In one transaction: a conditional UPDATE on the old state, a line of history, the booking's own
    state, and the notifications to send. Whoever comes second changes nothing and gets False. On
    success `request` is up to date; it keeps no claim. Raises ValueError for a move that the state
    machine does not know.
    """
    if to not in BookingRequest.MOVES[request.status]:
        raise ValueError(f"A request that is {request.status} cannot become {to}.")
    now = timezone.now()
    settles = to in BookingRequest.SETTLED
    changes |= {"status": to, "lease_until": None, "lease_owner": None, "trouble": ""}
    if settles:
        changes["settled_at"] = now
    with transaction.atomic():
        moved = BookingRequest.objects.filter(pk=request.pk, status=request.status).update(
            **changes
        )
        if not moved:
            logger.info("Request %s was moved by someone else before it became %s.", request.pk, to)
            return False
        BookingRequestEvent.objects.create(
            request=request,
            at=now,
            from_status=request.status,
            to_status=to,
            actor=actor,
            user=user,
            note=note[:1000],
        )
        for name, value in changes.items():
            setattr(request, name, value)
        _carry_to_booking(request, ampeco_booking_id=ampeco_booking_id, evse=evse)
        if settles:
            for pk in plan_notifications(request):
                enqueue_on_commit("bookings.tasks.send_notification", pk)
    return True


def record_creation(request: BookingRequest, *, user: User | None, actor: Actor) -> None:
    """Write the first line of a new request's history."""
    BookingRequestEvent.objects.create(
        request=request, at=request.created_at, to_status=request.status, actor=actor, user=user
    )


def _carry_to_booking(
    request: BookingRequest, *, ampeco_booking_id: int | None, evse: Evse | None
) -> None:
    """Give the booking the state that follows from its create request."""
    changes: dict[str, Any]
    if request.status == Status.STALE:
        changes = {"needs_attention": True}
    elif request.status == Status.APPROVED:
        assigned = evse or request.evse
        changes = {
            "status": Booking.Status.ACCEPTED,
            "needs_attention": False,
            "ampeco_booking_id": ampeco_booking_id,
            "evse": assigned,
            # Until AMPECO names the booking and the charger, a worker reads on.
            "refresh_at": None if assigned and ampeco_booking_id else timezone.now(),
        }
    elif request.status in {Status.REJECTED, Status.FAILED}:
        outcome = (
            Booking.Status.REJECTED
            if request.status == Status.REJECTED
            else Booking.Status.NOT_PLACED
        )
        changes = {"status": outcome, "needs_attention": True, "slot_key": ""}
    else:
        return
    Booking.objects.filter(pk=request.booking_id).update(**changes)
    if changes.get("refresh_at"):
        enqueue_on_commit("bookings.tasks.refresh_booking", request.booking_id)
    for name, value in changes.items():
        setattr(request.booking, name, value)
