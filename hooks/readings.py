"""Reads again what a notification named, by the ways that there are, and no more often than they.

Each booking is read at once, and once more some seconds later where it is named again meanwhile:
however often something is said, that bounds the calls.
"""

import logging
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import models
from django.utils import timezone

from ampeco.connection import get_client, has_calls_to_spare
from bookings.models import Booking, ChargingSession
from bookings.state.moves import REFRESH
from charging.mirroring.run import changes_since, sync_sessions
from energy.mirroring.due import read_soon
from energy.tasks import sync_energy
from hooks.hints import Target
from mirror.models import SyncRun
from mirror.runs import RunUnderWay, is_due_again, last_finished
from mirror.work import wake
from sites.mirroring.full_walk import sync_sites
from sync.compare import followed
from sync.schedule import AFTER_END, BEFORE_START, WATCHED, is_outage, schedule
from sync.sessions import READ_SESSIONS

logger = logging.getLogger(__name__)

# A charge point may have many EVSEs, and hardly any of them more than one booking at a time.
MOST_BOOKINGS = 50
# So often at most the changes of all sites are read because somebody says that there are some.
SITES_PAUSE = timedelta(minutes=1)
# And so often those of what was charged.
CHARGES_PAUSE = timedelta(minutes=1)

WHERE = {
    Target.EVSE: "evse__ampeco_id",
    Target.CHARGE_POINT: "evse__charge_point__ampeco_id",
    Target.PARKING_SPACE: "evse__parking_spaces__ampeco_id",
}


def read(target: Target, about: int | str) -> None:
    if target is Target.NETWORK:
        read_network(str(about))
    elif target is Target.SITES:
        read_changed_sites()
    elif target is Target.SESSION:
        read_session(str(about))
    else:
        read_bookings(**{WHERE[target]: about})


def read_bookings(**where: Any) -> None:
    """Let the bookings that are on at a place, or about to be, be read now."""
    now = timezone.now()
    bookings = followed().filter(
        refresh_at__gt=now,
        start_at__lte=now + BEFORE_START,
        end_at__gte=now - AFTER_END,
        **where,
    )
    keys = set(bookings.order_by("start_at").values_list("pk", flat=True)[:MOST_BOOKINGS])
    if _hurry(Booking.objects.filter(pk__in=keys), keys):
        wake(REFRESH)


def read_session(session_id: str) -> None:
    """Let a charging session of ours be read now; and what has changed of all, booked or not."""
    sessions = ChargingSession.objects.filter(
        ampeco_session_id=session_id, refresh_at__gt=timezone.now()
    )
    if _hurry(sessions, set(sessions.values_list("pk", flat=True))):
        wake(READ_SESSIONS)
    read_changed_charges()


def read_changed_charges() -> None:
    """Read what has changed of what was charged, as the regular run does, if not just done."""
    is_due = is_due_again(SyncRun.Kind.SESSIONS, every=2 * CHARGES_PAUSE, now=timezone.now())
    # The first reading of all is no hint's business.
    if not is_due or changes_since(timezone.now()) is None or not has_calls_to_spare():
        return
    try:
        sync_sessions(client=get_client(), not_within=CHARGES_PAUSE)
    except RunUnderWay:
        logger.info("A synchronisation of sessions is under way already.")


def read_network(remote_id: str) -> None:
    """Read what changes in a network of Ampcontrol from minute to minute, if not just done."""
    if read_soon(remote_id, now=timezone.now()):
        sync_energy()


def read_changed_sites() -> None:
    """Read what has changed at the sites, as the regular run does, if that was not just done."""
    is_due = is_due_again(SyncRun.Kind.SITES_DELTA, every=2 * SITES_PAUSE, now=timezone.now())
    # The first reading of all is no hint's business.
    if not is_due or last_finished() is None or not has_calls_to_spare():
        return
    try:
        sync_sites(client=get_client(), full=False, not_within=SITES_PAUSE)
    except RunUnderWay:
        logger.info("A synchronisation of sites is under way already.")


def _hurry(rows: "models.QuerySet[Any]", keys: set[int]) -> bool:
    """Let rows be due: now, or some seconds later where they just were because of a hint.

    Returns whether some are due now. During an outage nothing is read any sooner.
    """
    if not keys or is_outage():
        return False
    now = timezone.now()
    soon = now + WATCHED
    seconds = int(WATCHED.total_seconds())
    # Without the cache nobody knows when they were read: then they wait.
    at_once = [
        key
        for key in keys
        if cache.add(f"read-as-told:{rows.model._meta.model_name}:{key}", True, seconds) is True
    ]
    if at_once:
        schedule(rows.filter(pk__in=at_once, refresh_at__gt=now), now)
    schedule(rows.filter(pk__in=keys.difference(at_once), refresh_at__gt=soon), soon)
    return bool(at_once)
