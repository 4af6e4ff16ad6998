"""What managers and staff can do: ask for bookings, also instead of others; ask again."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import (
    BookingRefused,
    Candidate,
    Slot,
    first_refusal,
    fleet_has_no_other_booking_there,
    fleet_keeps_its_limits,
    refused_while_held,
)
from bookings.actions.change import change_candidate, check_changeable, read_booking
from bookings.actions.limits import hold_to_limits
from bookings.actions.move import check_movable, hold_for_move
from bookings.actions.prices import tell_prices
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.models.booking import reference_key, slot_key
from bookings.state.booking import tell_change, write
from bookings.state.moves import open_cancellation, record_creation
from bookings.wording.attention import NEWS, troubles_left
from bookings.wording.open_change import describe_changes
from bookings.wording.versions import facts_before, facts_of, same_as


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of a submitted form: the request, and whether this submission made it."""

    request: BookingRequest
    is_new: bool


@refused_while_held()
def submit_booking_request(
    candidate: Candidate,
    *,
    user: User | None,
    reference: str,
    submission_key: uuid.UUID,
    seen_version: int | None = None,
    asked_by: Actor = Actor.MANAGER,
) -> Submission:
    """Save a new booking with its create request, to be sent by a worker once committed.

    The same form sent twice, or the same slot asked for the same driver while that booking lives,
    gives the existing request; a form that comes back with another slot or driver is a new one.
    Reads availability upstream once; when it cannot be read for a passing reason, the request is
    saved all the same and the worker looks again. Raises BookingRefused with nothing changed.

    A candidate that moves a booking holds that one, as it was at `seen_version`, as it is until the
    new one is decided; it is cancelled when that is approved. `user` looks after the booking, also
    where the driver is the one who asks.
    """
    same_form = (
        BookingRequest.objects.filter(submission_key=submission_key)
        .select_related("booking")
        .first()
    )
    existing = _same_request(same_form, candidate)
    if existing:
        return Submission(existing, is_new=False)
    if same_form:
        # The browser's back button brought the form back, and it was filled in differently.
        submission_key = uuid.uuid4()
    try:
        if candidate.previous is not None:
            candidate.previous = check_movable(
                candidate.previous,
                slot=candidate.slot,
                seen_version=seen_version,
                user=user if asked_by == Actor.MANAGER else None,
                now=candidate.now,
            )
        refusal = first_refusal(candidate)
        if refusal:
            raise refusal
        tell_prices([candidate], may_ask=False)
        request = _save(
            candidate,
            user=user,
            reference=reference,
            submission_key=submission_key,
            asked_by=asked_by,
        )
    except (IntegrityError, BookingRefused) as error:
        # Of two clicks or tabs the other one was faster by a moment.
        same_form = BookingRequest.objects.filter(submission_key=submission_key).first()
        existing = _same_request(same_form, replace(candidate))
        if existing:
            return Submission(existing, is_new=False)
        if isinstance(error, BookingRefused):
            raise
        # That booking was given up in the moment between.
        raise BookingRefused(
            "slot", _("Something went wrong. Please send the form again.")
        ) from None
    return Submission(request, is_new=True)


def retry_failed(request: BookingRequest, *, staff_user: User) -> bool:
    """Ask again for what failed before it reached the operator; return whether that was done.

    A new request is made, the failed one and its history stay. Nothing is made when the start has
    passed or the booking has moved on since: it was given up or asked for again, it is no longer
    confirmed, or something else is asked for about it; nor where the fleet has the charger by now.
    """
    now = timezone.now()
    if request.status != BookingRequest.Status.FAILED or request.start_at <= now:
        return False
    retry = {
        BookingRequest.Kind.CREATE: _place_again,
        BookingRequest.Kind.UPDATE: _change_again,
        BookingRequest.Kind.CANCEL: _cancel_again,
    }[BookingRequest.Kind(request.kind)]
    try:
        with refused_while_held(), transaction.atomic():
            return retry(request, staff_user=staff_user, now=now)
    except (IntegrityError, BookingRefused):
        return False


