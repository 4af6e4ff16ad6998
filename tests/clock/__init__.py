"""Runs the suite as if it were another day: `TEST_NOW=2027-03-14T06:30Z make test`.

This process, the parallel ones, the Python processes that tests start and the pages of the browser
agree on the time, and it goes on. The database of the tests tells that time, too, where SQL asks it
by a function. Redis keeps the real one: what it keeps for a while it keeps for as long.
"""

import os
import sqlite3
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

OFFSET = "TEST_CLOCK_OFFSET"  # in seconds; Python processes read it when they start
FOLDER = str(Path(__file__).parent)
# By which SQL asks PostgreSQL for the time; CURRENT_TIMESTAMP cannot be replaced.
POSTGRESQL_FUNCTIONS = ("now", "statement_timestamp", "clock_timestamp")
# The clock of a page, moved by so many milliseconds.
PAGE_CLOCK = """
(() => {
  const Real = Date, offset = %d;
  globalThis.Date = class extends Real {
    constructor(...at) { at.length ? super(...at) : super(Real.now() + offset); }
    static now() { return Real.now() + offset; }
  };
})();
"""


class WrongTime(Exception):
    """TEST_NOW is no instant; the message says so."""


def read_instant(text: str) -> datetime:
    """Return the instant that TEST_NOW names."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise WrongTime(f"TEST_NOW is “{text}”, not an instant such as 2027-03-14T06:30Z.")
    return instant


def start() -> None:
    """Set the clock of this process and of its children, once, where TEST_NOW names a time."""
    wanted = os.environ.get("TEST_NOW")
    if not wanted or OFFSET in os.environ:
        return
    offset = read_instant(wanted).timestamp() - datetime.now().astimezone().timestamp()
    os.environ[OFFSET] = str(offset)
    folders = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([FOLDER, folders] if folders else [FOLDER])
    import_module("tests.clock.sitecustomize")


def passed_on() -> dict[str, str]:
    """Return the variables that a child process with an environment of its own needs."""
    return {name: os.environ[name] for name in (OFFSET, "PYTHONPATH") if OFFSET in os.environ}


def set_page_clock(context) -> None:
    """Let the pages of a browser context tell the time of TEST_NOW, from the next one on."""
    if OFFSET in os.environ:
        context.add_init_script(PAGE_CLOCK % (float(os.environ[OFFSET]) * 1000))


def set_sqlite_clock(connection, **_signal) -> None:
    """Let SQLite tell the time of TEST_NOW on a connection, where it is asked for the present."""
    if OFFSET not in os.environ or connection.vendor != "sqlite":
        return
    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def strftime(pattern: str, at: str, *more: str) -> str:
        at = datetime.now(UTC).isoformat() if at.lower() == "now" else at
        places = ", ".join("?" * (2 + len(more)))
        return plain.execute(f"SELECT strftime({places})", (pattern, at, *more)).fetchone()[0]

    connection.connection.create_function("strftime", -1, strftime)


def set_postgresql_clock(connection) -> None:
    """Let a PostgreSQL database tell the time of TEST_NOW, to whoever connects from now on."""
    if OFFSET not in os.environ or connection.vendor != "postgresql":
        return
    quoted = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS test_clock")
        for name in POSTGRESQL_FUNCTIONS:
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION test_clock.{name}() RETURNS timestamptz"
                f" LANGUAGE sql AS $$ SELECT pg_catalog.{name}()"
                f" + interval '{float(os.environ[OFFSET])} seconds' $$"
            )
        # PostgreSQL's own come first unless it is told when they come.
        cursor.execute(f"ALTER DATABASE {quoted} SET search_path = test_clock, public, pg_catalog")
    connection.close()
    connection.close_pool()
