"""The one door for a request's state: how it moves, with its history, its booking and its mails."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest, BookingRequestEvent
from bookings.models.statuses import RequestStatus
from bookings.state import listeners
from bookings.state.booking import merge_external_booking, tell_change, write
from bookings.wording.versions import CHANGEABLE_FACTS, facts_of
from mirror.work import enqueue_on_commit
from sites.models import Evse
from vehicles.bay_memory import remember

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


Kind = BookingRequest.Kind
Status = BookingRequest.Status
OpenChange = Booking.OpenChange


def apply_request_outcome(
    request: BookingRequest, *, now: datetime, ampeco_booking_id: int | None, evse: Evse | None
) -> None:
    """Change the booking as its request's new state wants, under the row's lock.

    What the operator said to a vehicle's needs of a parking space is remembered with it.

    Approval of a booking that replaces another one, or that is to be cancelled by now, opens the
    cancellation that belongs to it in the same transaction, so that a crash cannot lose it.
    """
    if request.status != Status.STALE and not request.is_settled:
        tell_change(request.booking)
        return
    booking = Booking.objects.select_for_update(of=("self",)).get(requests=request.pk)
    if booking.pk == request.booking_id:
        booking.fleet = request.booking.fleet
    else:
        # Its booking was merged into this one since the request was read.
        request.booking = booking
    if request.status == Status.STALE:
        write(booking, now=now, needs_attention=True)
    elif request.kind == Kind.CREATE:
        _remember_bays(request, booking, now)
        _apply_creation(request, booking, now, ampeco_booking_id, evse)
    elif request.kind == Kind.UPDATE:
        _apply_change(request, booking, now)
    else:
        _apply_cancellation(request, booking, now)
    _copy(booking, request.booking)


def open_cancellation(
    booking: Booking,
    *,
    now: datetime,
    asked_by: Actor,
    user: User | None,
    on_behalf_of: User | None = None,
    **fields: Any,
) -> BookingRequest:
    """Save a cancel request with the first line of its history, and mark the booking.

    `user` asks for it, `on_behalf_of` is told what came of it where that is somebody else. For
    callers that hold the booking's row and know that no request about it is open.
    """
    write(booking, now=now, open_change=OpenChange.CANCEL)
    request = BookingRequest.objects.create(
        booking=booking,
        kind=Kind.CANCEL,
        **facts_of(booking),
        asked_by=asked_by,
        created_by=on_behalf_of or user,
        created_at=now,
        next_attempt_at=now,
        **fields,
    )
    record_creation(request, user=user, actor=asked_by)
    enqueue_on_commit("bookings.tasks.submit_request", request.pk)
    return request


def record_creation(request: BookingRequest, *, user: User | None, actor: Actor) -> None:
    BookingRequestEvent.objects.create(
        request=request, at=request.created_at, to_status=request.status, actor=actor, user=user
    )
    tell_change(request.booking)


def _apply_creation(
    request: BookingRequest,
    booking: Booking,
    now: datetime,
    ampeco_booking_id: int | None,
    evse: Evse | None,
) -> None:
    to_be_cancelled = (
        booking.open_change == OpenChange.WITHDRAW
        or request.failure == BookingRequest.Failure.WITHDRAWN
    )
    if request.is_refused:
        if to_be_cancelled:
            outcome = Booking.Status.CANCELLED
        elif request.status == Status.REJECTED:
            outcome = Booking.Status.REJECTED
        else:
            outcome = Booking.Status.NOT_PLACED
        write(booking, now=now, status=outcome, needs_attention=not to_be_cancelled, open_change="")
        _leave_replaced(booking, request, now)
        return
    assigned = evse or request.evse
    merge_external_booking(booking, ampeco_booking_id=ampeco_booking_id)
    write(
        booking,
        now=now,
        status=Booking.Status.ACCEPTED,
        needs_attention=False,
        ampeco_booking_id=ampeco_booking_id,
        evse=assigned,
        refresh_at=now,
    )
    if ampeco_booking_id is None or assigned is None:
        # Until AMPECO names the booking and the charger, a worker reads on.
        enqueue_on_commit("bookings.tasks.refresh_booking", booking.pk)
    if to_be_cancelled:
        asked = booking.events.filter(what=BookingEvent.What.WITHDRAWAL_ASKED).last()
        open_cancellation(
            booking,
            now=now,
            asked_by=Actor(asked.actor) if asked else Actor.PORTAL,
            user=asked.user if asked else None,
            batch=request.batch,
        )
        _leave_replaced(booking, request, now)
    else:
        _cancel_replaced(booking, now)


def _remember_bays(request: BookingRequest, booking: Booking, now: datetime) -> None:
    if request.status in {Status.APPROVED, Status.REJECTED}:
        remember(
            fleet=booking.fleet,
            location=request.location,
            needs=request.criteria.parking,
            approved=request.status == Status.APPROVED,
            reason=request.rejection_reason,
            now=now,
        )


def _apply_change(request: BookingRequest, booking: Booking, now: datetime) -> None:
    if request.is_refused:
        _keep_as_it_was(booking, now)
    elif booking.holds_a_place:
        write(
            booking,
            now=now,
            open_change="",
            needs_attention=False,
            refresh_at=now,
            **{fact.name: getattr(request, fact.name) for fact in CHANGEABLE_FACTS},
        )
    else:
        # Cancelled or ended at the operator before the approval was seen.
        write(booking, now=now, open_change="")


def _apply_cancellation(request: BookingRequest, booking: Booking, now: datetime) -> None:
    if request.is_refused:
        _keep_as_it_was(booking, now)
    elif booking.expects(Booking.Status.CANCELLED):
        write(
            booking,
            now=now,
            status=Booking.Status.CANCELLED,
            open_change="",
            needs_attention=False,
            refresh_at=None,
        )
    else:
        # Cancelled or ended at the operator before the approval was seen.
        write(booking, now=now, open_change="", needs_attention=False)


def _keep_as_it_was(booking: Booking, now: datetime) -> None:
    changes: dict[str, Any] = {"refresh_at": now} if booking.holds_a_place else {}
    write(booking, now=now, open_change="", needs_attention=booking.holds_a_place, **changes)


def _cancel_replaced(booking: Booking, now: datetime) -> None:
    """Open the cancellation of the booking that this approved one replaces, if it may still stand.

    One whose time has begun is tried as well: that is the operator's to refuse. So is one of which
    the operator knows nothing at the moment: should it come back, both would stand.
    """
    replaced = _replaced(booking)
    if replaced is None:
        return
    may_stand = replaced.status in Booking.MAY_STAND and not replaced.is_past(now)
    if may_stand:
        open_cancellation(replaced, now=now, asked_by=Actor.MANAGER, user=booking.created_by)
    else:
        write(replaced, now=now, open_change="")


def _leave_replaced(booking: Booking, request: BookingRequest, now: datetime) -> None:
    """Leave the booking that should have been replaced as it was, and say so in its history.

    Nobody needs to look at it where the move was given up by somebody, and not refused.
    """
    replaced = _replaced(booking)
    if replaced is None:
        return
    given_up = booking.status not in Booking.NEVER_BOOKED
    write(replaced, now=now, open_change="", needs_attention=replaced.is_confirmed and not given_up)
    BookingEvent.objects.create(
        booking=replaced,
        at=now,
        what=BookingEvent.What.MOVE_ENDED,
        actor=Actor.OPERATOR if request.status == Status.REJECTED else Actor.PORTAL,
        note=(
            request.rejection_reason
            or request.get_failure_display()
            or _("The new booking was to be cancelled.")
        ),
    )


def _replaced(booking: Booking) -> Booking | None:
    """Return the booking that this one was to replace, locked, if it still waits for that."""
    if booking.replaces_id is None:
        return None
    replaced = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("fleet", "driver", "location", "evse")
        .get(pk=booking.replaces_id)
    )
    return replaced if replaced.open_change == OpenChange.MOVE else None


def _copy(booking: Booking, to: Booking) -> None:
    # The caller goes on with its own copy.
    for field in Booking._meta.concrete_fields:
        setattr(to, field.attname, getattr(booking, field.attname))