@refused_while_held()
@transaction.atomic
def dismiss_attention(
    booking: Booking, *, seen: str | None = None, reader: User | None = None
) -> bool:
    """Take a booking off the list of those that need attention; return whether that was done.

    Raises BookingRefused, for the reader, where it has changed since it was read, or anything has
    gone wrong with it since the page that was `seen` (see `seen_mark`).
    """
    rows = Booking.objects.filter(pk=booking.pk)
    current = rows.select_for_update().get()
    if booking.version != current.version or seen not in {None, seen_mark(current)}:
        if seen and seen.startswith(f"{current.version}-"):
            # The facts are those that were shown.
            text = _("This booking has changed since you opened the page. Please look at it again.")
        else:
            text = describe_changes(read_booking(booking), reader=reader)
        raise BookingRefused("booking", text)
    if not current.needs_attention:
        return False
    BookingEvent.objects.create(
        booking=current, what=BookingEvent.What.DONE, actor=Actor.MANAGER, user=reader
    )
    rows.update(needs_attention=False)
    tell_change(booking)
    return True


def seen_mark(booking: Booking, events: Iterable[BookingEvent] | None = None) -> str:
    """Return by what a page remembers how far somebody has read: the version does not tell it.

    Trouble that is noted leaves that as it is, so the last news of the history counts as well;
    `events` is the history, where it has been read.
    """
    if events is None:
        events = booking.events.filter(what__in=NEWS)
    last = max((event.pk for event in events if event.what in NEWS), default=0)
    return f"{booking.version}-{last}"


@transaction.atomic
def restore_attention(booking: Booking) -> None:
    """Undo what somebody has just marked as done: its line of history goes, too."""
    done = booking.events.filter(what=BookingEvent.What.DONE).order_by("at", "pk").last()
    if done is not None:
        done.delete()
    Booking.objects.filter(pk=booking.pk).update(needs_attention=True)
    tell_change(booking)


def _place_again(request: BookingRequest, *, staff_user: User, now: datetime) -> bool:
    booking = request.booking
    # What was sent while this one had failed is not overtaken by its old turn.
    refusal = fleet_has_no_other_booking_there(_as_asked(request))
    if refusal:
        raise refusal
    _keep_limits(request)
    key = slot_key(
        driver=request.driver,
        location=request.location,
        evse=request.evse,
        wanted=request.criteria.key,
        start=request.start_at,
        end=request.end_at,
    )
    revived = Booking.objects.filter(pk=booking.pk, status=Booking.Status.NOT_PLACED).update(
        status=Booking.Status.REQUESTED,
        needs_attention=False,
        slot_key=key,
        version=F("version") + 1,
        changed_at=now,
    )
    if not revived:
        return False
    if booking.replaces is not None and booking.replaces.is_confirmed:
        # It was to be moved here: without a hold on it, both would stand.
        check_changeable(booking.replaces, seen_version=None, user=staff_user, now=now)
        hold_for_move(booking.replaces, to=booking, actor=Actor.STAFF, user=staff_user)
    _repeat(request, staff_user=staff_user, now=now)
    return True


def _change_again(request: BookingRequest, *, staff_user: User, now: datetime) -> bool:
    booking = request.booking
    if not booking.can_change(now) or same_as(booking, request):
        return False
    _keep_limits(request)
    if not write(
        booking,
        now=now,
        only_version=booking.version,
        open_change=Booking.OpenChange.UPDATE,
        needs_attention=booking.pk in troubles_left([(booking, request)]),
    ):
        return False
    _repeat(
        request,
        staff_user=staff_user,
        now=now,
        **facts_before(booking),
    )
    return True


def _cancel_again(request: BookingRequest, *, staff_user: User, now: datetime) -> bool:
    booking = (
        Booking.objects.select_for_update(of=("self",))
        .select_related("fleet", "driver", "location", "evse")
        .get(pk=request.booking_id)
    )
    if not (booking.is_confirmed and booking.can_cancel(now)):
        return False
    open_cancellation(
        booking, now=now, asked_by=Actor.STAFF, user=staff_user, on_behalf_of=request.created_by
    )
    return True


def _keep_limits(request: BookingRequest) -> None:
    """Raise BookingRefused where what is asked for again breaks a limit that was set since."""
    candidate = _as_asked(request)
    refusal = fleet_keeps_its_limits(candidate)
    if refusal:
        raise refusal
    hold_to_limits(candidate)


