"""How work gets to the workers, and how they share it so that none is done twice at once.

A claim is a conditional UPDATE: of two workers that want the same row one changes it, the other
sees that it changed nothing. It repeats what made the row a candidate, since the row may have been
claimed, worked on and given back since it was looked at. A claim that is not given back runs out,
so a killed worker's rows are found again.
"""

import functools
import logging
import math
import sqlite3
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg
from celery import current_app
from django.core.cache import cache
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.utils import timezone
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

# For so long after a failure the broker is not tried again, since a page that asks for many things
# would wait for each. A sweep comes as often and does what was not said.
PAUSE_SECONDS = 5.0
# For so long a message is taken to wait for a worker where none has said that it began.
WAITS_SECONDS = 5
# How often a worker looks for other rows where all that it found were taken by others.
LOOKS = 3
# What was read longer ago is read again before something is done with it.
FRESH_SECONDS = 1.0

Taken = TypeVar("Taken")


class _Broker:
    """What this process knows of the broker: until when it is taken for away."""

    away_until = 0.0


def wake(task_name: str) -> None:
    """Let a worker run a task that takes whatever is due, unless a message to do so waits already.

    So a thousand rows cost a few messages. A broker that is away, or a message that is lost, costs
    time, not work: a sweep finds the rows.
    """
    if time.monotonic() < _Broker.away_until:
        return
    # Without the cache nobody knows, and a message too many does no harm.
    if cache.add(_waits_key(task_name), True, WAITS_SECONDS) is False:
        return
    if not _send(task_name):
        note_awake(task_name)


def _send(task_name: str, *args: Any) -> bool:
    """Send a message; return whether the broker took it."""
    try:
        current_app.send_task(task_name, args=args)
    except (OperationalError, OSError):
        _Broker.away_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("The broker is away; a sweep will do the work of %s.", task_name)
        return False
    return True


def send_now(task_name: str, *args: Any) -> bool:
    """Send a message about something in particular; return whether the broker took it.

    Asks no database. While the broker is away nothing is sent, nor waited for.
    """
    return time.monotonic() >= _Broker.away_until and _send(task_name, *args)


def enqueue_on_commit(task_name: str, *args: Any) -> None:
    """Send a message about something in particular once this transaction is committed.

    A sweep has to find it without the message as well.
    """

    def send() -> None:
        send_now(task_name, *args)

    transaction.on_commit(send, robust=True)


def wake_on_commit(task_name: str) -> None:
    """Let a worker take what is due once this transaction is committed; one message for all of it.

    A page or a worker that asks for many things says so with each, and is heard once.
    """
    hook, connection = _waker(task_name), transaction.get_connection()
    # What was said within a savepoint is forgotten where that is rolled back.
    open_now = set(connection.savepoint_ids)
    if not any(said is hook and within <= open_now for within, said, _ in connection.run_on_commit):
        transaction.on_commit(hook, robust=True)


@functools.cache
def _waker(task_name: str) -> Callable[[], None]:
    def wake_worker() -> None:
        wake(task_name)

    return wake_worker


def note_awake(task_name: str) -> None:
    """Note that a worker begins a task: what is committed from here on wakes another one.

    For the task itself, before it looks at what is due.
    """
    cache.delete(_waits_key(task_name))


def _waits_key(task_name: str) -> str:
    return f"message-waits:{task_name}"


def free_of_lease(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lte=now)


def claim(
    candidates: "models.QuerySet[Any]", *, now: datetime, seconds: int, limit: int
) -> tuple[uuid.UUID, list[int]]:
    """Claim up to `limit` of the candidates for some seconds.

    Returns the owner's mark and the ids that were won; another worker may have won the rest.
    What somebody holds at the moment is left to the next round: to wait for it would stop the rest.
    """
    wanted = candidates.filter(free_of_lease(now)).values_list("pk", flat=True)[:limit]
    return claim_these(list(wanted), among=candidates, now=now, seconds=seconds)


def claim_these(
    wanted: Sequence[int], *, among: "models.QuerySet[Any]", now: datetime, seconds: int
) -> tuple[uuid.UUID, list[int]]:
    """Claim rows by their ids, those that still are among the candidates; as `claim`.

    Returns the ids in the order given.
    """
    owner = uuid.uuid4()
    if not wanted:
        return owner, []
    free = among.order_by().filter(free_of_lease(now), pk__in=wanted)
    with transaction.atomic():
        unheld = free.select_for_update(skip_locked=True).values("pk")
        won = free.filter(pk__in=unheld).update(
            lease_owner=owner, lease_until=now + timedelta(seconds=seconds)
        )
    if won == len(wanted):
        return owner, list(wanted)
    ours = among.model._default_manager.filter(pk__in=wanted, lease_owner=owner)
    keys = set(ours.values_list("pk", flat=True))
    return owner, [pk for pk in wanted if pk in keys]


def take_due(
    task_name: str,
    *,
    due: "Callable[[datetime], models.QuerySet[Any]]",
    find: "Callable[[models.QuerySet[Any], datetime, int], Iterable[int]]",
    read: Callable[[list[int], uuid.UUID], Mapping[int, Taken]],
    batch: int,
    lease_seconds: int,
    seconds: float = math.inf,
    now: datetime | None = None,
) -> Generator[Taken, None, None]:
    """Yield what is due, claimed by the batch, until there is no more or so many seconds are over.

    `find` picks up to a batch of ids out of the due rows that are free, at some time, in the order
    in which they are wanted. `read` reads what is claimed together, by its ids; what was
    read a moment ago is read again before it is yielded. A full batch wakes another worker, so does
    the end of the time. What is claimed and was not yielded is given back: close the iterator.
    """
    ends_at = time.monotonic() + seconds
    taken = 0
    while True:
        at = now or timezone.now()
        rows = due(at)
        owner, left = _claim_next(rows, find, batch=batch, now=at, seconds=lease_seconds)
        if not left:
            return
        if len(left) == batch:
            wake(task_name)
        try:
            for key, one in _as_they_are(left, owner, read):
                if time.monotonic() > ends_at and taken:
                    wake(task_name)
                    return
                left.remove(key)
                taken += 1
                yield one
        finally:
            if left:
                ours = rows.model._default_manager.filter(pk__in=left, lease_owner=owner)
                ours.update(lease_owner=None, lease_until=None)


def _claim_next(
    due: "models.QuerySet[Any]",
    find: "Callable[[models.QuerySet[Any], datetime, int], Iterable[int]]",
    *,
    batch: int,
    now: datetime,
    seconds: int,
) -> tuple[uuid.UUID, list[int]]:
    """Claim the first that are found; look again where other workers were faster with all of them.

    Then there may be more.
    """
    for _look in range(LOOKS):
        wanted = list(find(due.filter(free_of_lease(now)), now, batch))
        owner, won = claim_these(wanted, among=due, now=now, seconds=seconds)
        if won or not wanted:
            break
    return owner, won


def _as_they_are(
    left: list[int],
    owner: uuid.UUID,
    read: Callable[[list[int], uuid.UUID], Mapping[int, Taken]],
) -> Iterator[tuple[int, Taken]]:
    while left:
        read_at = time.monotonic()
        rows = read(left, owner)
        for number, row in enumerate(rows.items()):
            if number and time.monotonic() > read_at + FRESH_SECONDS:
                break
            yield row
        else:
            return


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
