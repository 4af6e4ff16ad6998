"""Begins the database of the tests with a copy of what is migrated already (TEST_TEMPLATE)."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tools.services.template import NAME


def fill(database: sqlite3.Connection) -> None:
    """Copy SQLite's template into a database, where there is one."""
    path = Path(os.environ.get(NAME, ""))
    if path.is_file():
        with closing(sqlite3.connect(path)) as template:
            template.backup(database)


def copy_sqlite(connection, **_signal) -> None:
    """Fill SQLite's new database in memory on the first connection to it."""
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        return
    (tables,) = connection.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0:
        fill(connection.connection)


def copy_file(path: Path) -> None:
    """Make a file of SQLite's from the template, where there is one."""
    if os.environ.get(NAME):
        with closing(sqlite3.connect(path)) as database:
            fill(database)


def copy_postgresql(database: dict) -> None:
    """Let Django make its database from the template."""
    if os.environ.get(NAME):
        database.setdefault("TEST", {})["TEMPLATE"] = os.environ[NAME]