def _as_asked(request: BookingRequest) -> Candidate:
    """Return what a request asks for, as of then: it kept the lead time when it was made."""
    booking = request.booking
    if request.kind == BookingRequest.Kind.UPDATE:
        candidate = change_candidate(booking, request.driver, request.start_at, request.end_at)
    else:
        slot = Slot(
            request.location, request.evse, request.criteria, request.start_at, request.end_at
        )
        candidate = Candidate(
            booking.fleet, slot, request.driver, previous=booking.replaces, moves=True
        )
    candidate.now = request.created_at
    return candidate


def _repeat(request: BookingRequest, *, staff_user: User, now: datetime, **fields: Any) -> None:
    """Save the same request once more; whoever asked at first is told what comes of it."""
    again = BookingRequest.objects.create(
        booking=request.booking,
        kind=request.kind,
        **facts_of(request),
        **BookingRequest.columns_of(request.criteria),
        price_shown=request.price_shown,
        asked_by=Actor.STAFF,
        created_by=request.created_by,
        created_at=now,
        next_attempt_at=now,
        **fields,
    )
    record_creation(again, user=staff_user, actor=Actor.STAFF)


def _same_request(same_form: BookingRequest | None, candidate: Candidate) -> BookingRequest | None:
    """Return what was asked for by the same form, or for the same slot.

    Raises BookingRefused for a move to a slot that the driver has anyway: nothing would replace
    the booking that is to be moved.
    """
    if same_form and _is_for(same_form, candidate):
        return same_form
    replaced = candidate.previous
    key = candidate.slot_key
    for booking in candidate.bookings_then:
        if booking.slot_key != key or booking == replaced:
            continue
        if replaced and booking.replaces_id != replaced.pk:
            raise BookingRefused("slot", _("This driver already has a booking for this slot."))
        creations = booking.requests.filter(kind=BookingRequest.Kind.CREATE)
        return creations.select_related("booking").order_by("-created_at").first()
    return None


def _is_for(request: BookingRequest, candidate: Candidate) -> bool:
    return (
        request.kind == BookingRequest.Kind.CREATE
        and request.booking.fleet_id == candidate.fleet.pk
        and facts_of(request) == facts_of(candidate.version)
        and request.criteria.key == candidate.slot.criteria.key
    )


@transaction.atomic
def _save(
    candidate: Candidate,
    *,
    user: User | None,
    reference: str,
    submission_key: uuid.UUID,
    asked_by: Actor,
) -> BookingRequest:
    """Save booking, request and history.

    Raises IntegrityError, or BookingRefused for a move and for what was booked meanwhile.
    """
    hold_to_limits(candidate)
    booking, request = rows_of(
        candidate,
        user=user,
        reference=reference,
        submission_key=submission_key,
        asked_by=asked_by,
    )
    doer = user if asked_by == Actor.MANAGER else None
    booking.save(force_insert=True)
    if candidate.previous is not None:
        hold_for_move(candidate.previous, to=booking, actor=asked_by, user=doer)
    request.save(force_insert=True)
    record_creation(request, user=doer, actor=asked_by)
    return request


def rows_of(
    candidate: Candidate,
    *,
    user: User | None,
    reference: str,
    submission_key: uuid.UUID,
    asked_by: Actor = Actor.MANAGER,
) -> tuple[Booking, BookingRequest]:
    """Return the booking that a candidate becomes, and the request for it; neither is saved."""
    slot, now = candidate.slot, candidate.now
    asked = facts_of(candidate.version) | {"created_by": user, "created_at": now}
    booking = Booking(
        fleet=candidate.fleet,
        reference=reference,
        reference_key=reference_key(reference),
        slot_key=candidate.slot_key,
        replaces=candidate.previous,
        vehicle=candidate.vehicle,
        **asked,
    )
    request = BookingRequest(
        booking=booking,
        submission_key=submission_key,
        **BookingRequest.columns_of(slot.criteria),
        price_shown=candidate.price_shown,
        next_attempt_at=now,
        asked_by=asked_by,
        **asked,
    )
    return booking, request
