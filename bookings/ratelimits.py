"""Limits how often a secret link is followed, and how many anybody may try."""

import hashlib
import math
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from accounts.counters import count

MINUTE = 60
# What one household or company has of IPv6: its single addresses are free to change.
OWN_NETWORK_BITS = 64


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


def client_address(request: HttpRequest) -> str:
    """Return the client's address, of IPv6 its network; nothing where it is not known.

    Behind a proxy it is what the proxy added last to X-Forwarded-For: what stands before it, the
    client may have written itself.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, OWN_NETWORK_BITS), strict=False))
    return str(address)
