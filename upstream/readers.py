"""Readers of single JSON values that never trip over what they do not know."""

import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

logger = logging.getLogger(__name__)

UNKNOWN = "unknown"
LARGEST_ID = 2**63 - 1
# A hundred metres of open sea.
NOWHERE_DEGREES = 0.001
# Beyond these an instant is a slip, and days added to one at the end of time would overflow.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
CLOCK = re.compile(
    r"([0-9]{1,2})(?:[:.h]?([0-9]{2}))?(?::[0-9]{2})? ?(?:([ap])\.?m\.?|h|uhr)?", re.IGNORECASE
)
# More kinds of surprises than this are not worth a line each in the log.
MOST_SURPRISES = 500
_surprises: set[tuple[str, str]] = set()

Payload = Mapping[str, Any]
Reader = Callable[[object], Any]
# Our name of a field, its name in the payload, and how its value is read.
Table = Mapping[str, tuple[str, Reader]]


class UnreadablePayload(ValueError):
    """A payload lacks what makes it usable, such as its id."""


def read_fields(
    payload: Payload, table: Table, *, required: Iterable[str] = ("id",)
) -> dict[str, Any]:
    """Return the fields of a table by our names; raises UnreadablePayload where one is wanting."""
    found = {name: read(payload.get(key)) for name, (key, read) in table.items()}
    for name in required:
        if found[name] is None:
            raise UnreadablePayload(f"“{table[name][0]}” is missing or cannot be read.")
    return found


def rows_of(table: Table, *, required: Iterable[str]) -> Reader:
    """Return a reader of lists of objects; those that lack something are left out."""

    def read(value: object) -> list[dict[str, Any]]:
        rows = []
        for entry in objects(value):
            with suppress(UnreadablePayload):
                rows.append(read_fields(entry, table, required=required))
        return rows

    return read


def one_of(known: frozenset[str], field: str, *, absent: str = UNKNOWN) -> Reader:
    """Return a reader of an enum's values; see `choice`."""
    return lambda value: choice(value, known, field=field, absent=absent)


def text_or_none(value: object) -> str | None:
    return plain_text(value) or None


def required_id(payload: Payload, key: str = "id") -> int:
    """Return an id; raises UnreadablePayload when there is none."""
    value = whole_number(payload.get(key))
    if value is None:
        raise UnreadablePayload(f"“{key}” is missing or not an id.")
    return value


def whole_number(value: object) -> int | None:
    """Return a whole number; AMPECO gives some ids as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and abs(value) <= LARGEST_ID else None


def decimal_number(value: object) -> Decimal | None:
    """Return a finite number without the noise of binary fractions."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def real_number(value: object, *, least: float, most: float) -> float | None:
    """Return a number within bounds."""
    number = decimal_number(value)
    if number is None:
        return None
    result = float(number)
    return result if math.isfinite(result) and least <= result <= most else None


def is_nowhere(latitude: float, longitude: float) -> bool:
    """Return whether coordinates are the 0, 0 that systems write where they know none."""
    return abs(latitude) < NOWHERE_DEGREES and abs(longitude) < NOWHERE_DEGREES


def flag(value: object) -> bool | None:
    """Return a truth value, or None where there is none; 0 and 1 count."""
    return bool(value) if isinstance(value, bool | int) and value in (0, 1) else None


def instant(value: object) -> datetime | None:
    """Return an aware instant in UTC, from 1970 until 3000, or None.

    What has no zone, `2022-11-12 12:00:00`, is in UTC.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST <= moment < LATEST else None


def clock(value: object) -> str | None:
    """Return a time of day as “08:00”, and the end of a day as “24:00”, however it is written.

    “8:00”, “8.00”, “08:00:00”, “0800”, “8 h” and “8 a.m.” are read; None for anything else.
    """
    match = CLOCK.fullmatch(plain_text(value))
    if not match:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half == "a" and hour > 12:
        return None
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    if minute > 59 or hour * 60 + minute > 24 * 60:
        return None
    return f"{hour:02}:{minute:02}"


def wire_instant(value: datetime) -> str:
    """Return an instant as AMPECO wants it: RFC 3339 in UTC, whole seconds.

    Raises ValueError for a time without zone.
    """
    if value.tzinfo is None:
        raise ValueError("A time without zone is no instant.")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain_text(value: object) -> str:
    """Return a text or number as text; anything else is empty.

    What JSON can spell but no database holds (NUL, half a character) becomes the sign for that.
    """
    if isinstance(value, str):
        return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value).strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def pick_text(value: object, preferred: Iterable[str] = ("en",)) -> str:
    """Return one text of a localized value: None, a text, or a list of {locale, translation}.

    The first preferred locale wins (`en` also finds `en-GB`), then whatever comes first.
    """
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list | tuple):
        return plain_text(value)
    texts = []
    for entry in objects(value):
        text = plain_text(entry.get("translation"))
        if text:
            texts.append((plain_text(entry.get("locale")).replace("_", "-").lower(), text))
    for wanted in preferred:
        for locale, text in texts:
            if locale == wanted.lower():
                return text
        for locale, text in texts:
            if locale.split("-")[0] == wanted.lower():
                return text
    return texts[0][1] if texts else ""


def choice(value: object, known: frozenset[str], *, field: str, absent: str = UNKNOWN) -> str:
    """Return an enum value, “unknown” for one we do not know (logged once), or `absent`."""
    if value is None or value == "":
        return absent
    if isinstance(value, str) and value in known:
        return value
    surprise = (field, value[:40] if isinstance(value, str) else type(value).__name__)
    if surprise not in _surprises and len(_surprises) < MOST_SURPRISES:
        _surprises.add(surprise)
        logger.warning("The operator gives %r as %s; it is read as unknown.", *reversed(surprise))
    return UNKNOWN


def choices(value: object, known: frozenset[str], *, field: str) -> tuple[str, ...]:
    """Return a list of enum values without repeats; those we do not know are left out."""
    if not isinstance(value, list | tuple):
        return ()
    found = (choice(entry, known, field=field) for entry in value)
    return tuple(dict.fromkeys(entry for entry in found if entry != UNKNOWN))


def section(payload: Payload, key: str) -> Payload:
    """Return a nested object, empty where there is none."""
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}


def objects(value: object) -> Iterator[Payload]:
    if isinstance(value, list | tuple):
        yield from (entry for entry in value if isinstance(entry, Mapping))
