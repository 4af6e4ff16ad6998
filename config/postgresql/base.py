"""Django's PostgreSQL, with a pool that outlives a restart of the database.

After a restart none of the pool's connections is good any more, and each of them would cost
somebody an error. The pool's own check finds that out one by one with growing pauses, so that the
first caller waits in vain; here the first bad one empties the pool.
"""

from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that answered when it was taken."""

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
