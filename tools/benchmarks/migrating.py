"""How long each migration of the bookings takes on large tables, and whom it keeps from writing.

Runs in a process of its own, on a database of its own: `python -m benchmarks.migrating URL ROWS`.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import django
import psycopg
from psycopg import sql

from tools.benchmarks.place import own_database
from tools.benchmarks.report import Figure, say

APP = "bookings"
# Those that grow with the bookings; the first migration makes them.
LARGE = (
    "bookings_booking",
    "bookings_bookingrequest",
    "bookings_bookingrequestevent",
    "notifications_notification",
)
UPCOMING = 5000
SECONDS_BETWEEN_WRITES = 0.01
# Of a page that waits for a lock.
SECONDS_ALLOWED = 1.0
COLUMNS_SQL = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_name = %s AND table_schema = 'public' AND is_nullable = 'NO' AND is_identity = 'NO'
ORDER BY ordinal_position
"""
PARENTS_SQL = """
SELECT a.attname, c.confrelid::regclass::text FROM pg_constraint c
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.conrelid = %s::regclass
"""
BY_TYPE = {
    "bigint": "n",
    "integer": "0",
    "smallint": "0",
    "boolean": "false",
    "uuid": "gen_random_uuid()",
    "jsonb": "'{}'",
    "date": "current_date",
    "double precision": "n",
    "numeric": "0",
}
BY_NAME = {
    "bookings_booking.status": (
        f"CASE WHEN n > %(rows)s - {UPCOMING} THEN 'accepted' ELSE 'completed' END"
    ),
    "bookings_bookingrequest.kind": "'create'",
    "bookings_bookingrequest.status": "'approved'",
    "notifications_notification.state": "'sent'",
    "notifications_notification.recipient_email": "'reader' || n || '@fleet.example'",
    **{
        f"{table}.{name}": f"now() + (n - %(rows)s + {minutes}) * interval '90 seconds'"
        for table in ("bookings_booking", "bookings_bookingrequest")
        for name, minutes in (("start_at", UPCOMING), ("end_at", UPCOMING + 40))
    },
}


def measure(server: str, *, rows: int) -> list[Figure]:
    if not server.startswith("postgres"):
        return [Figure("migrations of the bookings", "", "not measured: no PostgreSQL", None)]
    say(f"Migrating {rows:,} bookings …")
    with own_database(server, name="migrations") as url:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.migrating", url, str(rows)],
            env={**os.environ, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            check=True,
        )
    figures = []
    for name, taken in json.loads(done.stdout).items():
        waited = max(taken["forward_waited"], taken["back_waited"])
        measured = (
            f"{taken['forward']:.1f} s, back {taken['back']:.1f} s; "
            f"writers waited {waited * 1000:.0f} ms at most"
        )
        budget = f"writers wait ≤ {SECONDS_ALLOWED:.0f} s"
        what = f"migration {name}, {rows:,} rows in each table"
        figures.append(Figure(what, budget, measured, waited <= SECONDS_ALLOWED))
    return figures


def main(url: str, rows: int) -> dict[str, dict[str, float]]:
    """Return the seconds that each migration took and that somebody had to wait meanwhile."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    def migrate(name: str) -> None:
        call_command("migrate", APP, name, verbosity=0)

    graph = MigrationLoader(connection).graph
    names = [name for app, name in graph.forwards_plan(graph.leaf_nodes(APP)[0]) if app == APP]
    first, *others = names
    migrate(first)
    with psycopg.connect(url, autocommit=True) as session:
        for table in LARGE:
            fill(session, table, rows=rows)
        session.execute("VACUUM ANALYZE")
    taken: dict[str, dict[str, float]] = {name: {} for name in others}
    for name in others:
        with watching(url, taken[name], "forward"):
            migrate(name)
    for name, before in reversed(list(zip(others, names, strict=False))):
        with watching(url, taken[name], "back"):
            migrate(before)
    return taken


def fill(session: "psycopg.Connection[tuple[str, str]]", table: str, *, rows: int) -> None:
    """Insert rows that satisfy the table's columns; what they refer to is made as well."""
    parents = dict(session.execute(PARENTS_SQL, [table]).fetchall())
    names: list[sql.Composable] = []
    values: list[sql.Composable] = []
    for name, kind in session.execute(COLUMNS_SQL, [table]).fetchall():
        parent = parents.get(name)
        if parent is None:
            default = "now()" if kind.startswith("timestamp") else "''"
            expression = BY_NAME.get(f"{table}.{name}", BY_TYPE.get(kind, default))
            value: sql.Composable = sql.SQL(expression.replace("%(rows)s", str(rows)))
        elif parent in LARGE:
            value = sql.SQL("n")
        else:
            value = sql.Literal(_any_of(session, parent))
        names.append(sql.Identifier(name))
        values.append(value)
    session.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM generate_series(1, {}) AS n").format(
            sql.Identifier(table),
            sql.SQL(", ").join(names),
            sql.SQL(", ").join(values),
            sql.Literal(rows),
        )
    )


def _any_of(session: "psycopg.Connection[tuple[str, str]]", table: str) -> object:
    """Return the key of a row of a table; one is made if there is none."""
    any_key = sql.SQL("SELECT id FROM {} LIMIT 1").format(sql.Identifier(table))
    row = session.execute(any_key).fetchone()
    if row is None:
        fill(session, table, rows=1)
        row = session.execute(any_key).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def watching(url: str, taken: dict[str, float], way: str) -> Iterator[None]:
    """Note how long the block took, and the longest that one who writes a booking had to wait."""
    over = threading.Event()
    waited = [0.0]

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as session:
            while not over.is_set():
                begun = time.perf_counter()
                session.execute("UPDATE bookings_booking SET reference = 'x' WHERE id = 1")
                waited[0] = max(waited[0], time.perf_counter() - begun)
                time.sleep(SECONDS_BETWEEN_WRITES)

    writer = threading.Thread(target=write)
    writer.start()
    begun = time.perf_counter()
    try:
        yield
    finally:
        taken[way] = time.perf_counter() - begun
        over.set()
        writer.join()
        taken[f"{way}_waited"] = waited[0]


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], int(sys.argv[2]))))
