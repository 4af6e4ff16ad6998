"""When what the operator holds is read next, who reads it, and what ends a round of reading.

`refresh_at` of a row says when it is due. A row is claimed by moving that time on, so any number of
sweeps may run at once, and the rows of a worker that dies are due again when the claim has run out.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction

from ampeco.connection import note_refused
from bookings.models import Booking, ChargingSession
from upstream.errors import (
    UpstreamError,
    UpstreamForbidden,
    UpstreamRateLimited,
    UpstreamUnauthorized,
    meets_every_call,
)

logger = logging.getLogger(__name__)

Status = Booking.Status
Row = TypeVar("Row", Booking, ChargingSession)

# How often beat starts the sweeps over due rows.
SWEEP = timedelta(seconds=10)
OFTEN = timedelta(minutes=1)
SOON = timedelta(seconds=30)
WATCHED = timedelta(seconds=10)
# The stretches in which something is about to happen to a booking.
BEFORE_START, AFTER_START = timedelta(minutes=20), timedelta(minutes=45)
BEFORE_END, AFTER_END = timedelta(minutes=5), timedelta(minutes=30)
# What goes on once the booked time is over.
LATER_LOOK = timedelta(minutes=5)
WAIT_FOR_SESSION = timedelta(hours=1)
GIVEN_UP_AFTER = timedelta(days=1)
LATE_PAUSE = timedelta(hours=1)
# How long a claim lasts: longer than a round takes.
CLAIM = timedelta(minutes=2)
OUTAGE_PAUSE = timedelta(seconds=30)
OUTAGE_KEY = "bookings-cannot-be-read"


def next_read(booking: Booking, *, now: datetime) -> datetime | None:
    """Return when a booking that was read just now is to be read again; None for never.

    About once a minute around its start and its end, seldom otherwise: the sweep through the
    operator's whole list sees it more often than that.
    """
    if booking.status == Status.COMPLETED:
        return _after_start_of_charge(booking, now=now)
    if booking.status == Status.NO_SHOW:
        # Who comes too late may be let in all the same.
        return _later_look(booking, now=now)
    if booking.status not in Booking.MAY_STAND:
        return None
    if now >= booking.end_at + GIVEN_UP_AFTER:
        return None
    if is_near(booking, now=now):
        return now + min(OFTEN - SWEEP / 2, _pause(booking, now=now))
    if now >= booking.end_at:
        return now + LATE_PAUSE
    upcoming = [booking.start_at - BEFORE_START, booking.end_at - BEFORE_END]
    return min(now + _pause(booking, now=now), *(at for at in upcoming if at > now))


def is_near(booking: Booking, *, now: datetime) -> bool:
    return (
        booking.start_at - BEFORE_START <= now < booking.start_at + AFTER_START
        or booking.end_at - BEFORE_END <= now < booking.end_at + AFTER_END
    )


def needs_own_read(booking: Booking, *, now: datetime) -> bool:
    """Return whether the operator's list, which names no chargers, does not tell enough.

    Who has not been told the charger or the session needs it, and every booking once before its
    start: a driver who stands at the wrong charger is the worst that can happen.
    """
    if booking.status == Status.COMPLETED:
        return not knows_session(booking)
    if not booking.is_confirmed:
        return False
    if booking.evse_id is None or booking.ampeco_booking_id is None:
        return True
    return is_first_look(booking, now=now)


def is_first_look(booking: Booking, *, now: datetime) -> bool:
    """Return whether a booking has come close to its start since it was last due."""
    close = booking.start_at - BEFORE_START
    return (
        booking.is_confirmed
        and booking.refresh_at is not None
        and close <= now
        and booking.refresh_at < close + OFTEN - SWEEP
    )


def knows_session(booking: Booking) -> bool:
    return hasattr(booking, "charging_session")


def seldom() -> timedelta:
    """Return how long a booking far from its start and end may go without a read of its own."""
    return 4 * timedelta(minutes=settings.BOOKING_SYNC_MINUTES)


def claim_due(rows: "models.QuerySet[Row]", *, now: datetime, limit: int) -> list[Row]:
    """Claim and return up to `limit` of the rows that are due, as they were before the claim."""
    due = rows.filter(refresh_at__lte=now).order_by("refresh_at", "pk")
    with transaction.atomic():
        won = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
        if won:
            claimed = rows.model._default_manager.filter(pk__in=[row.pk for row in won])
            claimed.update(refresh_at=now + CLAIM)
    return won


def schedule(rows: "models.QuerySet[Row]", at: datetime | None) -> None:
    """Set when rows are due, in one statement; those that somebody is changing are left out.

    To wait for them could be a deadlock, and who changes a row says as well when it is read next.
    """
    with transaction.atomic():
        free = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        if free:
            rows.model._default_manager.filter(pk__in=free).update(refresh_at=at)


def schedule_bookings(bookings: Iterable[Booking], *, read_at: datetime, now: datetime) -> None:
    """Set when bookings that were read and have not changed are read next.

    One statement for all that get the same time. Those that have changed since `read_at`, and those
    whose time is about right, are left as they are.
    """
    by_time: dict[datetime | None, list[int]] = defaultdict(list)
    for booking in bookings:
        at = next_read(booking, now=now)
        if not _is_about(booking.refresh_at, at, now=now):
            by_time[at].append(booking.pk)
    for at, pks in by_time.items():
        schedule(Booking.objects.filter(pk__in=pks, changed_at__lte=read_at), at)


def stop_round(error: UpstreamError, *, what: str) -> timedelta:
    """Note why a round of reading ends before its time; return how long to leave it at that.

    For half a minute pages that are open do not make the portal read any sooner.
    """
    pause = OUTAGE_PAUSE
    if isinstance(error, UpstreamRateLimited):
        pause = timedelta(seconds=max(1.0, error.retry_after))
    if isinstance(error, UpstreamUnauthorized) and not isinstance(error, UpstreamForbidden):
        note_refused()
    logger.warning("%s could not be read: %s", what, error)
    cache.set(OUTAGE_KEY, True, pause.total_seconds())
    return pause


@contextmanager
def one_by_one_instead(what: str) -> Iterator[None]:
    """Read a list, or leave its records to be read singly where it alone cannot be read."""
    try:
        yield
    except UpstreamError as error:
        if meets_every_call(error):
            raise
        logger.warning("%s are read one by one: %s", what, error)


def is_outage() -> bool:
    return bool(cache.get(OUTAGE_KEY))


def _after_start_of_charge(booking: Booking, *, now: datetime) -> datetime | None:
    if not knows_session(booking) and now < booking.end_at + WAIT_FOR_SESSION:
        return now + LATER_LOOK
    return _later_look(booking, now=now)


def _later_look(booking: Booking, *, now: datetime) -> datetime | None:
    look = booking.end_at + LATER_LOOK
    return look if look > now else None


def _pause(booking: Booking, *, now: datetime) -> timedelta:
    is_known = booking.evse_id is not None and booking.ampeco_booking_id is not None
    if is_known and booking.status != Status.UNKNOWN:
        return seldom()
    # A driver waits to be told the charger, or whether it stands. Some operators say so hours
    # later.
    since = now - booking.changed_at
    if since < timedelta(minutes=15):
        return SOON
    return LATER_LOOK if since < timedelta(days=1) else seldom()


def _is_about(current: datetime | None, wanted: datetime | None, *, now: datetime) -> bool:
    if current is None or wanted is None:
        return current is wanted
    half = seldom() / 2
    return now + half <= current <= wanted < current + half
