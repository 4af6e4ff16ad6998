"""Django's PostgreSQL, with a pool that outlives a restart of the database, and quick instants.

After a restart none of the pool's connections is good any more, and each of them would cost
somebody an error. The pool's own check finds that out one by one with growing pauses, so that the
first caller waits in vain; here the first bad one empties the pool.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from psycopg.adapt import AdaptersMap

from config.postgresql import key_lists

key_lists.register()


class UtcLoader(BaseTzLoader):
    """Reads instants with Python's own parser, in a tenth of the time: a page has hundreds."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        """Return the instant in UTC; raises DataError for one that Python does not know."""
        try:
            return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)
        except (ValueError, OverflowError):
            found: datetime = super().load(data)
            return found


@cache
def with_quick_instants(adapters: AdaptersMap) -> AdaptersMap:
    quick = AdaptersMap(adapters)
    quick.register_loader("timestamptz", UtcLoader)
    return quick


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that answered when it was taken."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return how to connect; instants are read in UTC, which is the time of all settings."""
        params: dict[str, Any] = super().get_connection_params()
        params["context"] = with_quick_instants(params["context"])
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection; one of the pool that does not answer is replaced by a new one."""
        connection = super().get_new_connection(conn_params)
        if self.pool is None:
            return connection
        try:
            # Leaves one that was given back within a transaction outside of any.
            self.pool.check_connection(connection)
        except psycopg.OperationalError:
            self.pool.putconn(connection)
            self.pool.drain()
            return super().get_new_connection(conn_params)
        return connection
