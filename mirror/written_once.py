"""Queries of which Django writes the SQL once; each call only fills in its values.

A page makes a dozen small queries, and to write one takes Django longer than PostgreSQL needs to
answer it. So those that pages make again and again are written once, with gaps for what differs.
"""

import json
from collections.abc import Callable
from copy import copy
from functools import cache, wraps
from typing import Any, TypeAlias, TypeVar

from django.db import connections
from django.db.models import Expression, Field, ForeignObject, JSONField, Lookup, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")
Rows: TypeAlias = Callable[..., list[Row]]
AnyField: TypeAlias = "Field[Any, Any]"


class Gap(Expression):
    """Where a value goes that each call gives by this name; its field knows how it is written."""

    def __init__(self, name: str, field: AnyField) -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, Any]:
        """Return a placeholder, and the gap itself for its value."""
        return "%s", [self]

    def filled(self, values: dict[str, Any], connection: Any) -> Any:
        """Return this gap's value as the database takes it."""
        return self.output_field.get_db_prep_value(values[self.name], connection)


class Keys(JSONField):
    """A list of keys, for the lookup `among`."""

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: ARG002
        """Return an array, or a text where the database has none."""
        return list(value) if connection.vendor == "postgresql" else json.dumps(list(value))


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):
    """The condition that a key is one of some, as with `in`, for a gap too: `pk__among=keys`."""

    lookup_name = "among"
    prepare_rhs = False

    def process_rhs(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return a placeholder for all keys together."""
        if self.rhs_is_direct_value():
            return "%s", [Keys().get_db_prep_value(self.rhs, connection)]
        return super().process_rhs(compiler, connection)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the comparison, with as many placeholders for few keys as for many."""
        left, params = self.process_lhs(compiler, connection)
        gap, gap_params = self.process_rhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{left} = ANY ({gap})", [*params, *gap_params]
        return f"{left} IN (SELECT value FROM json_each({gap}))", [*params, *gap_params]  # noqa: S608


def written_once(**gaps: AnyField) -> Callable[[Callable[..., QuerySet[Any, Row]]], Rows[Row]]:
    """Make of a function that returns a query one that returns its rows; see above.

    The query is given gaps in place of values: it may compare columns with them and nothing else,
    for no value decides on its shape. Calls name the values, as the fields of `gaps` take them.
    """

    def decorate(write: Callable[..., QuerySet[Any, Row]]) -> Rows[Row]:
        @cache
        def written() -> Written:
            return Written(write(**{name: Gap(name, field) for name, field in gaps.items()}))

        @wraps(write)
        def rows(**values: Any) -> list[Row]:
            return written().rows(values)

        return rows

    return decorate


class Written:
    """A query with the SQL that Django writes for it, and all it knows to read the rows."""

    def __init__(self, query: QuerySet[Any, Any]) -> None:
        self.query = query
        self.compiler = query.query.get_compiler(query.db)
        self.sql, self.params = self.compiler.as_sql()

    def rows(self, values: dict[str, Any]) -> list[Any]:
        """Run the query with these values."""
        connection = connections[self.query.db]
        params = tuple(
            each.filled(values, connection) if isinstance(each, Gap) else each
            for each in self.params
        )
        filled = copy(self.compiler)
        # Each thread has its own.
        filled.connection = connection
        filled.as_sql = lambda: (self.sql, params)
        stand_in: Any = AsWritten(filled)
        asked: Any = QuerySet(self.query.model, query=stand_in, using=self.query.db)
        rows: Any = self.query._iterable_class(asked)
        return list(rows)


class AsWritten:
    """Stands where Django looks for the query to compile."""

    def __init__(self, compiler: SQLCompiler) -> None:
        self.compiler = compiler

    def get_compiler(self, *_: Any, **__: Any) -> SQLCompiler:
        return self.compiler
