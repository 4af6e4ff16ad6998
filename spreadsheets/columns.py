"""Which column of a table is which, by the names that people of four languages give them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import override

from mirror.search import search_key
from spreadsheets.table import Cell, Row, Table


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is understood: what the portal calls it, and what else people call it.

    `label` is a lazy text; in whichever of the portal's languages a file names it, it is known.
    """

    key: str
    label: object
    also: str = ""

    def names(self) -> frozenset[str]:
        found = {folded(name) for name in self.also.split(",")}
        for language, _name in settings.LANGUAGES:
            with override(language):
                found.add(folded(str(self.label)))
        return frozenset(found - {""})


@dataclass(frozen=True, slots=True)
class Understood:
    """Where each column stands in a table, by its key; and the names that were not understood."""

    places: dict[str, int]
    ignored: tuple[str, ...]

    def cell(self, row: Row, key: str) -> Cell:
        place = self.places.get(key)
        return row[place] if place is not None and place < len(row) else None


def folded(name: str) -> str:
    """Return a column's name without case, accents, signs, and what stands in brackets."""
    bare = re.sub(r"[(\[].*?[)\]]", " ", search_key(name))
    return " ".join(re.sub(r"[^\w]+|_", " ", bare).split())


def understand(table: Table, columns: Sequence[Column]) -> Understood:
    """Find the columns by the table's first row; of two with the same name the first counts."""
    known = {name: column.key for column in reversed(columns) for name in column.names()}
    places: dict[str, int] = {}
    ignored: list[str] = []
    for place, name in enumerate(table.header):
        key = known.get(folded(name))
        if key is None or key in places:
            if name:
                ignored.append(name)
            continue
        places[key] = place
    return Understood(places, tuple(ignored))
