"""Primary keys, and places in lists, as they come in addresses and forms."""

from collections.abc import Iterable
from dataclasses import dataclass

# More digits than a key can have would not fit into a query.
LONGEST_KEY = 18


def read_key(text: str) -> int | None:
    """Return the primary key that somebody's text is; None for anything that can be none."""
    is_key = text.isascii() and text.isdecimal() and len(text) <= LONGEST_KEY
    return int(text) if is_key else None


def read_keys(texts: Iterable[str]) -> list[int]:
    """Return the primary keys among texts in their order, none twice; what is none is left out."""
    keys = (read_key(text) for text in texts)
    return list(dict.fromkeys(key for key in keys if key is not None))


@dataclass(frozen=True, slots=True)
class RowCursor:
    """A place in a list: beside the row with this key."""

    pk: int
    backwards: bool

    def __str__(self) -> str:
        return f"{'b' if self.backwards else 'a'}{self.pk}"

    @classmethod
    def parse(cls, text: str) -> "RowCursor | None":
        """Read a cursor from a query string; None for one that is none."""
        direction, pk = text[:1], read_key(text[1:])
        if direction not in {"a", "b"} or pk is None:
            return None
        return cls(pk, direction == "b")
