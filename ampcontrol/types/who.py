"""Whose token it is."""

from dataclasses import dataclass, field
from typing import Self

from ampcontrol.types.reading import first_of, name_of, record_id, text, word_of
from upstream.readers import Payload, UnreadablePayload

KINDS = frozenset({"admin", "user", "service", "read_only"})

_kind = word_of(KINDS, "user type")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the token stands for; `type` is admin, user, service or read_only."""

    id: str
    name: str = field(repr=False)
    type: str
    customer: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a user, and nothing of what is secret about it; UnreadablePayload without an id."""
        found = record_id(payload.get("id"))
        if not found:
            raise UnreadablePayload("“id” is missing or not an id.")
        full = f"{text(payload.get('firstName'))} {text(payload.get('lastName'))}".strip()
        return cls(
            id=found,
            name=text(payload.get("name")) or full,
            type=_kind(payload.get("type")),
            customer=name_of(first_of(payload, "customerName", "customer", "customerId")),
        )
