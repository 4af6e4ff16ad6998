"""How calling the operator goes: what was counted since the counters began."""

from collections import defaultdict
from dataclasses import dataclass, field

import redis

from telemetry.measures import OPERATOR_CALLS, STORE, Numbers
from upstream.calls import ANSWERS, NOT_SENT, Outcome


@dataclass(slots=True)
class Operation:
    """The attempts of one call of the client, by what came of them."""

    name: str
    outcomes: dict[str, int] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        return sum(count for what, count in self.outcomes.items() if what not in NOT_SENT)

    @property
    def too_many(self) -> int:
        return self.outcomes.get(Outcome.RATE_LIMITED, 0)

    @property
    def failed(self) -> int:
        """Those that came to nothing, but for those that were told to come again later."""
        fine = ANSWERS | NOT_SENT | {Outcome.RATE_LIMITED}
        return sum(count for what, count in self.outcomes.items() if what not in fine)


def operations() -> list[Operation] | None:
    """Return the calls that were ever made, most used first; None while the counters are away."""
    try:
        numbers = Numbers(STORE.read())
    except redis.RedisError:
        return None
    found: dict[str, Operation] = {}
    counted = numbers.of(OPERATOR_CALLS.name, labels=len(OPERATOR_CALLS.labels))
    for (name, outcome), parts in counted:
        one = found.setdefault(name, Operation(name))
        one.outcomes[outcome] = round(parts[""])
    return sorted(found.values(), key=lambda one: (-one.sent, one.name))


def total_of(found: list[Operation]) -> Operation:
    outcomes: dict[str, int] = defaultdict(int)
    for one in found:
        for outcome, count in one.outcomes.items():
            outcomes[outcome] += count
    return Operation("", dict(outcomes))
