"""Where a request comes from, and where it may lead back to."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

# What one household or company has of IPv6: its single addresses are free to change.
OWN_NETWORK_BITS = 64


def client_ip(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Return the client's address; None where it is not known.

    Behind proxies it is what the outermost of PROXY_COUNT proxies added to X-Forwarded-For: what
    stands before that, the client may have written itself.
    """
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        text = hops[-settings.PROXY_COUNT] if len(hops) >= settings.PROXY_COUNT else ""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def client_address(request: HttpRequest) -> str:
    """Return the client's address, of IPv6 its network; nothing where it is not known."""
    address = client_ip(request)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, OWN_NETWORK_BITS), strict=False))
    return str(address or "")


def is_ours(request: HttpRequest, url: str) -> bool:
    """Return whether an address is one of the portal's own pages."""
    return url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )


def way_back(request: HttpRequest, *, otherwise: str) -> str:
    """Return where a form says that it was sent from, if that is a path of ours."""
    back = request.POST.get("next", "")
    return back if back.startswith("/") and is_ours(request, back) else otherwise
