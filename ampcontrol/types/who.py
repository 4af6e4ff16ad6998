"""Whose token it is."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the token stands for; `type` is admin, user, service or read_only."""

    id: str
    name: str = field(repr=False)
    type: str
    customer: str
