"""Reads what is shown to staff as it is: some pages at most, and what keeps it from being read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from django.utils.translation import gettext as _

from upstream.errors import UpstreamError, UpstreamForbidden
from upstream.paging import Page

Item = TypeVar("Item")
MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class Reading(Generic[Item]):
    """What was read of a list; `problem` is a sentence where it could not be."""

    items: tuple[Item, ...] = ()
    problem: str = ""
    # There is more than is shown.
    is_cut: bool = False


def read(pages: Callable[[], Iterator[Page[Item]]]) -> Reading[Item]:
    """Return up to five pages of a list; an operator that fails or refuses is said in words."""
    items: list[Item] = []
    is_cut = False
    try:
        for page in islice(pages(), MOST_PAGES):
            items.extend(page.items)
            is_cut = page.next_link is not None
    except UpstreamForbidden:
        return Reading(problem=_("The portal’s token may not read this (403)."))
    except UpstreamError:
        return Reading(
            problem=_("The operator’s system did not answer as it should. Try again in a moment.")
        )
    return Reading(items=tuple(items), is_cut=is_cut)
