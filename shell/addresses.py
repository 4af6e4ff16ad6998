"""Where a request comes from, and where it may lead back to."""

import logging
import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

# What one household or company has of IPv6: its single addresses are free to change.
OWN_NETWORK_BITS = 64
# Some proxies add the port, and brackets to what has colons of its own.
WITH_PORT = re.compile(r"(?P<four>[\d.]+):\d+|\[(?P<six>[^\]]+)\](?::\d+)?")

logger = logging.getLogger(__name__)


def client_ip(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the client's address; None where it is not known, which is logged.

    Behind proxies it is what the outermost of PROXY_COUNT proxies added to X-Forwarded-For: what
    stands before that, the client may have written itself.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        text = hops[-settings.PROXY_COUNT] if len(hops) >= settings.PROXY_COUNT else ""
    text = text.strip().strip('"')
    if with_port := WITH_PORT.fullmatch(text):
        text = with_port["four"] or with_port["six"]
    try:
        address = ip_address(text)
    except ValueError:
        logger.warning("A client's address cannot be read: see BEHIND_PROXY and PROXY_COUNT.")
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def plain_address(request: HttpRequest) -> str:
    """Return the client's address as databases take it; nothing where it is not known."""
    # Without the interface that a link-local address of IPv6 may name.
    return str(client_ip(request) or "").partition("%")[0]


def client_address(request: HttpRequest) -> str:
    """Return the client's address, of IPv6 its network; nothing where it is not known."""
    address = client_ip(request)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, OWN_NETWORK_BITS), strict=False))
    return str(address or "")


def is_ours(request: HttpRequest, url: str) -> bool:
    """Return whether an address is on the host that the browser asks; for paths alone."""
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def origin_of(address: str) -> str:
    return "://".join(urlsplit(address)[:2])


def stream_is_elsewhere() -> bool:
    """Return whether browsers find the stream of changes at another origin than the pages."""
    return bool(settings.LIVE_URL) and origin_of(settings.LIVE_URL) != origin_of(settings.SITE_URL)


def way_back(request: HttpRequest, *, otherwise: str) -> str:
    """Return where a form says that it was sent from, if that is a path of ours."""
    back = request.POST.get("next", "")
    is_path = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if is_path else otherwise
