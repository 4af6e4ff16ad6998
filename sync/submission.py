"""Sends queued requests to the operator, so that each becomes at most one upstream."""

import logging
import math
import random
import uuid
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted, note_refused
from bookings.actions.candidate import Candidate
from bookings.models import Actor, BookingRequest
from bookings.state.moves import SUBMIT, Move, move_request, move_requests
from mirror.work import reconnect_if_broken, take_due
from sites.slots.availability import AvailabilityUnknown
from sync.operator_requests import (
    find_all,
    find_obstacle,
    is_answer_to,
    read_candidates,
    send,
)
from sync.schedule import schedule_bookings
from upstream.errors import (
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

logger = logging.getLogger(__name__)

Kind = BookingRequest.Kind
Status = BookingRequest.Status
Failure = BookingRequest.Failure
Trouble = BookingRequest.Trouble

# How long the row of a killed worker lies. Longer than any single step takes (a search with its
# repetitions, a call that sends); the claim is prolonged from step to step, and the note that
# sending begins is written by the claim's owner only, so a shorter one could not send twice either.
LEASE_SECONDS = 60
# Requests that are claimed together and sent one after the other.
BATCH = 20
# So many in a row that could not be sent are no accident.
MOST_TROUBLE = 3
Due = tuple[BookingRequest, Candidate | None]

# How long a request that may have arrived is looked for before it is sent again. Longer than the
# client waits for an answer: a slow operator may still be at work on the first one. Not shorter:
# only what has never arrived waits for it, and what arrives even later costs a surplus booking that
# has to be cancelled (`sync.duplicates`).
RESEND_GRACE = timedelta(seconds=45)
# Half a minute, since an outage is tried by one request a round and not by each: when it is over,
# people are not to wait for a pause that spares nobody.
LONGEST_PAUSE_SECONDS = 30.0
# The first pause of a search, which doubles up to the longest until the grace is over.
SEARCH_PAUSE_SECONDS = 2.0
LONGEST_SEARCH_PAUSE_SECONDS = 5.0
# How often it is looked whether the operator has named an approved booking by now.
UNNAMED_PAUSE_SECONDS = 5


def submit_due(
    *, client: AmpecoClient, seconds: float = math.inf, though_held_back: bool = False
) -> None:
    """Send the queued requests that are due.

    They are claimed by the batch, in which fleets take turns, so any number of workers may run at
    once, and nobody waits for all that another fleet has asked for. A full batch wakes another
    worker; so does the end of the `seconds` that this may take. A few in a row that meet trouble
    end the round, so that an outage is not tried by all of them; those have been put off, and the
    next round begins with others. Nothing is taken up while no call would be sent, unless
    `though_held_back`: then the rows say why they wait.
    """
    if client.held_back_for() > 0 and not though_held_back:
        return
    in_a_row = 0
    due = take_due(
        SUBMIT,
        due=_due,
        find=_in_turn,
        read=_read,
        batch=BATCH,
        lease_seconds=LEASE_SECONDS,
        seconds=seconds,
    )
    with closing(due):
        for request, candidate in due:
            if _submit(request, candidate, client=client):
                in_a_row = 0
                continue
            in_a_row += 1
            if client.held_back_for() > 0:
                if not though_held_back:
                    return
            elif in_a_row >= MOST_TROUBLE:
                return


def _due(now: datetime) -> QuerySet[BookingRequest]:
    return BookingRequest.objects.filter(status=Status.QUEUED, next_attempt_at__lte=now)


def _in_turn(
    free: QuerySet[BookingRequest], _now: datetime, most: int
) -> QuerySet[BookingRequest, int]:
    """Return the first of each fleet, then the second of each, and so on."""
    order = ("next_attempt_at", "pk")
    turn = Window(RowNumber(), partition_by="booking__fleet", order_by=order)
    rows = free.annotate(turn=turn).order_by("turn", *order)
    return rows.values_list("pk", flat=True)[:most]


def _read(keys: list[int], owner: uuid.UUID) -> dict[int, Due]:
    """Return claimed requests, in the order given, with what the rules need to know of each."""
    rows = (
        BookingRequest.objects.filter(lease_owner=owner, status=Status.QUEUED)
        .select_related(
            "booking__fleet",
            "booking__location",
            "booking__evse__charge_point",
            "driver",
            "location",
            "evse__charge_point",
        )
        .in_bulk(keys)
    )
    candidates = read_candidates(rows.values())
    return {key: (rows[key], candidates.get(key)) for key in keys if key in rows}


def _submit(request: BookingRequest, candidate: Candidate | None, *, client: AmpecoClient) -> bool:
    """Send one claimed request; quiet when its claim has run out or it is settled by now.

    Returns False when the operator could not be asked, so that there is no point in going on;
    what is wrong with this request alone does not keep the others waiting.

    Steps: 1. where an earlier sending may have arrived, look for it and adopt it; 2. check once
    more what may have changed since; 3. note on the row that sending begins, committed before the
    call; 4. send; 5. record the answer, or look for the request at once where it was lost. What
    stands against it counts, where an earlier sending may have arrived, only after another look: it
    may stand there by itself. Failures that pass are noted on the row with the time of the next
    attempt; nothing waits or sleeps here.
    """
    owner = request.lease_owner
    assert owner is not None
    request.attempts += 1
    try:
        _take_steps(request, candidate, owner=owner, client=client)
    except AvailabilityUnknown as error:
        trouble = {"busy": Trouble.BUSY, "not-permitted": Trouble.NOT_PERMITTED}.get(
            error.reason, Trouble.UNREACHABLE
        )
        postpone(request, owner=owner, trouble=trouble)
        return error.reason == "refused"
    except UpstreamRateLimited as error:
        # One by one, not all at the moment at which the pause is over.
        pause = error.retry_after + random.uniform(0.0, 2.0)  # noqa: S311
        postpone(request, owner=owner, trouble=Trouble.BUSY, seconds=pause)
    except UpstreamUnauthorized:
        note_refused()
        postpone(request, owner=owner, trouble=Trouble.NOT_PERMITTED, seconds=30)
    except UpstreamCircuitOpen as error:
        pause = error.retry_after * random.uniform(1.0, 1.25)  # noqa: S311
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE, seconds=pause)
    except UpstreamUnavailable:
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
    except UpstreamError as error:
        logger.warning("Request %s could not be looked for: %s", request.pk, error)
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
        return True
    except DatabaseError:
        logger.exception("What became of request %s could not be recorded.", request.pk)
        # After a restart of the database the next one works, and the row is not left to its claim.
        reconnect_if_broken()
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
        return True
    else:
        return True
    return False


