"""Limits how often a secret link is followed, and how many anybody may try."""

import hashlib
import math

from django.conf import settings
from django.http import HttpRequest

from shell.addresses import client_address
from shell.counters import count

MINUTE = 60


class TooManyVisits(Exception):
    """The minute's visits are used up; the next ones are allowed in `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"The visits of this minute are used up for {seconds} seconds.")
        self.seconds = seconds


def count_visit(request: HttpRequest, *, secret: str) -> None:
    """Count a visit for the link and for the client's address, whether or not the link is one.

    Raises TooManyVisits where the link had LINK_VISITS_PER_MINUTE already, or the address
    LINK_VISITS_PER_MINUTE_AND_ADDRESS. While the cache is away nothing is counted.
    """
    # The cache is no place for secrets, nor is every text that somebody types a key.
    digest = hashlib.sha256(secret.encode()).hexdigest()
    limits = {f"link-visits:{digest}": settings.LINK_VISITS_PER_MINUTE}
    address = client_address(request)
    if address:
        limits[f"link-visits-from:{address}"] = settings.LINK_VISITS_PER_MINUTE_AND_ADDRESS
    for what, limit in limits.items():
        counted = count(what, seconds=MINUTE)
        if counted.number > limit:
            raise TooManyVisits(math.ceil(counted.seconds_left))
