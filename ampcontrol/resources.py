"""Reads Ampcontrol's lists, single records and time series, and sends changes, as typed results."""

import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ampcontrol.types import Point
from ampcontrol.types.reading import row_count
from upstream.errors import UpstreamUnavailable
from upstream.readers import UnreadablePayload, objects, wire_instant
from upstream.transport import Transport

logger = logging.getLogger(__name__)

# The most that a list gives at once. Series are cut after 100 where it is not said.
LIMIT = 1000
# Pages shift when rows come or go meanwhile: each takes up some of the last one again, so that
# none is missed.
OVERLAP = 10
MOST_PAGES = 1000
WEEK = timedelta(weeks=1)

Parsed = TypeVar("Parsed")
Parser = Callable[[Mapping[str, Any]], Parsed]
Filters = Mapping[str, str | int | datetime | None]


class Resources:
    """Ampcontrol's resources by path, over one transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def items(
        self,
        operation: str,
        path: str,
        parse: Parser[Parsed],
        *,
        filters: Filters | None = None,
        key: Callable[[Parsed], Hashable] = lambda item: getattr(item, "id"),  # noqa: B009
    ) -> Iterator[Parsed]:
        """Yield a list item by item, each once, until a page is not full; `total` counts nothing.

        Raises UpstreamUnavailable where nothing of a page can be read: that is no empty list.
        """
        seen: set[Hashable] = set()
        offset = 0
        for _ in range(MOST_PAGES):
            query = {**(filters or {}), "limit": LIMIT, "offset": offset}
            answer = self._transport.read(path, _query(query), operation=operation)
            entries = entries_of(answer, operation=operation)
            fresh = 0
            for item in parsed(entries, parse, operation=operation):
                if key(item) not in seen:
                    seen.add(key(item))
                    fresh += 1
                    yield item
            if len(entries) < LIMIT:
                return
            if not fresh:
                logger.warning("%s: the list repeats itself; it ends.", operation)
                return
            offset += len(entries) - OVERLAP
        raise UpstreamUnavailable(
            f"{operation}: the list does not come to an end.", operation=operation
        )

    def read_all(
        self, operation: str, path: str, parse: Parser[Parsed], *, filters: Filters | None = None
    ) -> list[Parsed]:
        """Return what one call gives that knows no pages."""
        answer = self._transport.read(path, _query(filters or {}), operation=operation)
        return list(parsed(entries_of(answer, operation=operation), parse, operation=operation))

    def read_one(
        self, operation: str, path: str, parse: Parser[Parsed], *, filters: Filters | None = None
    ) -> Parsed:
        found = self.read_all(operation, path, parse, filters=filters)
        if not found:
            raise unreadable(operation)
        return found[0]

    def data(self, operation: str, path: str, *, filters: Filters | None = None) -> object:
        """Return what stands in `data`, as it is."""
        return self._transport.read(path, _query(filters or {}), operation=operation).get("data")

    def series(
        self,
        operation: str,
        path: str,
        *,
        start: datetime,
        end: datetime,
        filters: Filters,
        longest: timedelta | None = None,
        paged: bool = False,
    ) -> list[Point]:
        """Return a time series, asked for in windows of `longest` where that is set.

        `paged` says that the computed series is cut at `limit`, so that the rest is asked for.
        """
        found: dict[datetime, Point] = {}
        for since, until in windows(start, end, longest):
            window = {**filters, "start": since, "end": until}
            for point in self._window(operation, path, window, paged=paged):
                found[point.at] = point
        return [found[at] for at in sorted(found)]

    def _window(
        self, operation: str, path: str, window: Filters, *, paged: bool
    ) -> Iterator[Point]:
        offset, before = 0, None
        for _ in range(MOST_PAGES):
            query = {**window, "limit": LIMIT, "offset": offset} if paged else window
            data = self.data(operation, path, filters=query)
            if offset and data == before:
                logger.warning("%s: the series repeats itself; it ends.", operation)
                return
            try:
                points = Point.series_from_payload(data)
            except UnreadablePayload:
                raise unreadable(operation) from None
            yield from points
            # Also what cannot be read takes up a place in the page.
            rows = row_count(data)
            if not paged or rows < LIMIT:
                return
            offset, before = offset + rows, data

    def send(
        self, method: str, operation: str, path: str, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Send a change, once."""
        if method == "DELETE":
            return self._transport.delete(path, operation=operation)
        send = self._transport.patch if method == "PATCH" else self._transport.post
        return send(path, body=body or {}, operation=operation)


def windows(
    start: datetime, end: datetime, longest: timedelta | None
) -> Iterator[tuple[datetime, datetime]]:
    """Yield a window in pieces, in UTC; raises ValueError for one that is empty or has no zone."""
    if start.tzinfo is None or end.tzinfo is None or start >= end:
        raise ValueError("A window needs a zone, and an end after its start.")
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    while start < end:
        until = end if longest is None else min(end, start + longest)
        yield start, until
        start = until


def entries_of(answer: Mapping[str, Any], *, operation: str, changes: bool = False) -> list[Any]:
    """Return what is in `data`: a list, or one object for a list of one."""
    data = answer.get("data")
    if isinstance(data, Mapping):
        return [data] if data else []
    if not isinstance(data, list):
        # Not an empty list: a mirror would take that for the end of everything.
        raise unreadable(operation, ambiguous=changes)
    return data


def parsed(entries: list[Any], parse: Parser[Parsed], *, operation: str) -> Iterator[Parsed]:
    """Yield the entries that can be read; raises UpstreamUnavailable where not one of them can."""
    read = 0
    for entry in objects(entries):
        try:
            item = parse(entry)
        except UnreadablePayload as error:
            logger.warning("%s: an item was left out: %s", operation, error)
            continue
        read += 1
        yield item
    if entries and not read:
        raise unreadable(operation)


def unreadable(operation: str, *, ambiguous: bool = False) -> UpstreamUnavailable:
    return UpstreamUnavailable(
        f"{operation}: the answer lacks what was asked for.",
        status=200,
        operation=operation,
        ambiguous=ambiguous,
    )


def exactly_one(**filters: str | None) -> dict[str, str]:
    """Return the one filter that is set; raises ValueError for none or several."""
    found = {name: value for name, value in filters.items() if value}
    if len(found) != 1:
        raise ValueError(f"Exactly one is needed of {', '.join(filters)}.")
    return found


def _query(filters: Filters) -> list[tuple[str, str]]:
    return [
        (name, wire_instant(value) if isinstance(value, datetime) else str(value))
        for name, value in filters.items()
        if value is not None
    ]