def _take_steps(
    request: BookingRequest,
    candidate: Candidate | None,
    *,
    owner: uuid.UUID,
    client: AmpecoClient,
) -> None:
    in_doubt = request.may_have_been_sent()
    if in_doubt:
        if _take_up(request, client=client):
            return
        assert request.send_started_at is not None
        since = timezone.now() - request.send_started_at
        if since < RESEND_GRACE:
            pause = max(SEARCH_PAUSE_SECONDS, since.total_seconds())
            pause = min(pause, LONGEST_SEARCH_PAUSE_SECONDS)
            left = (RESEND_GRACE - since).total_seconds()
            postpone(request, owner=owner, trouble=Trouble.UNREACHABLE, seconds=min(pause, left))
            return
        if not _prolong(request, owner=owner):
            return
    failure = find_obstacle(request, candidate, now=timezone.now())
    if failure:
        # The slot may be taken by what arrived since the look for it.
        if not (in_doubt and _take_up(request, client=client)):
            move_request(request, to=Status.FAILED, actor=Actor.PORTAL, failure=failure)
        return
    if request.kind != Kind.CREATE and request.booking.ampeco_booking_id is None:
        # The approval did not name the booking; reading it will (`sync.refresh`).
        postpone(request, owner=owner, trouble=Trouble.UNNAMED, seconds=UNNAMED_PAUSE_SECONDS)
        return
    began = timezone.now()
    doubled = request.may_be_doubled or in_doubt
    if not _prolong(request, owner=owner, send_started_at=began, may_be_doubled=doubled):
        return
    try:
        answer = send(request, client=client)
    except UpstreamUnavailable as error:
        if not error.ambiguous:
            _forget_sending(request, began=began)
            raise
        # Most have arrived, so that people need not wait for the next attempt.
        request.send_started_at, request.may_be_doubled = began, doubled
        if not _prolong(request, owner=owner) or _take_up(request, client=client):
            return
        logger.warning("Request %s is looked for: %s", request.pk, error)
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE, seconds=SEARCH_PAUSE_SECONDS)
        return
    except (UpstreamRateLimited, UpstreamUnauthorized):
        _forget_sending(request, began=began)
        raise
    except UpstreamRejected as error:
        _forget_sending(request, began=began)
        # Perhaps refused for the sake of an earlier one, which has arrived since.
        if not (in_doubt and _take_up(request, client=client)):
            _record_refusal(request, error)
        return
    if not is_answer_to(request, answer):
        logger.error(
            "The answer to request %s is about another one (%s).",
            request.pk,
            answer.id,
            extra=_log_fields(request),
        )
        postpone(request, owner=owner, trouble=Trouble.UNREACHABLE)
        return
    request.may_be_doubled = doubled
    record_answer(request, answer)
    note_accepted()


def _take_up(request: BookingRequest, *, client: AmpecoClient) -> bool:
    """Look for a request that may have arrived and record what is found; return whether it was."""
    found = find_all(request, client=client)
    if not found:
        return False
    if len(found) > 1:
        logger.error(
            "The operator holds %d requests for request %s: %s.",
            len(found),
            request.pk,
            [each.id for each in found],
            extra=_log_fields(request),
        )
    request.may_be_doubled |= len(found) > 1
    record_answer(request, found[0])
    return True


