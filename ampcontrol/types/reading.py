"""Readers of what Ampcontrol writes, beyond those of `upstream.readers`.

Its document prints no answer in full, so the same thing is looked for under each name that it goes
by, ids may come alone or within their object, and words are known however they are capitalised.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from upstream.readers import (
    Payload,
    choice,
    decimal_number,
    flag,
    instant,
    plain_text,
    real_number,
)

# “2,000” and “1,234,567.5”, as a sample of the document spells a number.
THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
# More than any power, energy, price or distance here; beyond it is a slip.
LARGEST = Decimal(10_000_000)
DECIMALS = 5
LONGEST_TEXT = 255
LARGEST_NUMBER = 1000
LONGEST_ID = 64

# An instant and a value of a series, as they are written.
Row = tuple[object, object]
NO_ROW: Row = (None, None)


def first_of(payload: Payload, *keys: str) -> Any:
    """Return what stands under the first of some names that is there."""
    return next((payload[key] for key in keys if payload.get(key) is not None), None)


def text(value: object) -> str:
    return plain_text(value)[:LONGEST_TEXT].strip()


def text_up_to(longest: int) -> Callable[[object], str]:
    """Return a reader of texts that cuts them."""
    return lambda value: plain_text(value)[:longest].strip()


def record_id(value: object) -> str:
    """Return the id of a record, given alone or within the record; "" for a number or a yes."""
    if isinstance(value, Mapping):
        value = first_of(value, "id", "uuid")
    if not isinstance(value, str):
        return ""
    found = plain_text(value)
    return found if re.fullmatch(rf"[A-Za-z0-9_-]{{1,{LONGEST_ID}}}", found) else ""


def name_of(value: object) -> str:
    """Return a name, given alone or within its record."""
    return text(first_of(value, "name", "id") if isinstance(value, Mapping) else value)


def decimal(value: object) -> Decimal | None:
    """Return a number of a size that can be, to five places; “2,000” is two thousand."""
    if isinstance(value, str) and THOUSANDS.fullmatch(value.strip()):
        value = value.replace(",", "")
    number = decimal_number(value)
    if number is None or abs(number) > LARGEST:
        return None
    # Only where there is something to round: 62 shall not become 62.00000.
    return round(number, DECIMALS) if number != round(number, DECIMALS) else number


def positive(value: object) -> Decimal | None:
    """Return a number that is not below zero."""
    number = decimal(value)
    return number if number is not None and number >= 0 else None


def percent(value: object) -> Decimal | None:
    number = decimal(value)
    return number if number is not None and 0 <= number <= 100 else None


def share(value: object) -> Decimal | None:
    number = decimal(value)
    return number if number is not None and 0 <= number <= 1 else None


def priority(value: object) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number in range(6) else None


def ocpp_number(value: object) -> int | None:
    number = whole(value)
    return number if number is not None and 0 <= number <= LARGEST_NUMBER else None


def whole(value: object) -> int | None:
    number = decimal(value)
    return int(number) if number is not None and number == int(number) else None


def yes(value: object) -> bool | None:
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return flag(value)


def latitude(value: object) -> float | None:
    return real_number(value, least=-90, most=90)


def longitude(value: object) -> float | None:
    return real_number(value, least=-180, most=180)


def word_of(known: frozenset[str], field: str) -> Callable[[object], str]:
    """Return a reader of an enum's words: as we spell them, “unknown”, or "" for none."""
    spelled = {word.casefold(): word for word in known}

    def read(value: object) -> str:
        if isinstance(value, str):
            value = spelled.get(value.strip().casefold(), value)
        return choice(value, known, field=f"Ampcontrol's {field}", absent="")

    return read


# Series of values


def values_over_time(data: object) -> list[tuple[datetime, float]] | None:
    """Return instants with values in order of time, each instant once; None where there is no such.

    Understood are rows of {time, value}, pairs, two lists side by side, and any of these within
    the objects that tell of start, stop and unit.
    """
    rows = _rows(data)
    if rows is None:
        return None
    found = {}
    for time, value in rows:
        at, number = instant(time), decimal(value)
        if at is not None and number is not None:
            found[at] = float(number)
    return sorted(found.items())


def row_count(data: object) -> int:
    """Return how many rows a series has, with those that cannot be read."""
    return len(_rows(data) or ())


def _rows(data: object, *, depth: int = 0) -> list[Row] | None:
    if isinstance(data, Mapping):
        if not data:
            return []
        times = first_of(data, "time", "times", "timestamp", "timestamps")
        values = first_of(data, "value", "values")
        if isinstance(times, list) and isinstance(values, list):
            return list(zip(times, values, strict=False))
        inner = first_of(data, "data", "profile", "values", "series", "points")
        if inner is None or depth > 3:
            return None
        return _rows(inner, depth=depth + 1)
    if not isinstance(data, list):
        return None
    if len(data) == 1 and isinstance(data[0], Mapping) and not _is_row(data[0]):
        return _rows(data[0], depth=depth + 1) if depth <= 3 else None
    rows = list(_pairs(data))
    return rows if not data or any(row != NO_ROW for row in rows) else None


def _is_row(entry: Payload) -> bool:
    return first_of(entry, "time", "timestamp", "start") is not None and "value" in entry


def _pairs(data: list[Any]) -> Iterator[Row]:
    for entry in data:
        if isinstance(entry, Mapping) and _is_row(entry):
            yield first_of(entry, "time", "timestamp", "start"), entry["value"]
        elif isinstance(entry, list) and len(entry) == 2:
            yield entry[0], entry[1]
        else:
            yield NO_ROW
