"""Reads the queries and bodies of calls, and cuts lists into pages."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from werkzeug.wrappers import Request

from sandbox.api.errors import Refusal

Record = TypeVar("Record")
Payload = dict[str, Any]
Write = Callable[[Record], Payload]
MOST = 1000
DEFAULT = 100
LARGEST_OFFSET = 2**31 - 1
WEEK = timedelta(days=7)
LONGEST_RESOLUTION = timedelta(days=1)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Wrong(Refusal):
    """A call that the document does not allow."""

    def payload(self) -> dict[str, object]:
        return {"status": "fail", "message": str(self), "data": []}


def whole(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    text = request.args.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise Wrong(f"{name} must be a whole number from {least} to {most}.")
    return int(text)


def page_limits(request: Request) -> tuple[int, int]:
    """Return limit and offset. Raises Wrong for those that the document does not allow."""
    limit = whole(request, "limit", default=DEFAULT, least=1, most=MOST)
    return limit, whole(request, "offset", default=0, least=0, most=LARGEST_OFFSET)


def page_of(request: Request, records: Sequence[Record], write: Write[Record]) -> Payload:
    """Return the page that is asked for; its `total` counts what is on it, and no more."""
    limit, offset = page_limits(request)
    shown = [write(each) for each in records[offset : offset + limit]]
    return envelope(shown)


def envelope(data: Any, total: int | None = None) -> Payload:
    return {"status": "success", "data": data, "total": len(data) if total is None else total}


def instant(text: Any, name: str) -> datetime:
    """Return an instant; without a zone it is UTC. Raises Wrong for none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise Wrong(f"{name} is not a valid ISO 8601 datetime.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def optional_instant(request: Request, name: str) -> datetime | None:
    text = request.args.get(name)
    return None if text is None else instant(text, name)


def window(
    request: Request,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    longest: timedelta | None = None,
    inclusive: bool = True,
) -> tuple[datetime, datetime]:
    """Return a window, by default from `start` to `end`.

    Raises Wrong where one is missing that has no default, and for a window that is too long.
    """
    begin, finish = optional_instant(request, "start"), optional_instant(request, "end")
    begin, finish = begin or start, finish or end
    if begin is None or finish is None:
        raise Wrong("start and end are required.")
    if finish < begin:
        raise Wrong("end must be after start.")
    length = finish - begin
    if longest and (length > longest or (length == longest and not inclusive)):
        raise Wrong(f"The interval between start and end is limited to {longest.days} days.")
    return begin, finish


def resolution(request: Request, length: timedelta) -> timedelta:
    """Return the space between points: as asked for, or what suits the window."""
    text = request.args.get("resolution")
    if text is None:
        if length <= timedelta(days=2):
            return timedelta(minutes=1)
        return timedelta(minutes=15)
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in UNITS) or not int(number):
        raise Wrong("resolution must be like 1m, 15m, 5h, 2d or 4w.")
    return timedelta(**{UNITS[unit]: int(number)})


def body_of(request: Request) -> Payload:
    """Return a call's JSON object. Raises Wrong for a body that is none, such as a form."""
    if request.mimetype != "application/json":
        raise Wrong("The body must be JSON.")
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or not body:
        raise Wrong("The body must be a JSON object with at least one field.")
    return body


def number_in(body: Payload, name: str, least: float, most: float) -> float | None:
    """Return a number of a body. Raises Wrong for one that is none, or lies without."""
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Wrong(f"{name} must be a number from {least:g} to {most:g}.")
    return float(value)


def stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
