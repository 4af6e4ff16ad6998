"""Lists in pages: by cursor, or by page number as older parts of AMPECO have it."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from sandbox.api.errors import Invalid

Record = TypeVar("Record")
MOST = 100
_id_of = attrgetter("id")


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
    ordered = sorted(records, key=_id_of)
    start = _start(request.args.get("cursor", ""), ordered, size)
    shown = ordered[start : start + size]
    following = _encode("after", shown[-1]) if start + size < len(ordered) else None
    before = _encode("before", shown[0]) if start and shown else None
    return {
        "data": [write(record) for record in shown],
        "links": {
            "first": None,
            "last": None,
            "prev": None if before is None else _link(request, cursor=before),
            "next": None if following is None else _link(request, cursor=following),
        },
        "meta": {
            "path": request.base_url,
            "per_page": size,
            "next_cursor": following,
            "prev_cursor": before,
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


def _encode(side: str, record: Any) -> str:
    return base64.urlsafe_b64encode(f"{side}:{record.id}".encode()).decode()


def _start(cursor: str, ordered: Sequence[Any], size: int) -> int:
    """Return where a page begins.

    Cursors name a record and not a place in the list: nothing is left out when records drop out of
    a filtered list while somebody reads through its pages.
    """
    if not cursor:
        return 0
    try:
        side, _, pk = base64.urlsafe_b64decode(cursor).decode().partition(":")
        if side == "before":
            return max(0, bisect_left(ordered, int(pk), key=_id_of) - size)
        if side == "after":
            return bisect_right(ordered, int(pk), key=_id_of)
    except (ValueError, binascii.Error):
        pass
    raise Invalid({"cursor": ["The cursor is invalid."]})
