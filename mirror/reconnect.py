"""What a worker does after an error of the database, before it writes down that there was one."""

from django.db import connection


def reconnect_if_broken() -> None:
    """Let the next query have a connection that works, as after a restart of the database.

    Within a transaction there is nothing to save: that is left to whoever began it.
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()
