"""What becomes of a request that may have arrived at the operator more than once.

Nothing promises that a POST is idempotent. What was sent again, since it could not be found, may
turn up all the same: an answer can be late by more than anybody waits. So before a decision on such
a request counts, the others are looked for. A rejection counts only if none of them may still be
approved; and where more than one booking comes of it, all but one are cancelled, as bookings that
nobody wanted, by the same way on which people's bookings are cancelled.
"""

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.moves import record_creation
from bookings.sync.operator_requests import find_others
from bookings.sync.submission import record_decision

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind
Status = BookingRequest.Status


def record_single_decision(
    request: BookingRequest, answer: ampeco_types.BookingRequest, *, client: AmpecoClient
) -> bool:
    """Record a decision with regard to others of the same request; return whether it was recorded.

    It is not where another one is followed from here on instead of a rejected one. Raises the
    errors of `ampeco` when the others could not be looked for: then nothing has changed.
    """
    others = find_others(request, client=client)
    living = [other for other in others if other.status != "rejected"]
    if answer.status == "rejected" and living:
        _follow(request, living[0])
        return False
    surplus = []
    if answer.status == "approved" and request.kind == Kind.CREATE:
        # Without our id it may be somebody else's wish, which is not ours to cancel.
        ours = str(request.external_id)
        surplus = [other for other in living if other.external_id == ours]
    with transaction.atomic():
        recorded = record_decision(request, answer)
        if recorded:
            for other in surplus:
                _give_up(other, instead_of=request)
    return recorded


def _follow(request: BookingRequest, other: ampeco_types.BookingRequest) -> None:
    logger.warning(
        "Of request %s the operator has rejected %s; %s is followed instead.",
        request.pk,
        request.ampeco_request_id,
        other.id,
        extra={"booking_request_id": request.pk, "booking_id": request.booking_id},
    )
    BookingRequest.objects.filter(
        pk=request.pk, status=request.status, ampeco_request_id=request.ampeco_request_id
    ).update(ampeco_request_id=other.id, next_attempt_at=timezone.now(), trouble="")


def _give_up(surplus: ampeco_types.BookingRequest, *, instead_of: BookingRequest) -> None:
    now = timezone.now()
    original = instead_of.booking
    booking = Booking.objects.create(
        fleet_id=original.fleet_id,
        driver=instead_of.driver,
        location=instead_of.location,
        evse=instead_of.evse,
        start_at=instead_of.start_at,
        end_at=instead_of.end_at,
        reference=original.reference,
        reference_key=original.reference_key,
        open_change=Booking.OpenChange.WITHDRAW,
        created_by=instead_of.created_by,
        created_at=now,
    )
    BookingEvent.objects.create(
        booking=booking,
        at=now,
        what=BookingEvent.What.WITHDRAWAL_ASKED,
        actor=Actor.PORTAL,
        note=_("The operator accepted the request for booking %(booking)s more than once.")
        % {"booking": original},
    )
    request = BookingRequest.objects.create(
        booking=booking,
        status=Status.PENDING,
        driver=instead_of.driver,
        location=instead_of.location,
        evse=instead_of.evse,
        wanted_current_type=instead_of.wanted_current_type,
        wanted_connector_type=instead_of.wanted_connector_type,
        wanted_min_power_kw=instead_of.wanted_min_power_kw,
        start_at=instead_of.start_at,
        end_at=instead_of.end_at,
        ampeco_request_id=surplus.id,
        send_started_at=instead_of.send_started_at,
        sent_at=surplus.created_at or now,
        asked_by=Actor.PORTAL,
        created_by=instead_of.created_by,
        created_at=now,
        next_attempt_at=now,
    )
    record_creation(request, user=None, actor=Actor.PORTAL)
    logger.error(
        "The operator holds request %s twice; %s is given up as booking %s.",
        instead_of.pk,
        surplus.id,
        booking.pk,
        extra={"booking_request_id": instead_of.pk, "booking_id": instead_of.booking_id},
    )
