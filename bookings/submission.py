"""Sends queued requests to the operator, so that each becomes at most one upstream."""

import logging
import random
import uuid
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from ampeco import types as upstream
from ampeco.client import AmpecoClient
from ampeco.errors import (
    AmpecoError,
    AmpecoNotFound,
    AmpecoRateLimited,
    AmpecoRejected,
    AmpecoUnauthorized,
    AmpecoUnavailable,
)
from bookings.leases import claim
from bookings.models import Actor, BookingRequest
from bookings.obstacles import find_obstacle
from bookings.sending import find_upstream, send
from bookings.transitions import move_request
from mirror.operator_status import note_accepted, note_refused
from sites.availability import AvailabilityUnknown

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind
Status = BookingRequest.Status
Failure = BookingRequest.Failure
Trouble = BookingRequest.Trouble

LEASE_SECONDS = 120
MOST_ROWS = 100
# How long a request that may have arrived is looked for before it is sent again. Longer than the
# client waits for an answer: a slow operator may still be at work on the first one.
RESEND_GRACE = timedelta(seconds=45)
LONGEST_PAUSE_SECONDS = 60.0
UNNAMED_PAUSE_SECONDS = 5


def submit_due(*, client: AmpecoClient) -> None:
    """Send the queued requests that are due, since their message was lost or an attempt failed.

    The first one that meets trouble ends the round, so that an outage is tried by one request at a
    time and not by all of them.
    """
    due = BookingRequest.objects.filter(
        status=Status.QUEUED, next_attempt_at__lte=timezone.now()
    ).order_by("next_attempt_at")
    for pk in due.values_list("pk", flat=True)[:MOST_ROWS]:
        if not submit(pk, client=client):
            return


def submit(request_id: int, *, client: AmpecoClient) -> bool:
    """Send one queued request; quiet when it is not due, claimed by another worker or settled.

    Returns False when the operator could not be asked, so that there is no point in going on;
    what is wrong with this request alone does not keep the others waiting.

    Steps: 1. claim the row; 2. where an earlier sending may have arrived, look for it and adopt it;
    3. check once more what may have changed since; 4. note on the row that sending begins,
    committed before the call; 5. send; 6. record the answer. Failures that pass are noted on the
    row with the time of the next attempt; nothing waits or sleeps here.
    """
    now = timezone.now()
    due = BookingRequest.objects.filter(
        pk=request_id, status=Status.QUEUED, next_attempt_at__lte=now
    )
    owner, won = claim(due, now=now, seconds=LEASE_SECONDS, limit=1)
    if not won:
        return True
    BookingRequest.objects.filter(pk=request_id).update(attempts=F("attempts") + 1)
    request = BookingRequest.objects.select_related(
        "booking__fleet",
        "booking__location",
        "booking__evse__charge_point",
        "driver",
        "location",
        "evse__charge_point",
    ).get(pk=request_id)
    try:
        _submit_claimed(request, owner=owner, client=client)
    except AvailabilityUnknown as error:
        trouble = {"busy": Trouble.BUSY, "not-permitted": Trouble.NOT_PERMITTED}.get(
            error.reason, Trouble.UNREACHABLE
        )
        postpone(request, owner=owner, trouble=trouble)
        return error.reason == "refused"
    except AmpecoRateLimited as error:
        postpone(request, owner=owner, trouble=Trouble.BUSY, seconds=error.retry_after)
    except AmpecoUnauthorized:
        note_refused()
        postpone(request, owner=owner, trouble=Trouble.NOT_PERMITTED, seconds=30)
    except AmpecoUnavailable:
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
    except AmpecoError as error:
        logger.warning("Request %s could not be looked for: %s", request.pk, error)
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
        return True
    except DatabaseError:
        logger.exception("What became of request %s could not be recorded.", request.pk)
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
        return True
    else:
        return True
    return False


