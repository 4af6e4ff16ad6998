"""What else needs attention on the first screen, besides bookings: said by the rooms above.

This room knows nobody above it. Whoever has something to say adds a function here, in the `ready`
of its app; it costs one query at most.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from drivers.models import Fleet


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence, and the page where something can be done."""

    text: str
    url: str


said: list[Callable[[Fleet, datetime], Iterable[Notice]]] = []


def notices_for(fleet: Fleet, *, now: datetime) -> list[Notice]:
    return [notice for say in said for notice in say(fleet, now)]
