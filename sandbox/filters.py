"""Reads filters and bodies of calls."""

from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from sandbox.errors import Invalid


def text(request: Request, name: str) -> str | None:
    """Return a filter as text, or None without it."""
    return request.args.get(f"filter[{name}]") or None


def number(request: Request, name: str) -> int | None:
    """Return a filter as a whole number. Raises Invalid for one that is none."""
    value = text(request, name)
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise Invalid({f"filter.{name}": [f"The {name} must be an integer."]}) from None


def instant(request: Request, name: str) -> datetime | None:
    """Return a filter as an instant. Raises Invalid for one that is none."""
    value = text(request, name)
    return None if value is None else parse_instant(value, f"filter.{name}")


def parse_instant(value: Any, field: str) -> datetime:
    """Return an instant from ISO 8601 text with an offset. Raises Invalid for any other."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise Invalid({field: [f"The {field} is not a valid date."]}) from None
    if at.tzinfo is None:
        raise Invalid({field: [f"The {field} is not a valid date."]})
    return at.astimezone(UTC)


def includes(request: Request, name: str) -> bool:
    """Return whether a call asks for related records."""
    return name in request.args.getlist("include[]")


def updated_between(request: Request, at: datetime) -> bool:
    """Return whether an instant lies within the filters on the last update."""
    after, before = instant(request, "lastUpdatedAfter"), instant(request, "lastUpdatedBefore")
    return (after is None or at >= after) and (before is None or at <= before)


def body_of(request: Request) -> dict[str, Any]:
    """Return a call's JSON object. Raises Invalid for a body that is none."""
    body = request.get_json(silent=True, force=True)
    if not isinstance(body, dict):
        raise Invalid({"body": ["The body must be a JSON object."]})
    return body


def required_instant(body: dict[str, Any], name: str) -> datetime:
    """Return an instant of a body. Raises Invalid when it is missing or none."""
    if body.get(name) in {None, ""}:
        raise Invalid({name: [f"The {name} field is required."]})
    return parse_instant(body[name], name)


def required_id(body: dict[str, Any], name: str) -> int:
    """Return an id of a body. Raises Invalid when it is missing or no integer."""
    value = body.get(name)
    if value is None:
        raise Invalid({name: [f"The {name} field is required."]})
    if not isinstance(value, int) or isinstance(value, bool):
        raise Invalid({name: [f"The {name} must be an integer."]})
    return value
