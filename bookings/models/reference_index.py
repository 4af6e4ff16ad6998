"""What the index of references is made of, beside plain columns."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler


class _ForPostgreSQL(Func):
    """SQLite, which is for small fleets, has the column itself in its place."""

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return self.as_sql(compiler, connection, template="%(expressions)s", **extra_context)


class Week(_ForPostgreSQL):
    """When the week of an instant began, by UTC."""

    arity = 1
    template = "date_bin('7 days', %(expressions)s, '2001-01-01 00:00+00')"
    output_field = DateTimeField()


class ByteOrder(_ForPostgreSQL):
    """A text as the index orders it, so that a beginning of it is a range, in any language."""

    arity = 1
    template = '(%(expressions)s COLLATE "C")'
    output_field = CharField()
