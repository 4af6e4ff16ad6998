"""What people ask for about a booking that exists: another time, another driver, its end."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.actions.candidate import (
    BookingRefused,
    Candidate,
    Slot,
    first_refusal,
    refused_while_held,
)
from bookings.actions.limits import hold_to_limits
from bookings.actions.prices import tell_prices
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.booking import change_booking, write
from bookings.state.moves import move_request, open_cancellation, record_creation
from bookings.wording.open_change import describe, describe_changes, describe_open_change
from bookings.wording.versions import facts_before, facts_of, same_as
from drivers.models import Driver, Fleet
from sites.selectors import Criteria

Kind = BookingRequest.Kind
OpenChange = Booking.OpenChange
# No booking has this version.
NEVER_SEEN = -1


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What came of asking for a booking's end.

    `requested`: a cancel request goes to the operator. `withdrawn`: it had never been sent and is
    cancelled. `will-be-cancelled`: it is undecided and is cancelled once it is approved.
    """

    outcome: Literal["requested", "withdrawn", "will-be-cancelled"]
    request: BookingRequest | None


@dataclass(frozen=True, slots=True)
class Together:
    """What came of cancelling several bookings: each with what was asked for, or why nothing was.

    Requests that belong to it carry `batch`: cancel requests, and of bookings that were not
    confirmed the request that asks for them.
    """

    batch: uuid.UUID
    outcomes: list[tuple[Booking, Cancellation | None, str]]


@refused_while_held()
def request_change(
    *,
    booking: Booking,
    user: User,
    driver: Driver,
    start_at: datetime,
    end_at: datetime,
    seen_version: int,
    submission_key: uuid.UUID,
    confirmed_overlap: bool | str = False,
    now: datetime | None = None,
) -> BookingRequest:
    """Save an update request for another time or driver, to be sent by a worker once committed.

    The same form sent twice gives the same request. What the booking holds counts as free for it;
    the rest is asked of the operator once. `seen_version` is the version that the person looked
    at, `confirmed_overlap` as a candidate has it. Raises BookingRefused with nothing changed.
    """
    now = now or timezone.now()
    same_form = BookingRequest.objects.filter(
        submission_key=submission_key,
        booking=booking,
        kind=Kind.UPDATE,
        driver=driver,
        start_at=start_at,
        end_at=end_at,
    ).select_related("booking")
    existing = same_form.first()
    if existing:
        return existing
    current = read_booking(booking)
    try:
        check_changeable(current, seen_version=seen_version, user=user, now=now)
        candidate = change_candidate(current, driver, start_at, end_at)
        candidate.confirmed_overlap, candidate.now = confirmed_overlap, now
        _check_wanted(candidate, current)
        return save_change(candidate, current, user=user, submission_key=submission_key)
    except BookingRefused:
        # Of two clicks the other one was faster by a moment.
        existing = same_form.first()
        if existing:
            return existing
        raise


def change_candidate(
    booking: Booking, driver: Driver, start_at: datetime, end_at: datetime
) -> Candidate:
    slot = Slot(booking.location, booking.evse, Criteria(), start_at, end_at)
    return Candidate(booking.fleet, slot, driver, previous=booking)


@refused_while_held()
def request_cancellation(
    *,
    booking: Booking,
    asked_by: Actor,
    user: User | None = None,
    driver: Driver | None = None,
    seen_version: int | None = None,
    batch: uuid.UUID | None = None,
    now: datetime | None = None,
) -> Cancellation:
    """Ask for the end of a booking, or take it back where the operator never heard of it.

    `asked_by` with `user` or `driver` says who asks; `batch` names those that are asked for
    together. Without `seen_version` the booking is cancelled as whatever it is by now. Raises
    BookingRefused with nothing changed.
    """
    now = now or timezone.now()
    with transaction.atomic():
        # First the request, then the booking: in this order a decision locks them too.
        creation = (
            BookingRequest.objects.select_for_update(of=("self",))
            .filter(booking=booking, kind=Kind.CREATE)
            .exclude(status__in=BookingRequest.SETTLED)
            .select_related("booking__fleet", "driver", "location", "evse", "created_by")
            .first()
        )
        locked = Booking.objects.select_for_update(of=("self",)).filter(pk=booking.pk)
        current = _with_facts(locked).get()
        if seen_version not in {None, current.version}:
            raise BookingRefused("booking", describe_changes(current, reader=user))
        if not current.can_cancel(now):
            raise BookingRefused("booking", why_not(current, reader=user, now=now))
        if current.status != Booking.Status.REQUESTED:
            request = open_cancellation(current, now=now, asked_by=asked_by, user=user, batch=batch)
            return Cancellation("requested", request)
        if creation is None:
            # It was asked for again between the two locks.
            raise BookingRefused("booking", _("Something went wrong. Please send the form again."))
        if batch:
            BookingRequest.objects.filter(pk=creation.pk).update(batch=batch)
        if creation.surely_never_sent(now):
            move_request(
                creation,
                to=BookingRequest.Status.FAILED,
                actor=asked_by,
                user=user,
                failure=BookingRequest.Failure.WITHDRAWN,
            )
            return Cancellation("withdrawn", None)
        change_booking(
            current,
            what=BookingEvent.What.WITHDRAWAL_ASKED,
            actor=asked_by,
            user=user,
            by_driver=driver,
            open_change=OpenChange.WITHDRAW,
        )
        return Cancellation("will-be-cancelled", None)


