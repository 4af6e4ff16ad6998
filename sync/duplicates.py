"""What becomes of a request that may have arrived at the operator more than once.

Nothing promises that a POST is idempotent. What was sent again, since it could not be found, may
turn up all the same, at any later time: an answer can be late by more than anybody waits. So before
a decision on such a request counts, the others are looked for: a rejection counts only if none of
them may still be approved. What turns up later is known by whose request made it
(`sync.whose`). Where more than one booking comes of a request, or one of a request that
was given up, it is cancelled as a booking that nobody wanted, by the same way on which people's
bookings are cancelled.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from bookings.state.moves import record_creation
from sync.operator_requests import find_others, may_be_since
from sync.submission import record_decision

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind
Status = BookingRequest.Status
# Whatever a request may be told by.
WITH_FACTS = ("booking", "driver", "location", "evse")


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
        gives_ids_back = answer.external_id is not None
        surplus = [
            other
            for other in living
            if is_repeated(request, other, gives_ids_back=gives_ids_back, client=client)
        ]
    with transaction.atomic():
        recorded = record_decision(request, answer)
        if recorded:
            for other in surplus:
                give_up(other, instead_of=request)
    return recorded


def is_repeated(
    request: BookingRequest,
    other: ampeco_types.BookingRequest,
    *,
    gives_ids_back: bool,
    client: AmpecoClient,
) -> bool:
    """Return whether an upstream request is one more of ours, beside the one that we follow.

    Without our id it may be somebody else's wish, which is not ours to cancel. But where ids are
    not given back, what the same driver was to have at the same time and place after we had asked
    for it more often than we got it is ours.
    """
    if other.external_id:
        return other.external_id == str(request.external_id)
    unaccounted = request.may_be_doubled or request.ampeco_request_id is None
    return (
        not gives_ids_back
        and unaccounted
        and other.created_at is not None
        and may_be_since(request, other, client=client)
    )


def note_repeated(answers: Iterable[ampeco_types.BookingRequest]) -> None:
    """Give up what is found on a page of requests under the external id of a settled one of ours.

    Those of requests that are still open are looked for before the decision on them counts.
    """
    unknown = {
        answer.id: answer
        for answer in answers
        if answer.type == Kind.CREATE and answer.status != "rejected" and answer.external_id
    }
    for pk in known_ids(unknown):
        del unknown[pk]
    by_external_id = defaultdict(list)
    for answer in unknown.values():
        with suppress(ValueError):
            by_external_id[uuid.UUID(answer.external_id)].append(answer)
    if not by_external_id:
        return
    ours = BookingRequest.objects.filter(
        Q(ampeco_request_id__isnull=False) | Q(status__in=BookingRequest.SETTLED),
        external_id__in=by_external_id,
        kind=Kind.CREATE,
    )
    for request in ours.select_related(*WITH_FACTS):
        if request.is_settled:
            for other in by_external_id[request.external_id]:
                give_up(other, instead_of=request)
        else:
            BookingRequest.objects.filter(
                pk=request.pk, status=request.status, may_be_doubled=False
            ).update(may_be_doubled=True)


def known_ids(ampeco_request_ids: Iterable[int]) -> set[int]:
    """Return which of the operator's requests a row here has."""
    rows = BookingRequest.objects.filter(ampeco_request_id__in=list(ampeco_request_ids))
    return {pk for pk in rows.values_list("ampeco_request_id", flat=True) if pk is not None}


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


def give_up(surplus: ampeco_types.BookingRequest, *, instead_of: BookingRequest) -> None:
    """Have what came of one more request cancelled; quiet when somebody else has seen to it."""
    try:
        with transaction.atomic():
            # Whoever else finds it waits here, and then finds the row.
            original = Booking.objects.select_for_update(of=("self",)).get(requests=instead_of)
            if not BookingRequest.objects.filter(ampeco_request_id=surplus.id).exists():
                _save_surplus(surplus, instead_of=instead_of, original=original)
    except IntegrityError:
        logger.info("Request %s of the operator is given up by somebody else.", surplus.id)


def _save_surplus(
    surplus: ampeco_types.BookingRequest, *, instead_of: BookingRequest, original: Booking
) -> None:
    now = timezone.now()
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
        note=(
            _("The operator accepted the request for booking %(booking)s after all, too late.")
            if instead_of.is_refused
            else _("The operator accepted the request for booking %(booking)s more than once.")
        )
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
        sent_at=now,
        asked_by=Actor.PORTAL,
        created_by=instead_of.created_by,
        created_at=now,
        next_attempt_at=now,
    )
    record_creation(request, user=None, actor=Actor.PORTAL)
    BookingEvent.objects.create(
        booking=original,
        at=now,
        what=BookingEvent.What.CHANGED,
        actor=Actor.PORTAL,
        note=(
            _(
                "The operator accepted the request after all, too late. What came of it, booking "
                "%(booking)s, is being cancelled."
            )
            if instead_of.is_refused
            else _(
                "The operator accepted the request more than once. The surplus booking "
                "%(booking)s is being cancelled."
            )
        )
        % {"booking": booking},
    )
    logger.error(
        "The operator holds request %s twice; %s is given up as booking %s.",
        instead_of.pk,
        surplus.id,
        booking.pk,
        extra={"booking_request_id": instead_of.pk, "booking_id": instead_of.booking_id},
    )
