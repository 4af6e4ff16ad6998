"""The one door for a request's state: how it moves, with its history, its booking and its mails."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from bookings.models import Actor, BookingRequest, BookingRequestEvent
from bookings.models.statuses import RequestStatus
from bookings.state import listeners
from bookings.state.outcomes import apply_request_outcome
from sites.models import Evse

logger = logging.getLogger(__name__)


def move_request(
    request: BookingRequest,
    *,
    to: RequestStatus,
    actor: Actor,
    user: User | None = None,
    note: str = "",
    ampeco_booking_id: int | None = None,
    evse: Evse | None = None,
    **changes: Any,
) -> bool:
    """Move a request from the state it was read in; return whether this call did it.

    In one transaction: a conditional UPDATE on the old state, a line of history, the booking's own
    state with what follows from it, and the notifications to send. Whoever comes second changes
    nothing and gets False. On success `request` is up to date; it keeps no claim. Raises ValueError
    for a move that the state machine does not know.
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
        apply_request_outcome(request, now=now, ampeco_booking_id=ampeco_booking_id, evse=evse)
        if settles:
            for listener in listeners.request_settled:
                listener(request)
    return True
