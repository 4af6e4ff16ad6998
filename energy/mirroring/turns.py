"""One thing to read, as its reader gets it."""

from dataclasses import dataclass, field
from datetime import datetime

from ampcontrol.client import AmpcontrolClient
from energy.models import Network

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a reader needs: `now` is when it began, `since` what changes are wanted from.

    `since` is None where all is to be read. `network` and `vehicle_id` (Ampcontrol's) say of what,
    `last` when the same was last read to its end.
    """

    client: AmpcontrolClient
    now: datetime
    since: datetime | None = None
    last: datetime | None = None
    network: Network | None = None
    vehicle_id: str = ""

    @property
    def is_full(self) -> bool:
        return self.since is None

    @property
    def place(self) -> Network:
        """The network; only for what is read network by network."""
        if self.network is None:
            raise LookupError("This is read of the whole account.")
        return self.network


@dataclass(slots=True)
class Outcome:
    """What a reader did: numbers by noun, and what staff should know of it."""

    counts: Counts = field(default_factory=dict)
    problem: str = ""
