"""Reads lists and single resources, and submits booking requests, as typed results."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from ampeco.types import Page, UnreadablePayload
from upstream.errors import UpstreamUnavailable
from upstream.paging import Item, walk
from upstream.readers import objects, wire_instant
from upstream.transport import Transport, id_in_path

logger = logging.getLogger(__name__)

PER_PAGE = 100
# How far to read on when the operator evidently ignores a filter.
MOST_UNFILTERED_PAGES = 5

Parsed = TypeVar("Parsed")
Parser = Callable[[Mapping[str, Any]], Parsed]
Filters = Mapping[str, str | int | datetime | None]


class Resources:
    """AMPECO's resources by path, over one transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def pages(
        self,
        operation: str,
        path: str,
        parse: Callable[[Mapping[str, Any]], Item],
        *,
        filters: Filters | None = None,
        include: str = "",
        with_cursor: bool = False,
        per_page: int | None = PER_PAGE,
        options: Mapping[str, str] | None = None,
        resume_from: str | None = None,
    ) -> Iterator[Page[Item]]:
        """Yield the pages of a list; a filter that is None is not sent.

        `options` are what a list takes beside filters, such as `withBreakdown`; `with_cursor` asks
        for cursors where a list counts pages (with a total on each) otherwise; `per_page` is None
        for a list that takes no length.
        """
        query = [
            (f"filter[{name}]", wire_instant(value) if isinstance(value, datetime) else str(value))
            for name, value in (filters or {}).items()
            if value is not None
        ]
        if include:
            query.append(("include[]", include))
        query.extend((options or {}).items())
        if per_page is not None:
            query.append(("per_page", str(per_page)))
        if with_cursor:
            query.append(("cursor", ""))
        return walk(
            self._transport,
            operation=operation,
            path=path,
            query=query,
            parse=parse,
            resume_from=resume_from,
        )

    def read(
        self,
        operation: str,
        path: str,
        wanted: int | str,
        parse: Parser[Parsed],
        *,
        include: str = "",
        options: Mapping[str, str] | None = None,
    ) -> Parsed:
        query = [("include[]", include)] if include else []
        query.extend((options or {}).items())
        answer = self._transport.read(f"{path}/{id_in_path(wanted)}", query, operation=operation)
        return parse_one(answer, parse, operation=operation)

    def rows(self, operation: str, path: str, parse: Parser[Parsed]) -> list[Parsed]:
        """Return a list that comes at once, of things without an id; unreadable ones left out."""
        answer = self._transport.read(path, [], operation=operation)
        data = answer.get("data")
        if not isinstance(data, list):
            raise _unreadable(operation)
        found = []
        for entry in objects(data):
            with suppress(UnreadablePayload):
                found.append(parse(entry))
        return found

    def ask(
        self, operation: str, path: str, body: Mapping[str, Any], parse: Parser[Parsed]
    ) -> list[Parsed]:
        """Send a question that changes nothing and return the answer's items."""
        answer = self._transport.ask(path, body=body, operation=operation)
        data = answer.get("data")
        if not isinstance(data, list):
            raise _unreadable(operation)
        return [parse_one({"data": entry}, parse, operation=operation) for entry in data]

    def submit(
        self, operation: str, path: str, body: Mapping[str, Any], parse: Parser[Parsed]
    ) -> Parsed:
        answer = self._transport.post(path, body=body, operation=operation)
        return parse_one(answer, parse, operation=operation, changes=True)

    def change(
        self,
        operation: str,
        path: str,
        wanted: int | str,
        body: Mapping[str, Any],
        parse: Parser[Parsed],
    ) -> Parsed:
        path = f"{path}/{id_in_path(wanted)}"
        answer = self._transport.patch(path, body=body, operation=operation)
        return parse_one(answer, parse, operation=operation, changes=True)

    def remove(self, operation: str, path: str, wanted: int | str) -> None:
        self._transport.delete(f"{path}/{id_in_path(wanted)}", operation=operation)


def items_of(pages: Iterator[Page[Item]]) -> Iterator[Item]:
    for page in pages:
        yield from page.items


def only_wanted(
    operation: str, pages: Iterator[Page[Item]], is_wanted: Callable[[Item], bool]
) -> list[Item]:
    """Return the wanted items of a list that should hold no others.

    Where it does, the operator ignores the filter: then only a few pages are read.
    """
    wanted: list[Item] = []
    others = False
    for number, page in enumerate(pages, start=1):
        matching = [item for item in page.items if is_wanted(item)]
        wanted.extend(matching)
        others = others or len(matching) < len(page.items)
        if others and page.next_link and number >= MOST_UNFILTERED_PAGES:
            logger.warning("%s: the operator ignores the filter; reading on is no use.", operation)
            break
    return wanted


def parse_one(
    answer: Mapping[str, Any], parse: Parser[Parsed], *, operation: str, changes: bool = False
) -> Parsed:
    """Return the one thing in an answer; raises UpstreamUnavailable when it is not there.

    `changes` says that the call changed something, so that it may have been processed all the same.
    """
    data = answer.get("data")
    if not isinstance(data, Mapping):
        raise _unreadable(operation, ambiguous=changes)
    try:
        return parse(data)
    except UnreadablePayload:
        raise _unreadable(operation, ambiguous=changes) from None


def _unreadable(operation: str, *, ambiguous: bool = False) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"{operation}: the answer lacks what was asked for.",
        operation=operation,
        ambiguous=ambiguous,
    )
