"""Lists in pages: by cursor, or by page number as older parts of AMPECO have it."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from sandbox.errors import Invalid

Record = TypeVar("Record")
MOST = 100


def page_of(
    request: Request,
    records: Sequence[Record],
    write: Callable[[Record], dict[str, Any]],
    *,
    numbered: bool = False,
    cursors: bool = True,
) -> dict[str, Any]:
    """Return the page of `records` that a request asks for, as AMPECO wraps it.

    `numbered` lists number their pages unless a cursor is sent; without `cursors` they always do.
    Raises Invalid for a page size or a cursor that is none.
    """
    size = _number(request, "per_page", default=MOST)
    if not 1 <= size <= MOST:
        raise Invalid({"per_page": [f"The per page must be between 1 and {MOST}."]})
    if numbered and not (cursors and "cursor" in request.args):
        return _numbered(request, records, write, size)
    start = _decode(request.args.get("cursor", ""))
    following = start + size if start + size < len(records) else None
    before = max(0, start - size) if start else None
    return {
        "data": [write(record) for record in records[start : start + size]],
        "links": {
            "first": None,
            "last": None,
            "prev": None if before is None else _link(request, cursor=_encode(before)),
            "next": None if following is None else _link(request, cursor=_encode(following)),
        },
        "meta": {
            "path": request.base_url,
            "per_page": size,
            "next_cursor": None if following is None else _encode(following),
            "prev_cursor": None if before is None else _encode(before),
        },
    }


def _numbered(
    request: Request,
    records: Sequence[Record],
    write: Callable[[Record], dict[str, Any]],
    size: int,
) -> dict[str, Any]:
    page = max(1, _number(request, "page", default=1))
    last = max(1, -(-len(records) // size))
    start = (page - 1) * size
    shown = records[start : start + size]
    return {
        "data": [write(record) for record in shown],
        "links": {
            "first": _link(request, page="1"),
            "last": _link(request, page=str(last)),
            "prev": _link(request, page=str(page - 1)) if page > 1 else None,
            "next": _link(request, page=str(page + 1)) if page < last else None,
        },
        "meta": {
            "current_page": page,
            "from": start + 1 if shown else None,
            "last_page": last,
            "links": [],
            "path": request.base_url,
            "per_page": size,
            "to": start + len(shown) if shown else None,
            "total": len(records),
        },
    }


def _number(request: Request, name: str, *, default: int) -> int:
    try:
        return int(request.args.get(name, default))
    except ValueError:
        raise Invalid({name: [f"The {name} must be an integer."]}) from None


def _link(request: Request, **changes: str) -> str:
    params = [
        (name, value) for name, value in request.args.items(multi=True) if name not in changes
    ]
    return f"{request.base_url}?{urlencode([*params, *changes.items()])}"


def _encode(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _decode(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(cursor).decode().removeprefix("from:"))
    except (ValueError, binascii.Error):
        start = -1
    if start < 0:
        raise Invalid({"cursor": ["The cursor is invalid."]})
    return start
