"""Follows the charging session of a booking until it has ended and is paid for."""

import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from ampeco import types as ampeco_types
from ampeco.client import AmpecoClient
from ampeco.connection import note_accepted
from bookings.models import Booking, ChargingSession
from bookings.state.booking import tell_change
from sync.schedule import (
    LATE_PAUSE,
    LATER_LOOK,
    OFTEN,
    SWEEP,
    claim_due,
    one_by_one_instead,
    schedule,
    stop_round,
)
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamNotFound,
    UpstreamRateLimited,
    UpstreamUnauthorized,
)

logger = logging.getLogger(__name__)

Status = ChargingSession.Status

# The task that reads the sessions that are due; whoever makes one due may wake a worker to run it.
READ_SESSIONS = "bookings.tasks.refresh_sessions"
MOST_ROWS = 2000
MOST_SINGLE = 100
PAGE_SIZE = 100
# Before the session of a booking is looked for among its driver's sessions.
EARLY = timedelta(hours=1)
MOST_PAGES_OF_A_DRIVER = 3
# A charge that goes on for longer is a forgotten one.
LONG_CHARGE = timedelta(days=1)
GIVEN_UP_AFTER = timedelta(days=14)
# How long after the end the operator may take to make out what it cost.
BILLED_WITHIN = timedelta(days=1)
# What the columns hold: digits before the point, and after it.
MOST_KWH = (9, 3)
MOST_MONEY = (8, 4)


def session_of(booking: Booking) -> ChargingSession | None:
    try:
        return booking.charging_session
    except ChargingSession.DoesNotExist:
        return None


def note_session(booking: Booking, session_id: int | str | None) -> None:
    """Remember that a session belongs to a booking, so that the next sweep reads it.

    A booking that names another session than before is followed to that one.
    """
    if session_id is None:
        return
    known = session_of(booking)
    wanted = str(session_id)
    if known is not None and known.ampeco_session_id == wanted:
        return
    now = timezone.now()
    try:
        with transaction.atomic():
            if known is None:
                ChargingSession.objects.create(
                    booking=booking, ampeco_session_id=wanted, refresh_at=now
                )
            else:
                known.ampeco_session_id, known.status = wanted, Status.UNKNOWN
                known.started_at = known.stopped_at = known.read_at = None
                known.energy_kwh, known.amount, known.currency = None, None, ""
                known.refresh_at = now
                known.save()
            tell_change(booking)
    except IntegrityError:
        # Another sweep was faster, or another booking has this session.
        logger.info("Session %s is known already.", wanted)


def find_session(booking: Booking, *, client: AmpecoClient) -> None:
    """Look for the session of a booking that names none, among those of its driver since then.

    Only a session that names the booking counts. Reads a few pages at most, and none where the
    token may not list sessions.
    """
    pages = client.session_pages(
        user_id=booking.driver.ampeco_user_id, started_after=booking.start_at - EARLY
    )
    try:
        for page in islice(pages, MOST_PAGES_OF_A_DRIVER):
            for found in page.items:
                if found.booking_id == booking.ampeco_booking_id:
                    note_session(booking, found.id)
                    return
    except UpstreamForbidden as error:
        logger.warning("The session of booking %s could not be looked for: %s", booking.pk, error)


def refresh_sessions(*, client: AmpecoClient, now: datetime | None = None) -> int:
    """Read the sessions that are due; return how many were read.

    Few are read one by one; of many, those that still run by paging once through the list of all
    that run. An outage ends the round, and what is left is read when it is over; nothing is taken
    up while no call would be sent.
    """
    if client.held_back_for() > 0:
        return 0
    now = now or timezone.now()
    due = claim_due(ChargingSession.objects.all(), now=now, limit=MOST_ROWS)
    if not due:
        return 0
    remaining = {session.ampeco_session_id: session for session in due}
    try:
        running = [one for one in due if one.started_at is not None and not one.has_ended]
        pages = math.ceil(len(running) / PAGE_SIZE) + 1
        if len(running) > pages:
            with one_by_one_instead("Sessions"):
                _read_by_list(running, remaining, client=client, pages_expected=pages)
        _read_singly(remaining, client=client)
        note_accepted()
    except UpstreamError as error:
        pause = stop_round(error, what=f"{len(remaining)} sessions")
        _put_off(remaining, timezone.now() + pause)
    else:
        _put_off(remaining, now)
    return sum(session.read_at is not None and session.read_at >= now for session in due)


def take_read(items: Sequence[ampeco_types.Session], *, asked_at: datetime) -> None:
    """Take from a list that was read for something else what is followed here.

    So it is not read once more. What has been read since `asked_at` is left as it is.
    """
    found = {item.id: item for item in items}
    _note_unknown_sessions(items)
    followed = ChargingSession.objects.filter(
        Q(read_at=None) | Q(read_at__lt=asked_at),
        ampeco_session_id__in=found,
        refresh_at__isnull=False,
    )
    _record([(session, found[session.ampeco_session_id]) for session in followed])


