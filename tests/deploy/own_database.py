"""A new PostgreSQL database beside the tests' own, and programs that run on it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql


def url_of(name: str) -> str:
    """Return the URL of a database on the server of the tests."""
    params = connection.get_connection_params()
    place = f"{params.get('user', '')}:{params.get('password', '')}@{params.get('host', '')}"
    return urlunsplit(("postgres", f"{place}:{params.get('port', 5432)}", f"/{name}", "", ""))


@contextmanager
def new_database(name: str, *, template: str = "template1") -> Iterator[str]:
    """Make a database of that name for this process, yield its URL, and drop it.

    It is empty, or a copy of a template that nobody is connected to.
    """
    name = f"{name}_{os.getpid()}"
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(words.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield url_of(name)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def start(*words: str, database: str, **changes: str) -> "subprocess.Popen[str]":
    """Start one of the portal's programs on a database; its errors come with what it says."""
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database,
            **changes,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def parts_of(url: str) -> dict[str, str]:
    """Return the variables by which PostgreSQL's own programs find a database."""
    place = urlsplit(url)
    return {
        "PGHOST": place.hostname or "",
        "PGPORT": str(place.port or 5432),
        "PGUSER": place.username or "",
        "PGPASSWORD": place.password or "",
        "PGDATABASE": place.path[1:],
    }
