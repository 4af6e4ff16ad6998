"""A database that is migrated once, for the processes of the tests to copy.

Migrating takes each of them ten seconds, a copy none. TEST_TEMPLATE names it: a database of the
same PostgreSQL, or a file of SQLite's. `python -m tools.services.template FILE` makes such a file
for several runs of tests.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.sql import SQL, Identifier

ROOT = Path(__file__).resolve().parents[2]
NAME = "TEST_TEMPLATE"


@contextmanager
def migrated_postgresql(url: str) -> Iterator[dict[str, str]]:
    """Migrate a new database on the server of `url`; yield its setting, and drop it afterwards."""
    server = url.rpartition("/")[0]
    name = f"chargebook_template_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            migrate(f"{server}/{name}")
            yield {NAME: name}
        finally:
            connection.execute(SQL("DROP DATABASE {}").format(Identifier(name)))


def given_sqlite() -> bool:
    """Return whether TEST_TEMPLATE names a file that somebody has migrated already."""
    return Path(os.environ.get(NAME, "")).is_file()


@contextmanager
def migrated_sqlite() -> Iterator[dict[str, str]]:
    """Migrate a file; yield its setting. A file that TEST_TEMPLATE names already serves as well."""
    if given_sqlite():
        yield {}
        return
    with TemporaryDirectory(prefix="chargebook-template-") as folder:
        path = Path(folder) / "migrated.sqlite3"
        migrate(f"sqlite:///{path}")
        yield {NAME: str(path)}


def migrate(url: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": url},
        check=True,
    )


if __name__ == "__main__":
    migrate(f"sqlite:///{Path(sys.argv[1]).resolve()}")
