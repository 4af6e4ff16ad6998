"""What other platforms call: verified, answered at once, and taken as a hint.

An answer is 202, or 401 where nothing shows that it comes from them: of 404 Ampcontrol makes that a
vehicle stops charging. There is no session, no cookie and no database in it.
"""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError

from hooks.hints import hear_of, hear_of_network
from hooks.signatures import is_signed, is_signed_somehow

ACCEPTED, NOT_VERIFIED = 202, 401


def from_ampcontrol(request: HttpRequest, network: str) -> HttpResponse:
    """Take what Ampcontrol's webhook says of a network, by its id there."""
    secret = settings.AMPCONTROL_WEBHOOK_SECRETS.get(network, "")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = _body(request)
    if not is_signed(body, request.headers.get("X-Webhook-Signature", ""), key=secret):
        return HttpResponse(status=NOT_VERIFIED)
    hear_of_network(network)
    return HttpResponse(status=ACCEPTED)


def from_ampeco(request: HttpRequest) -> HttpResponse:
    """Take a notification of AMPECO's; it is signed with the token that subscribed to it."""
    key = settings.AMPECO_WEBHOOK_SECRET or settings.AMPECO_API_TOKEN
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = _body(request)
    if not is_signed_somehow(body, request.headers.get("X-Signature", ""), key=key):
        return HttpResponse(status=NOT_VERIFIED)
    hear_of(body)
    return HttpResponse(status=ACCEPTED)


def from_nobody(request: HttpRequest) -> HttpResponse:
    """Answer for every other address here."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    return HttpResponse(status=NOT_VERIFIED)


def _body(request: HttpRequest) -> bytes:
    """Return what was sent; nothing, which is never signed, where it is too much or breaks off.

    So it is where its length is no number.
    """
    try:
        return request.body
    except (RequestDataTooBig, UnreadablePostError, ValueError):
        return b""
