"""Which of the writes to Ampcontrol are switched on, and how long what failed waits."""

from datetime import datetime, timedelta

from ampcontrol.connection import is_on, switched_on
from ampcontrol.switches import Switch
from upstream.errors import UpstreamError, UpstreamRejected

# The first pause after a failure; it doubles up to the longest.
PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
# What was refused is refused again, as long as nobody does something about it.
REFUSED_PAUSE = timedelta(minutes=10)
LONGEST_REFUSED_PAUSE = timedelta(hours=6)


def is_switched_on(switch: Switch) -> bool:
    return is_on() and switch in switched_on()


def next_try(error: UpstreamError, *, attempts: int, now: datetime) -> datetime:
    """Return when what has failed so many times is tried again."""
    refused = isinstance(error, UpstreamRejected)
    first, longest = (REFUSED_PAUSE, LONGEST_REFUSED_PAUSE) if refused else (PAUSE, LONGEST_PAUSE)
    pause = min(first * 2 ** min(attempts - 1, 10), longest)
    return now + max(pause, timedelta(seconds=error.retry_after))
