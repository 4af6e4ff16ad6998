"""Runs the suite as if it were another day: `TEST_NOW=2027-03-14T06:30Z make test`.

This process, the parallel ones and the Python processes that tests start agree on the time, and it
goes on. So does a PostgreSQL database for what asks it by a function. Servers and browsers keep the
real time: what Redis keeps for a while is kept for as long, and a browser shows the time of its
own.
"""

import os
from datetime import datetime
from importlib import import_module
from pathlib import Path

OFFSET = "TEST_CLOCK_OFFSET"  # in seconds; Python processes read it when they start
FOLDER = str(Path(__file__).parent)
# By which SQL asks for the time. CURRENT_TIMESTAMP is none of them: it cannot be replaced.
DATABASE_FUNCTIONS = ("now", "statement_timestamp", "clock_timestamp")


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


def set_database_clock(connection) -> None:
    """Let the functions of a PostgreSQL database tell the time of TEST_NOW, whoever connects."""
    if OFFSET not in os.environ or connection.vendor != "postgresql":
        return
    quoted = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS test_clock")
        for name in DATABASE_FUNCTIONS:
            cursor.execute(
                f"CREATE OR REPLACE FUNCTION test_clock.{name}() RETURNS timestamptz"
                f" LANGUAGE sql AS $$ SELECT pg_catalog.{name}()"
                f" + interval '{float(os.environ[OFFSET])} seconds' $$"
            )
        # PostgreSQL's own come first unless it is told when they come.
        cursor.execute(
            f"ALTER DATABASE {quoted} SET search_path = test_clock, public, pg_catalog"
        )
    connection.close()  # the next one knows