def _submit_claimed(request: BookingRequest, *, owner: uuid.UUID, client: AmpecoClient) -> None:
    now = timezone.now()
    if request.may_have_been_sent():
        arrived = find_upstream(request, client=client)
        if arrived:
            record_answer(request, arrived)
            return
        assert request.send_started_at is not None
        if now < request.send_started_at + RESEND_GRACE:
            postpone(request, owner=owner, trouble=Trouble.UNREACHABLE, seconds=2)
            return
    failure = find_obstacle(request, now=now)
    if failure:
        move_request(request, to=Status.FAILED, actor=Actor.PORTAL, failure=failure)
        return
    if request.kind != Kind.CREATE and request.booking.ampeco_booking_id is None:
        # The approval did not name the booking; reading it will.
        postpone(request, owner=owner, trouble=None, seconds=UNNAMED_PAUSE_SECONDS)
        return
    begun = BookingRequest.objects.filter(
        pk=request.pk, lease_owner=owner, status=Status.QUEUED
    ).update(send_started_at=timezone.now())
    if not begun:
        logger.info("Request %s lost its claim before it was sent.", request.pk)
        return
    try:
        answer = send(request, client=client)
    except AmpecoUnavailable as error:
        if not error.ambiguous:
            _forget_sending(request)
        raise
    except (AmpecoRateLimited, AmpecoUnauthorized):
        _forget_sending(request)
        raise
    except AmpecoRejected as error:
        _record_refusal(request, error)
        return
    note_accepted()
    record_answer(request, answer)


def record_answer(request: BookingRequest, answer: upstream.BookingRequest) -> None:
    """Record what the operator made of a request that it now holds."""
    received: dict[str, Any] = {
        "ampeco_request_id": answer.id,
        "sent_at": answer.created_at or timezone.now(),
        "attempts": 0,
        "next_attempt_at": timezone.now() + timedelta(seconds=1),
    }
    if answer.status in {"approved", "rejected"}:
        record_decision(request, answer, **received)
        return
    move_request(request, to=Status.PENDING, actor=Actor.PORTAL, **received)


def record_decision(
    request: BookingRequest, answer: upstream.BookingRequest, **changes: Any
) -> bool:
    """Move a request to what the operator decided; return whether this call did it."""
    if answer.status == "approved":
        return move_request(
            request,
            to=Status.APPROVED,
            actor=Actor.OPERATOR,
            ampeco_booking_id=answer.booking_id,
            **changes,
        )
    reason = (answer.rejection_reason or "")[:1000]
    return move_request(
        request,
        to=Status.REJECTED,
        actor=Actor.OPERATOR,
        note=reason,
        rejection_reason=reason,
        **changes,
    )


def postpone(
    request: BookingRequest,
    *,
    owner: uuid.UUID,
    trouble: Trouble | None,
    seconds: float | None = None,
) -> None:
    """Give a claimed row back, to be tried again after some seconds (doubling by default)."""
    if seconds is None:
        seconds = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(request.attempts, 6))
        seconds *= random.uniform(0.75, 1.25)  # noqa: S311
    BookingRequest.objects.filter(pk=request.pk, lease_owner=owner).update(
        next_attempt_at=timezone.now() + timedelta(seconds=seconds),
        trouble=trouble or "",
        lease_owner=None,
        lease_until=None,
    )


def _forget_sending(request: BookingRequest) -> None:
    """Note that the operator surely does not hold this request."""
    BookingRequest.objects.filter(pk=request.pk, status=Status.QUEUED).update(send_started_at=None)


def _record_refusal(request: BookingRequest, error: AmpecoRejected) -> None:
    """Settle a request that AMPECO refused, with its messages about single fields as the reason.

    A booking that AMPECO does not know (any more) can neither be changed nor cancelled.
    """
    messages = [text for texts in error.field_errors.values() for text in texts]
    gone = request.kind != Kind.CREATE and (
        isinstance(error, AmpecoNotFound) or "bookingId" in error.field_errors
    )
    move_request(
        request,
        to=Status.FAILED,
        actor=Actor.OPERATOR,
        note=" ".join(messages)[:1000],
        failure=Failure.BOOKING_OVER if gone else Failure.REFUSED,
        rejection_reason=" ".join(messages)[:1000],
    )
