"""Tells chargers what people want, each at most once, and finds out what came of it."""

import logging
import math
import uuid
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice

from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils import timezone

from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted, note_refused
from ampeco.types import ControlAnswer
from bookings.models import Actor, Booking, ChargingSession
from bookings.state.moves import REFRESH
from mirror.work import free_of_lease, reconnect_if_broken, take_due, wake
from remote.actions import SEND, with_charger
from remote.models import RemoteAction
from remote.models.action import LAPSES_AFTER
from remote.rights import note_allowed, note_forbidden
from remote.rules import why_not
from remote.state import move_action
from sync.schedule import schedule
from sync.sessions import READ_SESSIONS, note_session
from upstream.errors import (
    UpstreamCircuitOpen,
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamRejected,
    UpstreamUnauthorized,
    UpstreamUnavailable,
)

logger = logging.getLogger(__name__)

Kind = RemoteAction.Kind
Status = RemoteAction.Status
Reason = RemoteAction.Reason

# Longer than a call can take: an answer may trickle for twice the longest silence.
LEASE_SECONDS = 30
# For so long it is looked whether what was told had an effect. A charger may take its time, and so
# may what tells of it.
LOOKED_FOR = timedelta(seconds=60)
# After that it is not waited any longer for an operator that cannot be asked, either.
GIVEN_UP_AFTER = timedelta(minutes=10)
LONGEST_PAUSE_SECONDS = 10.0
# The charge of a driver that began so long before is another one; clocks differ.
EARLIER = timedelta(minutes=2)
MOST_PAGES_OF_A_DRIVER = 3
# The charge point's no.
NOT_ACCEPTABLE = 406


def send_due(*, client: AmpecoClient, seconds: float = math.inf) -> None:
    """Tell chargers what is due, and look what came of what was not answered.

    One claim at a time, so that whatever waits is shared among the workers: each has somebody at a
    charger. While no call would be sent, what is too late by now is dropped all the same.
    """
    _drop_late()
    if client.held_back_for() > 0:
        return
    due = take_due(
        SEND,
        due=_due,
        find=lambda rows, _now, most: rows.order_by("next_attempt_at", "pk").values_list(
            "pk", flat=True
        )[:most],
        read=_read,
        batch=1,
        lease_seconds=LEASE_SECONDS,
        seconds=seconds,
    )
    with closing(due):
        for action in due:
            _work_on(action, client=client)
            if client.held_back_for() > 0:
                return


def _due(now: datetime) -> QuerySet[RemoteAction]:
    """Return what is to be sent or looked for, and what nobody is sending any more.

    That is told by the claim, which the caller heeds.
    """
    return RemoteAction.objects.filter(
        Q(status=Status.SENDING)
        | Q(status__in=[Status.QUEUED, Status.UNCLEAR], next_attempt_at__lte=now)
    )


def _read(keys: list[int], owner: uuid.UUID) -> dict[int, RemoteAction]:
    rows = RemoteAction.objects.filter(lease_owner=owner, status__in=RemoteAction.OPEN)
    found = rows.select_related("booking", "driver", "evse__charge_point").in_bulk(keys)
    return {key: found[key] for key in keys if key in found}


def _drop_late() -> None:
    """Settle what could not be sent in time, and what nobody could look for."""
    now = timezone.now()
    free = free_of_lease(now)
    open_ones = RemoteAction.objects.select_related("booking").filter(free)
    for action in open_ones.filter(status=Status.QUEUED, created_at__lte=now - LAPSES_AFTER):
        move_action(action, to=Status.LAPSED, only=free, reason=Reason.TOO_LATE)
    for action in open_ones.filter(
        status=Status.UNCLEAR, send_started_at__lte=now - GIVEN_UP_AFTER
    ):
        move_action(action, to=Status.NO_ANSWER, only=free)


