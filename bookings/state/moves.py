"""The one door for a request's state: how it moves, with its history, its booking and its mails."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import (
    Actor,
    Booking,
    BookingDowntime,
    BookingEvent,
    BookingRequest,
    BookingRequestEvent,
)
from bookings.models.statuses import RequestStatus
from bookings.state import listeners
from bookings.state.booking import (
    becomes,
    is_to_be_cancelled,
    merge_external_booking,
    tell_change,
    update_each,
    write,
    write_all,
)
from bookings.wording.attention import troubles_left
from bookings.wording.versions import facts_of
from mirror.work import wake_on_commit
from sites.models import Evse
from vehicles.bay_memory import remember

logger = logging.getLogger(__name__)


Kind = BookingRequest.Kind
Status = BookingRequest.Status
OpenChange = Booking.OpenChange

# The tasks that take what is due; whoever has made something due wakes a worker to run them.
SUBMIT = "bookings.tasks.submit_requests"
REFRESH = "bookings.tasks.refresh_now"


@dataclass(slots=True)
class Move:
    """Where a request goes from the state it was read in, and who does it.

    `ampeco_booking_id` and `evse` are what an approval tells of the booking; `changes` are written
    to the request along with its state.
    """

    request: BookingRequest
    to: RequestStatus
    actor: Actor
    user: User | None = None
    note: str = ""
    ampeco_booking_id: int | None = None
    evse: Evse | None = None
    changes: dict[str, Any] = field(default_factory=dict)


class _Overtaken(Exception):
    """Somebody else has moved one of the requests since it was read."""


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
    """Move one request as `move_requests`; return whether this call did it."""
    move = Move(request, to, actor, user, note, ampeco_booking_id, evse, changes)
    return bool(move_requests([move]))


def move_requests(moves: Sequence[Move]) -> list[BookingRequest]:
    """Move requests from the states they were read in; return those that this call has moved.

    In one transaction and a handful of statements, however many there are: a conditional UPDATE on
    the old state, a line of history each, the bookings' own states with what follows from them, and
    the notifications to send. Whoever comes second changes nothing: where somebody else has moved
    one of the requests, the others are moved one by one. Those moved are up to date, and keep no
    claim. Raises ValueError for a move that the state machine does not know.
    """
    for move in moves:
        if move.to not in BookingRequest.MOVES[move.request.status]:
            raise ValueError(f"A request that is {move.request.status} cannot become {move.to}.")
    if not moves:
        return []
    try:
        with transaction.atomic():
            lines = _move(moves, now=timezone.now())
    except _Overtaken:
        if len(moves) > 1:
            return [request for move in moves for request in move_requests([move])]
        text = "Request %s was moved by someone else before it became %s."
        logger.info(text, moves[0].request.pk, moves[0].to)
        return []
    for line in lines:
        _tell_watchers(line)
    return [move.request for move in moves]


def _tell_watchers(line: BookingRequestEvent) -> None:
    """Tell whoever watches the history of a line; bulk_create leaves that out."""
    post_save.send(BookingRequestEvent, instance=line, created=True, raw=False)


def _move(moves: Sequence[Move], *, now: datetime) -> list[BookingRequestEvent]:
    alike: dict[tuple[str, frozenset[str]], dict[int, dict[str, Any]]] = defaultdict(dict)
    for move in moves:
        changes = move.changes | {
            "status": move.to,
            "lease_until": None,
            "lease_owner": None,
            "trouble": "",
        }
        if move.to in BookingRequest.SETTLED:
            changes["settled_at"] = now
        alike[move.request.status, frozenset(changes)][move.request.pk] = changes
    for (old, _names), values in alike.items():
        if update_each(BookingRequest.objects.filter(status=old), values) < len(values):
            raise _Overtaken
    lines = _write_history(moves, now=now)
    for values in alike.values():
        for move in moves:
            for name, value in values.get(move.request.pk, {}).items():
                setattr(move.request, name, value)
    _follow(moves, now=now)
    settled = [move.request for move in moves if move.to in BookingRequest.SETTLED]
    _remember_bays(settled, now=now)
    if settled:
        for listener in listeners.requests_settled:
            listener(settled)
    return lines


def _write_history(moves: Sequence[Move], *, now: datetime) -> list[BookingRequestEvent]:
    return BookingRequestEvent.objects.bulk_create(
        BookingRequestEvent(
            request=move.request,
            at=now,
            from_status=move.request.status,
            to_status=move.to,
            actor=move.actor,
            user=move.user,
            note=move.note[:1000],
        )
        for move in moves
    )


def _follow(moves: Iterable[Move], *, now: datetime) -> None:
    """Change the bookings as their requests' new states want, under the rows' locks.

    What concerns another booking as well is done by itself.
    """
    concerned = {}
    for move in moves:
        if move.to == Status.STALE or move.to in BookingRequest.SETTLED:
            concerned[move.request.pk] = move
        else:
            tell_change(move.request.booking)
    if not concerned:
        return
    bookings = _locked(concerned)
    known = _made_elsewhere(concerned.values())
    alone = {
        pk: move for pk, move in concerned.items() if _concerns_another(move, bookings[pk], known)
    }
    troubles = _troubles_left(concerned, bookings)
    write_all(
        [
            (bookings[pk], _becomes(move, bookings[pk], now=now, troubles=troubles))
            for pk, move in concerned.items()
            if pk not in alone
        ],
        now=now,
    )
    for pk, move in alone.items():
        bookings |= _locked({pk: move})
        _settle_creation(move, bookings[pk], now=now)
    for pk, move in concerned.items():
        _copy(bookings[pk], move.request.booking)
        if move.request.kind == Kind.CREATE and bookings[pk].is_unnamed:
            # Until AMPECO names the booking and the charger, a worker reads on.
            wake_on_commit(REFRESH)


def _locked(moves: Mapping[int, Move]) -> dict[int, Booking]:
    """Return bookings, locked, by the ids of the requests that move."""
    rows = Booking.objects.select_for_update(of=("self",)).filter(requests__in=list(moves))
    found: dict[int, Booking] = {}
    for booking in rows.annotate(moved_by=F("requests__pk")).order_by("pk"):
        request = moves[booking.moved_by].request
        if booking.pk == request.booking_id:
            booking.fleet = request.booking.fleet
        else:
            # Its booking was merged into this one since the request was read.
            request.booking = booking
        found[request.pk] = booking
    return found


def _made_elsewhere(moves: Iterable[Move]) -> set[int | None]:
    """Return which of the approved bookings stand here already, taken in by a sweep."""
    ids = {move.ampeco_booking_id for move in moves if move.request.kind == Kind.CREATE} - {None}
    if not ids:
        return set()
    held = Booking.objects.filter(ampeco_booking_id__in=ids, made_elsewhere=True)
    return set(held.values_list("ampeco_booking_id", flat=True))


def _concerns_another(move: Move, booking: Booking, known: set[int | None]) -> bool:
    if move.request.kind != Kind.CREATE or move.to == Status.STALE:
        return False
    return bool(
        booking.replaces_id
        or is_to_be_cancelled(move.request, booking)
        or move.ampeco_booking_id in known
    )


def _troubles_left(
    moves: Mapping[int, Move], bookings: Mapping[int, Booking]
) -> Mapping[int, set[str]]:
    """Return what approved changes leave of what their bookings need attention for."""
    made = [
        (bookings[pk], move.request)
        for pk, move in moves.items()
        if (move.request.kind, move.to) == (Kind.UPDATE, Status.APPROVED)
    ]
    found = troubles_left(made) if made else {}
    if under := [pk for pk, troubles in found.items() if troubles == {BookingEvent.What.DOWNTIME}]:
        # By then it alone holds them, so that they leave the list along with it.
        BookingDowntime.objects.filter(booking__in=under, over_at=None).update(marked=True)
    return found


def _becomes(
    move: Move, booking: Booking, *, now: datetime, troubles: Mapping[int, set[str]] | None = None
) -> dict[str, Any]:
    return becomes(
        booking,
        by=move.request,
        now=now,
        ampeco_booking_id=move.ampeco_booking_id,
        evse=move.evse or move.request.evse,
        is_in_trouble=booking.pk in (troubles or {}),
    )


def _settle_creation(move: Move, booking: Booking, *, now: datetime) -> None:
    """Change a booking that was asked for, and another one with it.

    Approval of a booking that replaces another one, or that is to be cancelled by now, opens the
    cancellation that belongs to it in the same transaction, so that a crash cannot lose it.
    """
    request = move.request
    to_be_cancelled = is_to_be_cancelled(request, booking)
    if not request.is_refused:
        merge_external_booking(booking, ampeco_booking_id=move.ampeco_booking_id)
    write(booking, now=now, **_becomes(move, booking, now=now))
    if request.is_refused:
        _leave_replaced(booking, request, now)
    elif to_be_cancelled:
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
    return request


def record_creation(request: BookingRequest, *, user: User | None, actor: Actor) -> None:
    """Write the first line of a request's history; a worker sends what is queued, once committed.

    In the transaction that saves the request.
    """
    record_creations([request], user=user, actor=actor)


def record_creations(
    requests: Sequence[BookingRequest], *, user: User | None, actor: Actor
) -> None:
    """Do the same for many, with one statement."""
    lines = BookingRequestEvent.objects.bulk_create(
        BookingRequestEvent(
            request=request, at=request.created_at, to_status=request.status, actor=actor, user=user
        )
        for request in requests
    )
    for line in lines:
        _tell_watchers(line)
        tell_change(line.request.booking)
    if any(request.status == Status.QUEUED for request in requests):
        wake_on_commit(SUBMIT)


def _remember_bays(requests: Iterable[BookingRequest], *, now: datetime) -> None:
    """Remember what the operator said to vehicles' needs of a parking space, if there were any."""
    decided = {Status.APPROVED, Status.REJECTED}
    for request in requests:
        if request.wanted_parking and request.kind == Kind.CREATE and request.status in decided:
            remember(
                fleet=request.booking.fleet,
                location=request.location,
                needs=request.criteria.parking,
                approved=request.status == Status.APPROVED,
                reason=request.rejection_reason,
                now=now,
            )


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
    attention = {"needs_attention": True} if replaced.is_confirmed and not given_up else {}
    write(replaced, now=now, open_change="", **attention)
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
    for column in Booking._meta.concrete_fields:
        setattr(to, column.attname, getattr(booking, column.attname))
