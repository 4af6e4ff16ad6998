"""Limits how often somebody may look a person up, so that nobody can try who has an account."""

import math

from django.conf import settings

from accounts.models import User
from drivers.models import Fleet
from shell.counters import count

HOUR = 3600


class TooManyLookups(Exception):
    """The hour's look-ups are used up; the next ones are allowed in `minutes`."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"The look-ups of this hour are used up for {minutes} minutes.")
        self.minutes = minutes


def count_lookup(*, fleet: Fleet, user: User) -> None:
    """Count one look-up for the user and for the fleet, by the hour of the clock.

    Raises TooManyLookups where either has had DRIVER_LOOKUPS_PER_HOUR already. While the cache is
    away nothing is counted.
    """
    for whose in (f"user:{user.pk}", f"fleet:{fleet.pk}"):
        counted = count(f"driver-lookups:{whose}", seconds=HOUR)
        if counted.number > settings.DRIVER_LOOKUPS_PER_HOUR:
            raise TooManyLookups(math.ceil(counted.seconds_left / 60))
