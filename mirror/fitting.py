"""Fits what a platform gives into our columns."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeVar

from django.db import models

LARGEST_SMALL = 32767

Row = TypeVar("Row", bound=models.Model)


def fit(row: Row) -> Row:
    """Make everything that a row holds fit into its columns, in place; return the row."""
    for field in row._meta.concrete_fields:
        setattr(row, field.attname, fitting(field, getattr(row, field.attname)))
    return row


def fitting(field: "models.Field[Any, Any]", value: Any) -> Any:
    """Return a value as its column can hold it; a number that is out of bounds is unknown."""
    match field:
        case models.CharField() if isinstance(value, str):
            return value[: field.max_length]
        case models.DecimalField() if value is not None:
            return _decimal(field, value)
        case models.PositiveSmallIntegerField() if value is not None:
            return value if 0 <= value <= LARGEST_SMALL else None
    return value


def _decimal(field: "models.DecimalField[Any, Any]", value: Any) -> Decimal | None:
    places = field.decimal_places or 0
    number = Decimal(value)
    if not number.is_finite() or abs(number) >= Decimal(10) ** ((field.max_digits or 0) - places):
        return Decimal(0) if not field.null else None
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