def _work_on(action: RemoteAction, *, client: AmpecoClient) -> None:
    """Send one claimed action, or look what came of it.

    Steps: 1. what is too late, or no longer as it was asked for, is dropped; 2. that sending begins
    is noted on the row, committed before the call; 3. the call, once; 4. the answer is recorded.
    Where the answer is lost, or whoever sent it was killed, only looking is left.
    """
    owner = action.lease_owner
    assert owner is not None
    action.attempts += 1
    try:
        if action.status == Status.SENDING:
            # Whoever sent it never said what came of it.
            if move_action(action, to=Status.UNCLEAR, only=Q(lease_owner=owner)):
                _look(action, owner=owner, client=client)
        elif action.status == Status.UNCLEAR:
            _look(action, owner=owner, client=client)
        elif failure := _obstacle(action):
            move_action(action, to=Status.LAPSED, only=Q(lease_owner=owner), reason=failure)
        else:
            _send(action, owner=owner, client=client)
    except DatabaseError:
        # The claim runs out, and what was sent is looked for.
        logger.exception("What became of action %s could not be recorded.", action.pk)
        reconnect_if_broken()


def _obstacle(action: RemoteAction) -> str:
    """Return why a charger is not told any more what was asked for; "" where it is."""
    now = timezone.now()
    if action.has_lapsed(now):
        return Reason.TOO_LATE
    booking = with_charger(action.booking_id)
    same = (booking.driver_id, booking.evse_id) == (action.driver_id, action.evse_id)
    if not same or why_not(booking, action.kind, now=now):
        return Reason.NOT_ANY_MORE
    if action.asked_by == Actor.DRIVER and not booking.fleet.drivers_may_start:
        return Reason.NOT_ANY_MORE
    return ""


def _send(action: RemoteAction, *, owner: uuid.UUID, client: AmpecoClient) -> None:
    began = timezone.now()
    ours = move_action(
        action,
        to=Status.SENDING,
        only=Q(lease_owner=owner),
        send_started_at=began,
        attempts=action.attempts,
        lease_until=began + timedelta(seconds=LEASE_SECONDS),
    )
    if not ours:
        return
    try:
        answer = _call(action, client=client)
    except UpstreamUnavailable as error:
        if error.ambiguous:
            logger.warning("Action %s is looked for: %s", action.pk, error)
            if move_action(action, to=Status.UNCLEAR, only=Q(lease_owner=owner)):
                _look(action, owner=owner, client=client)
            return
        known = isinstance(error, UpstreamCircuitOpen)
        _put_back(action, seconds=error.retry_after if known else 2.0**action.attempts)
    except UpstreamRateLimited as error:
        _put_back(action, seconds=error.retry_after)
    except UpstreamForbidden:
        note_forbidden(action.kind)
        _refuse(action, Reason.NOT_PERMITTED)
    except UpstreamUnauthorized:
        note_refused()
        _put_back(action, seconds=LONGEST_PAUSE_SECONDS)
    except UpstreamRejected as error:
        _refuse(action, _reason_of(error), said=" ".join(error.messages)[:300])
    else:
        note_accepted()
        note_allowed(action.kind)
        _record(action, answer)


def _call(action: RemoteAction, *, client: AmpecoClient) -> ControlAnswer:
    evse, booking = action.evse, action.booking
    match action.kind:
        case Kind.START:
            assert booking.ampeco_booking_id is not None
            return client.start_charge(
                evse.ampeco_id,
                user_id=action.driver.ampeco_user_id,
                booking_id=booking.ampeco_booking_id,
            )
        case Kind.STOP:
            return client.stop_charge(evse.charge_point.ampeco_id, action.ampeco_session_id)
    return client.unlock_connector(evse.charge_point.ampeco_id, evse.network_id)


def _reason_of(error: UpstreamRejected) -> str:
    if isinstance(error, UpstreamNotFound):
        return Reason.UNKNOWN_THERE
    if "bookingId" in error.field_errors:
        return Reason.BOOKING
    return Reason.CHARGER if error.status == NOT_ACCEPTABLE else Reason.OPERATOR


def _record(action: RemoteAction, answer: ControlAnswer) -> None:
    if not answer.accepted:
        _refuse(action, answer.error_code or Reason.CHARGER, said=answer.message)
        return
    if action.kind == Kind.START and answer.session_id:
        action.ampeco_session_id = answer.session_id
    session_id = action.ampeco_session_id
    move_action(action, to=Status.ACCEPTED, actor=Actor.OPERATOR, ampeco_session_id=session_id)
    # Also where somebody has given it up meanwhile: the charge runs.
    _follow(action, begun=session_id if action.kind == Kind.START else "")


