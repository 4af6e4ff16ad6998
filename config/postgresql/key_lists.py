"""Long lists of keys as one value: `id = ANY (keys)` in place of `id IN (key, key, …)`.

PostgreSQL plans both alike. But psycopg goes through the text of a statement placeholder by
placeholder, remembers none with many of them, and each length of a list is a statement of its own.
"""

from typing import TYPE_CHECKING, Any

from django.db.models import Field, ForeignObject
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In

# Few are compared one by one: of a single one PostgreSQL knows that all rows found are alike.
FEW = 10

if TYPE_CHECKING:
    Base = In
else:
    Base = object


class OneValue(Base):
    """The lookup `in`, for PostgreSQL."""

    def process_rhs(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the right side of the comparison, and its parameters."""
        sql, params = super().process_rhs(compiler, connection)
        is_long = self.rhs_is_direct_value() and len(params) > FEW
        if is_long and connection.vendor == "postgresql" and all(type(p) is int for p in params):
            return "ANY (%s)", ([*params],)
        return sql, params

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        """Return the operator with its right side."""
        return f"= {rhs}" if rhs == "ANY (%s)" else super().get_rhs_op(connection, rhs)


class InKeys(OneValue, In):
    """Among keys."""


class RelatedInKeys(OneValue, RelatedIn):
    """Related to a row with one of the keys."""


def register() -> None:
    Field.register_lookup(InKeys)
    ForeignObject.register_lookup(RelatedInKeys)