def cancel_together(
    *, fleet: Fleet, user: User, bookings: Iterable[Booking], seen: Mapping[int, int]
) -> Together:
    """Ask for the end of several of a fleet's bookings, each by itself; others are left out.

    `seen` are the versions that the person looked at, by primary key: one that has changed since is
    not cancelled.
    """
    batch = uuid.uuid4()
    outcomes: list[tuple[Booking, Cancellation | None, str]] = []
    for booking in bookings:
        if booking.fleet_id != fleet.pk:
            continue
        try:
            cancellation = request_cancellation(
                booking=booking,
                asked_by=Actor.MANAGER,
                user=user,
                seen_version=seen.get(booking.pk, NEVER_SEEN),
                batch=batch,
            )
        except BookingRefused as refusal:
            outcomes.append((booking, None, refusal.message))
        else:
            outcomes.append((booking, cancellation, ""))
    return Together(batch, outcomes)


def read_booking(booking: Booking) -> Booking:
    return _with_facts(Booking.objects.filter(pk=booking.pk)).get()


def _with_facts(bookings: QuerySet[Booking]) -> QuerySet[Booking]:
    return bookings.select_related("fleet", "driver", "location", "evse__charge_point", "vehicle")


def check_changeable(
    booking: Booking, *, seen_version: int | None, user: User | None, now: datetime
) -> None:
    """Raise BookingRefused when a change cannot be asked for, or not by who saw another version."""
    if seen_version not in {None, booking.version}:
        raise BookingRefused("booking", describe_changes(booking, reader=user))
    if not booking.can_change(now):
        raise BookingRefused("booking", why_not(booking, reader=user, now=now))


def why_not(booking: Booking, *, reader: User | None, now: datetime) -> str:
    """Return why a booking may not be changed, or not cancelled, for somebody who wants to."""
    asked = describe_open_change(booking, reader=reader)
    if asked:
        return asked
    if booking.holds_a_place and booking.start_at <= now:
        # Its end can, on a page of its own.
        return _("This booking has already started. It can no longer be changed or cancelled.")
    if booking.status == Booking.Status.REQUESTED:
        return _(
            "The operator has not decided yet. The booking can be changed once it is approved."
        )
    if booking.is_confirmed:
        return _(
            "The operator has not given this booking a number yet. Please try again in a moment."
        )
    return _("This booking can no longer be changed or cancelled: %(facts)s.") % {
        "facts": describe(booking)
    }


def _check_wanted(candidate: Candidate, booking: Booking) -> None:
    """Raise BookingRefused when what is wanted is no change, or cannot be had."""
    if same_as(booking, candidate.version):
        raise BookingRefused(
            "booking", _("Nothing to change: the time and the driver are the same as before.")
        )
    refusal = first_refusal(candidate)
    if refusal:
        raise refusal


def save_change(
    candidate: Candidate,
    booking: Booking,
    *,
    user: User | None,
    submission_key: uuid.UUID,
    asked_by: Actor = Actor.MANAGER,
) -> BookingRequest:
    """Save the request and mark the booking; raises BookingRefused if it is no longer as read."""
    now = candidate.now
    if BookingRequest.objects.filter(submission_key=submission_key).exists():
        # The browser's back button brought the form back, and it was filled in differently.
        submission_key = uuid.uuid4()
    tell_prices([candidate], may_ask=False)
    with transaction.atomic():
        hold_to_limits(candidate)
        if not write(booking, now=now, only_version=booking.version, open_change=OpenChange.UPDATE):
            raise BookingRefused("booking", describe_changes(read_booking(booking), reader=user))
        request = BookingRequest.objects.create(
            booking=booking,
            kind=Kind.UPDATE,
            submission_key=submission_key,
            **facts_of(candidate.version),
            **facts_before(booking),
            price_shown=candidate.price_shown,
            asked_by=asked_by,
            created_by=user,
            created_at=now,
            next_attempt_at=now,
        )
        record_creation(request, user=user, actor=asked_by)
    return request
