"""Names that people write with other dashes and spaces, and names that differ by just these."""

import re
from collections import defaultdict
from itertools import accumulate
from typing import Generic, TypeVar

from mirror.search import search_key

Thing = TypeVar("Thing")
Breaks = frozenset[int]


class Spellings(Generic[Thing]):
    """Things by their names, of several kinds such as numbers and plates.

    Dashes, dots and spaces may be others or be left out, but not stand elsewhere: “mab1” may be
    “M-AB 1” or “MA-B 1”, which are two. Between digits none is left out, but in kinds that are
    `dense`: “112” is not “1-12”.
    """

    def __init__(self, *, dense: frozenset[str] = frozenset()) -> None:
        self._dense = dense
        self._exact: dict[tuple[str, str], list[Thing]] = defaultdict(list)
        self._loose: dict[tuple[str, str], list[tuple[Breaks, Thing]]] = defaultdict(list)

    def add(self, kind: str, name: str, thing: Thing) -> None:
        letters, breaks = _parted(name)
        if letters:
            self._exact[kind, _exact(name)].append(thing)
            self._loose[kind, letters].append((breaks, thing))

    def exactly(self, kind: str, name: str) -> list[Thing]:
        """Return what has a name, whatever its case and spare spaces."""
        return self._exact.get((kind, _exact(name)), [])

    def otherwise(self, kind: str, name: str) -> list[Thing]:
        """Return what has a name that may be written like this, too."""
        letters, breaks = _parted(name)
        return [
            thing
            for theirs, thing in self._loose.get((kind, letters), [])
            if (theirs <= breaks or breaks <= theirs)
            and (kind in self._dense or not _between_digits(letters, theirs ^ breaks))
        ]


def _exact(name: str) -> str:
    return " ".join(name.split()).casefold()


def _parted(name: str) -> tuple[str, Breaks]:
    """Return the letters and digits of a name, and before which of them something else stands."""
    parts = [part for part in re.split(r"[\W_]+", search_key(name)) if part]
    return "".join(parts), frozenset(accumulate(map(len, parts[:-1])))


def _between_digits(letters: str, breaks: Breaks) -> bool:
    return any(letters[at - 1].isdigit() and letters[at].isdigit() for at in breaks)
