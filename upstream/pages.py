"""One page of a list."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """What one call of a list brought, without what earlier pages brought already.

    `next_link` is where the list goes on, None at its end; a later call may resume from it.
    """

    items: tuple[T_co, ...]
    next_link: str | None
