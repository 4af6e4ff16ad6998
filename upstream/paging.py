"""Walks AMPECO's lists by their links, whatever those lead to."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from upstream.errors import UpstreamError, UpstreamUnavailable
from upstream.readers import UnreadablePayload, objects
from upstream.transport import Query, Transport

logger = logging.getLogger(__name__)

MOST_PAGES = 10_000
# Empty pages may have more behind them, but not without end.
MOST_EMPTY_PAGES = 50
# A page may repeat the last one when rows move; an operator that goes on repeating is done.
MOST_REPEATING_PAGES = 3


T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """What one call of a list brought, without what earlier pages brought already.

    `next_link` is where the list goes on, None at its end; a later call may resume from it.
    `unreadable` is how many items it brought that lack what makes them usable.
    """

    items: tuple[T_co, ...]
    next_link: str | None
    unreadable: int = 0


class Identified(Protocol):
    """Anything with an id that is its own within its list."""

    @property
    def id(self) -> int | str: ...


Item = TypeVar("Item", bound=Identified)


def walk(
    transport: Transport,
    *,
    operation: str,
    path: str,
    query: Query,
    parse: Callable[[Mapping[str, Any]], Item],
    resume_from: str | None = None,
) -> Iterator[Page[Item]]:
    """Yield the pages of a list, each item once, by the queries of `links.next` as they are given.

    `resume_from` is an earlier page's `next_link`. Ends, with a warning, when a link leads where we
    have been or the operator only repeats itself; raises UpstreamError, after the page, when a link
    does not say where it goes on, and when the list has no end.
    """
    url = transport.address(path, query)
    if resume_from is not None:
        resumed = transport.follow(resume_from, base=url)
        if resumed is None:
            raise _lost(operation)
        url = resumed
    visited: set[str] = set()
    seen: set[int | str] = set()
    empty = repeating = 0
    for _ in range(MOST_PAGES):
        visited.add(str(url))
        answer = transport.get(url, operation=operation)
        found, unreadable = _parsed(answer.get("data"), parse=parse, operation=operation)
        fresh = {item.id: item for item in found if item.id not in seen}
        seen.update(fresh)
        empty = 0 if found else empty + 1
        repeating = repeating + 1 if found and not fresh else 0
        link = _next_link(answer)
        onward = transport.follow(link, base=url) if link else None
        lost = link is not None and onward is None
        if onward is not None and (str(onward) in visited or repeating >= MOST_REPEATING_PAGES):
            logger.warning("%s: the list leads back to pages that were read; it ends.", operation)
            onward = None
        yield Page(
            items=tuple(fresh.values()),
            next_link=None if onward is None else str(onward),
            unreadable=unreadable,
        )
        if lost:
            raise _lost(operation)
        if onward is None:
            return
        if empty >= MOST_EMPTY_PAGES:
            break
        url = onward
    raise UpstreamError(f"{operation}: the list does not come to an end.", operation=operation)


def _parsed(
    data: object, *, parse: Callable[[Mapping[str, Any]], Item], operation: str
) -> tuple[list[Item], int]:
    """Parse the items of a page; those that lack what makes them usable are counted only."""
    if not isinstance(data, list):
        # Not an empty list: a mirror would take that for the end of all sites.
        raise UpstreamUnavailable(f"{operation}: the answer holds no list.", operation=operation)
    items = []
    for entry in objects(data):
        try:
            items.append(parse(entry))
        except UnreadablePayload as error:
            logger.warning("%s: an item was left out: %s", operation, error)
    return items, len(data) - len(items)


def _lost(operation: str) -> UpstreamError:
    return UpstreamError(
        f"{operation}: the operator's link does not say where it goes on.", operation=operation
    )


def _next_link(answer: dict[str, Any]) -> str | None:
    links = answer.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    return link if isinstance(link, str) and link else None
