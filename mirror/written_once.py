"""Queries of which Django writes the SQL once; each call only fills in its values.

A page makes a dozen small queries, and to write one takes Django longer than PostgreSQL needs to
answer it. So those that pages make again and again are written once, with gaps for what differs.
"""

import json
from collections.abc import Callable, Iterable
from copy import copy
from functools import cache, wraps
from typing import Any, TypeAlias, TypeVar

from django.db import connections
from django.db.models import Expression, Field, ForeignObject, JSONField, Lookup, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row")
Rows: TypeAlias = Callable[..., list[Row]]
KINDS = (ModelIterable, ValuesListIterable, FlatValuesListIterable)
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
    """A query with the SQL that Django writes for it, and what it takes to read the rows."""

    def __init__(self, query: QuerySet[Any, Any]) -> None:
        kind = query._iterable_class
        prefetched = query._prefetch_related_lookups  # type: ignore[attr-defined]
        if kind not in KINDS or prefetched:
            raise TypeError("Rows come as instances or tuples, and without what is prefetched.")
        self.using = query.db
        self.compiler = query.query.get_compiler(self.using)
        self.sql, self.params = self.compiler.as_sql()
        self.is_flat = kind is FlatValuesListIterable
        self.reader = Reader.of(self.compiler) if kind is ModelIterable else None

    def rows(self, values: dict[str, Any]) -> list[Any]:
        """Run the query with these values."""
        connection = connections[self.using]
        params = tuple(
            each.filled(values, connection) if isinstance(each, Gap) else each
            for each in self.params
        )
        filled = copy(self.compiler)
        # Each thread has its own.
        filled.connection = connection
        filled.as_sql = lambda: (self.sql, params)
        found = filled.results_iter(tuple_expected=True)
        if self.reader:
            return self.reader.read(found, self.using)
        return [value for (value,) in found] if self.is_flat else list(found)


class Reader:
    """Makes model instances of rows as Django does, in a fifth of the time.

    It can, since it makes them of columns of the database alone, all rows of the same. What several
    rows belong to is made once for all of them.
    """

    @classmethod
    def of(cls, compiler: SQLCompiler) -> "Reader":
        """Return what makes the rows of a query whose SQL is written."""
        assert compiler.klass_info is not None
        return cls(compiler.klass_info, compiler)

    def __init__(self, info: dict[str, Any], compiler: SQLCompiler) -> None:
        self.model = info["model"]
        places = info["select_fields"]
        self.columns = slice(places[0], places[-1] + 1)
        self.names = [column[0].target.attname for column in compiler.select[self.columns]]
        self.key = places[0] + self.names.index(self.model._meta.pk.attname)
        self.annotations = compiler.annotation_col_map or {}
        self.related = [
            (Reader(each, compiler), each["local_setter"], each["remote_setter"])
            for each in info.get("related_klass_infos", ())
        ]

    def read(self, rows: Iterable[tuple[Any, ...]], using: str) -> list[Any]:
        """Return an instance for each row."""
        made: dict[tuple[Reader, Any], Any] = {}
        found = []
        for row in rows:
            instance = self._made(row, using, made)
            instance.__dict__.update((name, row[place]) for name, place in self.annotations.items())
            found.append(instance)
        return found

    def _made(self, row: tuple[Any, ...], using: str, made: dict[tuple["Reader", Any], Any]) -> Any:
        instance = self.model.__new__(self.model)
        instance.__dict__.update(zip(self.names, row[self.columns], strict=True))
        instance._state = ModelState()
        instance._state.adding, instance._state.db = False, using
        for reader, set_here, set_there in self.related:
            key = row[reader.key]
            other = None
            if key is not None:
                other = made.get((reader, key))
                if other is None:
                    other = made[reader, key] = reader._made(row, using, made)
                set_there(other, instance)
            set_here(instance, other)
        return instance