def next_read(
    session: ChargingSession, *, billing_status: str, now: datetime, ran_at: datetime | None = None
) -> datetime | None:
    """Return when a session that was read just now is to be read again; None for never.

    About once a minute while it runs, then until the operator has made out what it cost. `ran_at`
    is when it was last seen running: by our clock, unlike the times of the session.
    """
    since = session.started_at or now
    if not session.has_ended:
        if now - since > GIVEN_UP_AFTER:
            return None
        return now + (LATE_PAUSE if now - since > LONG_CHARGE else OFTEN - SWEEP)
    ended = max(session.stopped_at or since, ran_at or since)
    if now - ended > BILLED_WITHIN or is_billed(session, billing_status, ended=ended, now=now):
        return None
    return now + (LATER_LOOK if now - ended < LATE_PAUSE else LATE_PAUSE)


def is_billed(
    session: ChargingSession, billing_status: str, *, ended: datetime, now: datetime
) -> bool:
    """Return whether the cost of a session that has ended is final.

    Versions that do not say so are given some minutes.
    """
    if billing_status:
        return billing_status == "completed"
    return session.amount is not None and now - ended >= LATER_LOOK


def _read_by_list(
    running: list[ChargingSession],
    remaining: dict[str, ChargingSession],
    *,
    client: AmpecoClient,
    pages_expected: int,
) -> None:
    """Page through the sessions that run, and take what is found out of `remaining`.

    Stops when the list has cost half as many calls as reading the rows singly: then others than
    those who book fill it.
    """
    most_pages = max(pages_expected, len(running) // 2)
    since = min(one.started_at for one in running if one.started_at is not None)
    wanted = {one.ampeco_session_id for one in running}
    pages = client.session_pages(status="active", started_after=since - timedelta(minutes=1))
    for number, page in enumerate(pages, start=1):
        found = {item.id: item for item in page.items}
        _note_unknown_sessions(page.items)
        answered = [remaining.pop(pk) for pk in found if pk in remaining]
        _record([(session, found[session.ampeco_session_id]) for session in answered])
        wanted -= found.keys()
        if not wanted or number >= most_pages:
            break


def _note_unknown_sessions(items: Sequence[ampeco_types.Session]) -> None:
    """Remember the sessions on a page that name a booking of ours of which we knew none."""
    by_booking = {item.booking_id: item.id for item in items}
    without = Booking.objects.filter(
        ampeco_booking_id__in=[pk for pk in by_booking if pk is not None],
        charging_session__isnull=True,
    )
    for booking in without:
        note_session(booking, by_booking[booking.ampeco_booking_id])


def _read_singly(remaining: dict[str, ChargingSession], *, client: AmpecoClient) -> None:
    failed_before = False
    for session_id in list(remaining)[:MOST_SINGLE]:
        try:
            found = client.read_session(session_id)
        except UpstreamNotFound:
            logger.warning("The operator does not know session %s.", session_id)
            _give_up_or_wait(remaining.pop(session_id))
            continue
        except (UpstreamRateLimited, UpstreamUnauthorized):
            raise
        except UpstreamError:
            if failed_before:
                raise
            failed_before = True
            _put_off({session_id: remaining.pop(session_id)}, timezone.now() + LATER_LOOK)
            continue
        _record([(remaining.pop(session_id), found)])


def _record(answers: list[tuple[ChargingSession, ampeco_types.Session]]) -> None:
    now = timezone.now()
    changed = []
    for session, found in answers:
        ran_at = None if session.has_ended else session.read_at
        values = _values(found)
        if any(getattr(session, name) != value for name, value in values.items()):
            changed.append(session.booking_id)
        for name, value in values.items():
            setattr(session, name, value)
        session.read_at = now
        session.refresh_at = next_read(
            session, billing_status=found.billing_status, now=now, ran_at=ran_at
        )
    fields = ["status", "started_at", "stopped_at", "energy_kwh", "amount", "currency"]
    try:
        with transaction.atomic():
            ChargingSession.objects.bulk_update(
                [session for session, _found in answers], [*fields, "read_at", "refresh_at"]
            )
            for booking in Booking.objects.filter(pk__in=changed):
                tell_change(booking)
    except DatabaseError:
        # The claim runs out, and they are read again.
        logger.exception("What was read of %d sessions could not be recorded.", len(answers))


def _values(found: ampeco_types.Session) -> dict[str, Any]:
    return {
        "status": found.status,
        "started_at": found.started_at,
        "stopped_at": found.stopped_at,
        "energy_kwh": _number(found.energy_kwh, *MOST_KWH),
        "amount": _number(found.amount, *MOST_MONEY),
        "currency": found.currency[:8],
    }


def _number(value: Decimal | None, before: int, after: int) -> Decimal | None:
    """Return a number as its column holds it; one that makes no sense is as good as none."""
    if value is None or abs(value) >= 10**before:
        return None
    return round(value, after)


def _give_up_or_wait(session: ChargingSession) -> None:
    now = timezone.now()
    since = session.read_at or session.booking.end_at
    _put_off(
        {session.ampeco_session_id: session},
        now + LATE_PAUSE if now - since < BILLED_WITHIN else None,
    )


def _put_off(sessions: dict[str, ChargingSession], at: datetime | None) -> None:
    pks = [session.pk for session in sessions.values()]
    if pks:
        schedule(ChargingSession.objects.filter(pk__in=pks), at)
