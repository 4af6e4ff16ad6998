"""What managers and staff can do with bookings."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.carrying import record_creation
from bookings.dispatch import enqueue_on_commit
from bookings.eligibility import (
    BookingRefused,
    Slot,
    check_availability,
    check_driver,
    check_slot,
)
from bookings.models import Actor, Booking, BookingRequest
from bookings.models.booking import reference_key, slot_key
from drivers.models import Driver, Fleet


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of a submitted form: the request, and whether this submission made it."""

    request: BookingRequest
    is_new: bool


def submit_booking_request(
    *,
    fleet: Fleet,
    user: User,
    driver: Driver,
    slot: Slot,
    reference: str,
    submission_key: uuid.UUID,
    now: datetime | None = None,
) -> Submission:
    """Save a new booking with its create request, to be sent by a worker once committed.

    The same form sent twice, or the same slot asked for the same driver while that booking lives,
    gives the existing request; a form that comes back with another slot or driver is a new one.
    Reads availability upstream once; when it cannot be read for a passing reason, the request is
    saved all the same and the worker looks again. Raises BookingRefused with nothing changed.
    """
    now = now or timezone.now()
    existing = _find_existing(fleet=fleet, driver=driver, slot=slot, submission_key=submission_key)
    if existing:
        return Submission(existing, is_new=False)
    if BookingRequest.objects.filter(submission_key=submission_key).exists():
        submission_key = uuid.uuid4()
    check_slot(fleet=fleet, slot=slot, now=now)
    check_driver(fleet=fleet, driver=driver, slot=slot)
    check_availability(fleet=fleet, slot=slot, driver=driver)
    try:
        with transaction.atomic():
            request = _save(
                fleet=fleet,
                user=user,
                driver=driver,
                slot=slot,
                reference=reference,
                submission_key=submission_key,
                now=now,
            )
    except IntegrityError:
        # The other click or tab was faster by a moment.
        existing = _find_existing(
            fleet=fleet, driver=driver, slot=slot, submission_key=submission_key
        )
        if existing is None:
            # That booking was given up in the moment between.
            raise BookingRefused("slot", _("This did not work. Please send it again.")) from None
        return Submission(existing, is_new=False)
    return Submission(request, is_new=True)


def retry_failed(request: BookingRequest, *, staff_user: User) -> bool:
    """Ask again for a booking that was not placed; return whether a new request was made.

    Nothing is made when the start has passed, when the booking has moved on since, or when the
    same slot has been asked for again meanwhile. The failed request and its history stay.
    """
    booking = request.booking
    if request.status != BookingRequest.Status.FAILED or request.start_at <= timezone.now():
        return False
    key = slot_key(
        driver=request.driver,
        location=request.location,
        evse=request.evse,
        wanted=request.criteria.key,
        start=request.start_at,
        end=request.end_at,
    )
    try:
        with transaction.atomic():
            revived = Booking.objects.filter(
                pk=booking.pk, status=Booking.Status.NOT_PLACED
            ).update(
                status=Booking.Status.REQUESTED,
                needs_attention=False,
                slot_key=key,
                version=F("version") + 1,
                changed_at=timezone.now(),
            )
            if not revived:
                return False
            again = BookingRequest.objects.create(
                booking=booking,
                kind=request.kind,
                driver=request.driver,
                location=request.location,
                evse=request.evse,
                wanted_current_type=request.wanted_current_type,
                wanted_connector_type=request.wanted_connector_type,
                wanted_min_power_kw=request.wanted_min_power_kw,
                start_at=request.start_at,
                end_at=request.end_at,
                asked_by=Actor.STAFF,
                created_by=request.created_by,
            )
            record_creation(again, user=staff_user, actor=Actor.STAFF)
            _enqueue(again)
    except IntegrityError:
        return False
    return True


def dismiss_attention(booking: Booking) -> bool:
    """Take a booking off the list of those that need attention; return whether it was on it."""
    return bool(
        Booking.objects.filter(pk=booking.pk, needs_attention=True).update(needs_attention=False)
    )


def watch(bookings: Iterable[Booking], *, now: datetime | None = None) -> None:
    """Let the next sweep poll the undecided requests of bookings whose page is open.

    However old they are, and also those that a sweep is reading just now: it may have read them
    before the decision. But a request in trouble keeps its back-off, since a page must not make
    an outage worse.
    """
    now = now or timezone.now()
    waiting = [
        booking.pk
        for booking in bookings
        if booking.status == Booking.Status.REQUESTED or booking.open_change
    ]
    if not waiting:
        return
    undecided = BookingRequest.objects.filter(
        Q(next_attempt_at__gt=now) | Q(lease_until__gt=now),
        booking__in=waiting,
        status__in=BookingRequest.UNDECIDED,
        trouble="",
    )
    with transaction.atomic():
        # What a sweep is writing just now is left to the next look: two that wait for each other's
        # rows would be a deadlock.
        free = undecided.select_for_update(skip_locked=True)
        BookingRequest.objects.filter(pk__in=free.values("pk")).update(next_attempt_at=now)


def _find_existing(
    *, fleet: Fleet, driver: Driver, slot: Slot, submission_key: uuid.UUID
) -> BookingRequest | None:
    requests = BookingRequest.objects.filter(booking__fleet=fleet).select_related("booking")
    same_form = requests.filter(
        submission_key=submission_key,
        driver=driver,
        location=slot.location,
        evse=slot.evse,
        start_at=slot.start_at,
        end_at=slot.end_at,
    ).first()
    if same_form and same_form.criteria.key == slot.criteria.key:
        return same_form
    return (
        requests.filter(booking__slot_key=_slot_key(driver, slot)).order_by("-created_at").first()
    )


def _slot_key(driver: Driver, slot: Slot) -> str:
    return slot_key(
        driver=driver,
        location=slot.location,
        evse=slot.evse,
        wanted=slot.criteria.key,
        start=slot.start_at,
        end=slot.end_at,
    )


def _save(
    *,
    fleet: Fleet,
    user: User,
    driver: Driver,
    slot: Slot,
    reference: str,
    submission_key: uuid.UUID,
    now: datetime,
) -> BookingRequest:
    booking = Booking.objects.create(
        fleet=fleet,
        driver=driver,
        location=slot.location,
        evse=slot.evse,
        start_at=slot.start_at,
        end_at=slot.end_at,
        reference=reference,
        reference_key=reference_key(reference),
        slot_key=_slot_key(driver, slot),
        created_by=user,
        created_at=now,
    )
    request = BookingRequest.objects.create(
        booking=booking,
        submission_key=submission_key,
        driver=driver,
        location=slot.location,
        evse=slot.evse,
        wanted_current_type=slot.criteria.current_type,
        wanted_connector_type=slot.criteria.connector_type,
        wanted_min_power_kw=slot.criteria.min_power_kw,
        start_at=slot.start_at,
        end_at=slot.end_at,
        created_by=user,
        created_at=now,
        next_attempt_at=now,
    )
    record_creation(request, user=user, actor=Actor.MANAGER)
    _enqueue(request)
    return request


def _enqueue(request: BookingRequest) -> None:
    enqueue_on_commit("bookings.tasks.submit_request", request.pk)
