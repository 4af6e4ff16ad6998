"""How much of the time a charger could be used, from what its log says."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

Entry = tuple[datetime, str]
# While a charge point is not connected nobody can start a charge that is paid for.
NOT_CONNECTED = {"never connected", "temporarily unavailable", "long-term unavailable"}
DOWN = frozenset({*NOT_CONNECTED, "unavailable", "faulted"})


def uptime(
    connection: Iterable[Entry], evse: Iterable[Entry], *, since: datetime, until: datetime
) -> Decimal | None:
    """Return the share of a time, from 0 to 1, in which neither connection nor EVSE was down.

    Each log has (instant, status) at each change. What was before its first entry is not known and
    does not count; None where nothing is known of the time at all.
    """
    events = [(at, 0, status) for at, status in connection]
    events += [(at, 1, status) for at, status in evse]
    events.sort()
    states: list[str | None] = [None, None]
    known = down = timedelta()
    before = since
    for at, which, status in [*events, (until, -1, "")]:
        moment = min(max(at, since), until)
        if any(state is not None for state in states):
            known += moment - before
            if any(state in DOWN for state in states):
                down += moment - before
        before = moment
        if which >= 0:
            states[which] = status
    if not known:
        return None
    return 1 - Decimal(down / timedelta(seconds=1)) / Decimal(known / timedelta(seconds=1))
