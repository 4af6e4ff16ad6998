"""Reads where calls come from, their filters and their bodies."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Request

from sandbox.api.errors import Invalid, Missing

Record = TypeVar("Record")
InWindow = Callable[[datetime | None], bool]


def text(request: Request, name: str) -> str | None:
    return request.args.get(f"filter[{name}]") or None


def choice(request: Request, name: str, choices: Collection[str]) -> str | None:
    """Return a filter that is one of some words. Raises Invalid for any other."""
    value = text(request, name)
    if value is not None and value not in choices:
        raise Invalid({f"filter.{name}": [f"The selected {name} is invalid."]})
    return value


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
    wrong = Invalid({field: [f"The {field} is not a valid date."]})
    try:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is None:
            raise wrong
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


def found(records: Mapping[int, Record], pk: int) -> Record:
    """Return one record. Raises Missing."""
    if pk not in records:
        raise Missing
    return records[pk]


def includes(request: Request, name: str) -> bool:
    return name in request.args.getlist("include[]")


def window(request: Request, after: str, before: str) -> InWindow:
    """Return a test whether an instant lies within two filters; without them everything does."""
    least, most = instant(request, after), instant(request, before)
    if least is None and most is None:
        return _anything

    def lies_within(at: datetime | None) -> bool:
        return at is not None and (least is None or at >= least) and (most is None or at <= most)

    return lies_within


def _anything(at: datetime | None) -> bool:
    return True


def updated_between(request: Request) -> InWindow:
    return window(request, "lastUpdatedAfter", "lastUpdatedBefore")


def refuse_other_sites(request: Request) -> None:
    """Raise Forbidden for a call that a page of another site makes a browser send.

    Browsers say where a call comes from; programs, which say nothing, may call.
    """
    origin = request.headers.get("Origin")
    if request.method in {"GET", "HEAD"}:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"} or (
        origin is not None and origin != request.host_url.rstrip("/")
    ):
        raise Forbidden("Another site sent this.")


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
