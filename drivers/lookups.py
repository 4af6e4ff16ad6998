"""Limits how often somebody may look a person up, so that nobody can try who has an account."""

import math
import time

from django.conf import settings
from django.core.cache import cache

from accounts.models import User
from drivers.models import Fleet

HOUR = 3600


class TooManyLookups(Exception):
    """The hour's look-ups are used up; the next ones are allowed in `minutes`."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"The look-ups of this hour are used up for {minutes} minutes.")
        self.minutes = minutes


def count_lookup(*, fleet: Fleet, user: User) -> None:
    """Count one look-up for the user and for the fleet, by the hour of the clock.

    Raises TooManyLookups where either has had DRIVER_LOOKUPS_PER_HOUR already. The counters live in
    the cache: while that is away nothing is counted.
    """
    hour, passed = divmod(time.time(), HOUR)
    counts = [
        _increment(f"driver-lookups:{whose}:{int(hour)}")
        for whose in (f"user:{user.pk}", f"fleet:{fleet.pk}")
    ]
    if max(counts) > settings.DRIVER_LOOKUPS_PER_HOUR:
        raise TooManyLookups(math.ceil((HOUR - passed) / 60))


def _increment(key: str) -> int:
    if cache.add(key, 1, HOUR):
        return 1
    try:
        return cache.incr(key) or 0
    except ValueError:
        # It ran out between the two calls.
        return 1