def _prolong(request: BookingRequest, *, owner: uuid.UUID, **changes: Any) -> bool:
    """Write changes to a claimed row and prolong the claim; return whether it was still ours."""
    ours = BookingRequest.objects.filter(
        pk=request.pk, lease_owner=owner, status=Status.QUEUED
    ).update(
        lease_until=timezone.now() + timedelta(seconds=LEASE_SECONDS),
        attempts=request.attempts,
        **changes,
    )
    if not ours:
        logger.info(
            "Request %s lost its claim before it was sent.",
            request.pk,
            extra=_log_fields(request),
        )
    return bool(ours)


def record_answer(request: BookingRequest, answer: ampeco_types.BookingRequest) -> None:
    """Record what the operator made of a request that it now holds.

    Of one that may have arrived more than once the decision is left to the poll, which looks for
    the others first. When it was received is told by the operator's clock, and bounded by ours.
    """
    now = timezone.now()
    received: dict[str, Any] = {
        "ampeco_request_id": answer.id,
        "sent_at": min(max(answer.created_at or now, request.created_at), now),
        "attempts": 0,
        "next_attempt_at": now + timedelta(seconds=1),
        "may_be_doubled": request.may_be_doubled,
    }
    if answer.is_decided and not request.may_be_doubled:
        record_decision(request, answer, **received)
        return
    move_request(request, to=Status.PENDING, actor=Actor.PORTAL, **received)


def record_decision(
    request: BookingRequest, answer: ampeco_types.BookingRequest, **changes: Any
) -> bool:
    """Move a request to what the operator decided; return whether this call did it."""
    return bool(record_decisions([(request, answer)], **changes))


def record_decisions(
    decided: Iterable[tuple[BookingRequest, ampeco_types.BookingRequest]], **changes: Any
) -> int:
    """Move requests to what the operator decided; return how many this call has moved."""
    moved = move_requests([_move_to(answer, request, changes) for request, answer in decided])
    now = timezone.now()
    # They are known as well as if they had been read just now.
    known = [
        request.booking
        for request in moved
        if request.kind == Kind.CREATE and request.status == Status.APPROVED
    ]
    schedule_bookings([each for each in known if not each.is_unnamed], read_at=now, now=now)
    return len(moved)


def _move_to(
    answer: ampeco_types.BookingRequest, request: BookingRequest, changes: dict[str, Any]
) -> Move:
    if answer.status == "approved":
        return Move(
            request,
            Status.APPROVED,
            Actor.OPERATOR,
            ampeco_booking_id=answer.booking_id,
            changes=changes,
        )
    reason = (answer.rejection_reason or "")[:1000]
    return Move(
        request,
        Status.REJECTED,
        Actor.OPERATOR,
        note=reason,
        changes=changes | {"rejection_reason": reason},
    )


def postpone(
    request: BookingRequest,
    *,
    owner: uuid.UUID,
    trouble: Trouble,
    seconds: float | None = None,
) -> None:
    """Give a claimed row back, to be tried again after some seconds (doubling by default)."""
    if seconds is None:
        seconds = min(LONGEST_PAUSE_SECONDS, 2.0 ** min(request.attempts, 6))
        seconds *= random.uniform(0.75, 1.25)  # noqa: S311
    given_back = BookingRequest.objects.filter(pk=request.pk, lease_owner=owner).update(
        next_attempt_at=timezone.now() + timedelta(seconds=seconds),
        trouble=trouble,
        attempts=request.attempts,
        lease_owner=None,
        lease_until=None,
    )
    if given_back:
        logger.info(
            "Request %s is put off for %.0f s (%s).",
            request.pk,
            seconds,
            trouble,
            extra=_log_fields(request),
        )


def _forget_sending(request: BookingRequest, *, began: datetime) -> None:
    """Note that the operator surely does not hold what was sent just now.

    What is known of an earlier sending stays; so does what another worker has noted since.
    """
    BookingRequest.objects.filter(
        pk=request.pk, status=Status.QUEUED, send_started_at=began
    ).update(send_started_at=request.send_started_at, may_be_doubled=request.may_be_doubled)


def _log_fields(request: BookingRequest) -> dict[str, int | str]:
    return {
        "booking_request_id": request.pk,
        "booking_id": request.booking_id,
        "kind": str(request.kind),
    }


def _record_refusal(request: BookingRequest, error: UpstreamRejected) -> None:
    """Settle a request that AMPECO refused, with its messages about single fields as the reason.

    A booking that AMPECO does not know (any more) can neither be changed nor cancelled.
    """
    messages = error.messages
    gone = request.kind != Kind.CREATE and (
        isinstance(error, UpstreamNotFound) or "bookingId" in error.field_errors
    )
    move_request(
        request,
        to=Status.FAILED,
        actor=Actor.OPERATOR,
        note=" ".join(messages)[:1000],
        failure=Failure.BOOKING_OVER if gone else Failure.REFUSED,
        rejection_reason=" ".join(messages)[:1000],
    )
