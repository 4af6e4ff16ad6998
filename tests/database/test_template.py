"""That the tests' database can begin as a copy of a migrated one."""

import sqlite3
from contextlib import closing

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from tools.services.template import NAME


def tables_of(database: str) -> list[str]:
    settings = {**connections["default"].settings_dict, "NAME": database, "OPTIONS": {}}
    connection = DatabaseWrapper(settings, alias="another")
    connection.connect()
    with closing(connection.connection):
        return connection.introspection.table_names()


@pytest.mark.django_db
def test_a_new_database_in_memory_has_the_tables_of_the_template(monkeypatch, tmp_path):
    template = tmp_path / "template.sqlite3"
    with closing(sqlite3.connect(template)) as database:
        database.execute("CREATE TABLE of_the_template (id)")

    monkeypatch.setenv(NAME, str(template))
    assert tables_of("file:beginning?mode=memory") == ["of_the_template"]
    assert tables_of(str(tmp_path / "other.sqlite3")) == []

    monkeypatch.delenv(NAME)
    assert tables_of("file:beginning?mode=memory") == []
