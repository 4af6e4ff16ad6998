"""Begins the database of the tests with a copy of what is migrated already (TEST_TEMPLATE)."""

import os
import sqlite3
from contextlib import closing

from tools.services.template import NAME


def copy_sqlite(connection, **_signal) -> None:
    """Fill SQLite's new database in memory on the first connection to it."""
    path = os.environ.get(NAME)
    if not path or connection.vendor != "sqlite" or not connection.is_in_memory_db():
        return
    (tables,) = connection.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0:
        with closing(sqlite3.connect(path)) as template:
            template.backup(connection.connection)


def copy_postgresql(database: dict) -> None:
    """Let Django make its database from the template."""
    if os.environ.get(NAME):
        database.setdefault("TEST", {})["TEMPLATE"] = os.environ[NAME]
