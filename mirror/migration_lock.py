"""Lets one process migrate a database at a time, on whatever machines they run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

# Any number that nothing else locks in this database.
LOCK = 0x0C4A26EB
PATIENCE_SECONDS = 1800.0
PAUSE_SECONDS = 0.5


class MigratingElsewhere(Exception):
    """Another process has been migrating this database for longer than is waited for."""


@contextmanager
def one_at_a_time(
    connection: BaseDatabaseWrapper,
    *,
    say: Callable[[str], object] = lambda _text: None,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Iterator[None]:
    """Keep the right to migrate a PostgreSQL database while the block runs; wait for it first.

    The right belongs to a session of its own and ends with it: a process that is killed keeps
    nobody waiting. That session must reach PostgreSQL itself or a pooler in session mode. Who waits
    asks again and again instead of waiting inside PostgreSQL: an index that is built concurrently
    waits for all that is running there, and the two would wait for each other. SQLite is for one
    machine, and does without. Raises MigratingElsewhere after `patience_seconds`.
    """
    if connection.vendor != "postgresql":
        yield
        return
    give_up_at = time.monotonic() + patience_seconds
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        waited = False
        while not _take(session):
            if time.monotonic() >= give_up_at:
                raise MigratingElsewhere(
                    f"Another process has been migrating for {patience_seconds:.0f} s. "
                    "Nothing was changed by this one."
                )
            if not waited:
                say("Another process is migrating this database; waiting for it.")
                waited = True
            time.sleep(PAUSE_SECONDS)
        yield


@contextmanager
def without_limits(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let statements take and wait as long as they need while the block runs.

    An index of a large table does, and so does what waits for everybody to leave a table.
    """
    if connection.vendor != "postgresql":
        yield
        return
    limits = ("lock_timeout", "statement_timeout")
    with connection.cursor() as cursor:
        for limit in limits:
            cursor.execute(f"SET {limit} = 0")
    yield
    with connection.cursor() as cursor:
        for limit in limits:
            cursor.execute(f"RESET {limit}")


def _take(session: "psycopg.Connection[tuple[bool]]") -> bool:
    row = session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return bool(row and row[0])
