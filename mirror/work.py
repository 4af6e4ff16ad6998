"""How work gets to the workers, and how they share it so that none is done twice at once.

A claim is a conditional UPDATE: of two workers that want the same row one changes it, the other
sees that it changed nothing. It repeats what made the row a candidate, since the row may have been
claimed, worked on and given back since it was looked at. A claim that is not given back runs out,
so a killed worker's rows are found again.
"""

import logging
import sqlite3
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

import psycopg
from celery import current_app
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# For so long after a failure the broker is not tried again, since a page that asks for many things
# would wait for each. A sweep comes as often and does what was not said.
PAUSE_SECONDS = 5.0


class _Broker:
    """What this process knows of the broker: until when it is taken for away."""

    away_until = 0.0


def enqueue_on_commit(task_name: str, *args: Any) -> None:
    """Send a task by name after commit.

    A broker that is away costs time, not work: a sweep finds the row.
    """

    def send() -> None:
        if time.monotonic() < _Broker.away_until:
            return
        try:
            current_app.send_task(task_name, args=args)
        except (OperationalError, OSError):
            _Broker.away_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("The broker is away; a sweep will do the work of %s.", task_name)

    transaction.on_commit(send, robust=True)


def free_of_lease(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def claim(
    candidates: "models.QuerySet[Any]", *, now: datetime, seconds: int, limit: int
) -> tuple[uuid.UUID, list[int]]:
    """Claim up to `limit` of the candidates for some seconds.

    Returns the owner's mark and the ids that were won; another worker may have won the rest.
    What somebody holds at the moment is left to the next round: to wait for it would stop the rest.
    """
    owner = uuid.uuid4()
    manager = candidates.model._default_manager
    wanted = list(candidates.filter(free_of_lease(now)).values_list("pk", flat=True)[:limit])
    if not wanted:
        return owner, []
    free = candidates.order_by().filter(free_of_lease(now), pk__in=wanted)
    with transaction.atomic():
        unheld = free.select_for_update(skip_locked=True).values("pk")
        won = free.filter(pk__in=unheld).update(
            lease_owner=owner, lease_until=now + timedelta(seconds=seconds)
        )
    if won == len(wanted):
        return owner, wanted
    return owner, list(
        manager.filter(pk__in=wanted, lease_owner=owner).values_list("pk", flat=True)
    )


def is_held(error: DatabaseError) -> bool:
    """Return whether a statement gave up waiting for what somebody else held; nothing was done."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


def reconnect_if_broken() -> None:
    """Let the next query have a connection that works, as after a restart of the database.

    Within a transaction there is nothing to save: that is left to whoever began it.
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
