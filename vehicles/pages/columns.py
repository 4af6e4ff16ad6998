"""What the list of vehicles shows besides the vehicles' own facts: told by the rooms above.

This room knows nobody above it. Whoever knows something of vehicles adds its `Columns` here, in the
`ready` of its app.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from drivers.models import Fleet
from vehicles.models import Vehicle


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row has in a column: a text, and what qualifies it, in a line below."""

    text: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading. With a `sort` the list can be sorted by it, and `order_by` says how."""

    text: Promise
    sort: str = ""
    order_by: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns: whether a fleet has them, in one query; the cells of each vehicle by its key.

    `cells` costs the same however many vehicles there are.
    """

    headings: Sequence[Heading]
    wanted: Callable[[Fleet], bool]
    cells: Callable[[Sequence[Vehicle]], Mapping[int, Sequence[Cell]]]


added: list[Columns] = []


def columns_for(fleet: Fleet) -> list[Columns]:
    return [columns for columns in added if columns.wanted(fleet)]