def _refuse(action: RemoteAction, reason: str, *, said: str = "") -> None:
    move_action(action, to=Status.REFUSED, actor=Actor.OPERATOR, reason=reason, said=said)
    # What stands against it may be news: a charge that runs, a booking that is over.
    _follow(action)


def _put_back(action: RemoteAction, *, seconds: float) -> None:
    """Let something be sent later that surely never arrived; it lapses soon enough."""
    at = timezone.now() + timedelta(seconds=min(seconds, LONGEST_PAUSE_SECONDS))
    move_action(action, to=Status.QUEUED, send_started_at=None, next_attempt_at=at)


def _look(action: RemoteAction, *, owner: uuid.UUID, client: AmpecoClient) -> None:
    """Look whether what was sent, and not answered, had an effect; give up after some time.

    Nothing tells whether a plug was let go.
    """
    assert action.send_started_at is not None
    only = Q(lease_owner=owner)
    found, known = False, True
    try:
        found = _had_effect(action, client=client)
    except UpstreamError as error:
        logger.info("What became of action %s is not known yet: %s", action.pk, error)
        known = False
    since = timezone.now() - action.send_started_at
    if found:
        session_id = action.ampeco_session_id
        move_action(
            action,
            to=Status.ACCEPTED,
            only=only,
            ampeco_session_id=session_id,
            reason=Reason.FOUND,
        )
        _follow(action, begun=session_id if action.kind == Kind.START else "")
    elif since >= GIVEN_UP_AFTER or (known and _waited_enough(action, since)):
        if move_action(action, to=Status.NO_ANSWER, only=only):
            _follow(action)
    else:
        pause = min(max(2.0, since.total_seconds()), LONGEST_PAUSE_SECONDS)
        RemoteAction.objects.filter(only, pk=action.pk, status=Status.UNCLEAR).update(
            next_attempt_at=timezone.now() + timedelta(seconds=pause),
            attempts=action.attempts,
            lease_owner=None,
            lease_until=None,
        )


def _waited_enough(action: RemoteAction, since: timedelta) -> bool:
    return action.kind == Kind.UNLOCK or since >= LOOKED_FOR


def _had_effect(action: RemoteAction, *, client: AmpecoClient) -> bool:
    """Ask the operator; of a start that did begin a charge, remember which."""
    match action.kind:
        case Kind.START:
            begun = _charge_begun(action, client=client)
            action.ampeco_session_id = begun or action.ampeco_session_id
            return bool(begun)
        case Kind.STOP:
            charge = client.read_session(action.ampeco_session_id)
            return charge.stopped_at is not None or charge.status in ChargingSession.ENDED
    return False


def _charge_begun(action: RemoteAction, *, client: AmpecoClient) -> str:
    """Return which charge the booking has by now, or its driver on its charger; "" for none."""
    booking_id = action.booking.ampeco_booking_id
    assert booking_id is not None and action.send_started_at is not None
    try:
        theirs = client.read_booking(booking_id)
    except UpstreamNotFound:
        theirs = None
    if theirs is not None and theirs.session_id is not None:
        return str(theirs.session_id)
    since = action.send_started_at - client.clock.behind(at_least=EARLIER)
    pages = client.session_pages(user_id=action.driver.ampeco_user_id, started_after=since)
    try:
        for page in islice(pages, MOST_PAGES_OF_A_DRIVER):
            for found in page.items:
                here = found.booking_id is None and found.evse_id == action.evse.ampeco_id
                if here or found.booking_id == booking_id:
                    return found.id
    except UpstreamForbidden:
        # Then the booking alone tells.
        return ""
    return ""


def _follow(action: RemoteAction, *, begun: str = "") -> None:
    """Let what has changed upstream be read at once, so that pages show it.

    `begun` is the charge that is known to have begun, if one is.
    """
    booking, now = action.booking, timezone.now()
    note_session(booking, begun or None)
    schedule(Booking.objects.filter(pk=booking.pk), now)
    schedule(ChargingSession.objects.filter(booking=booking), now)
    wake(REFRESH)
    wake(READ_SESSIONS)
