"""What every answer says that pages may load and run, and what is refused before any page sees it.

Pages load and run their own files, and nothing that stands in the page itself. Refused are NUL
characters, which no database takes. What waited in vain is told so.
"""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse

from mirror.work import is_held
from shell.addresses import origin_of, stream_is_elsewhere
from shell.look import logo_origin

logger = logging.getLogger(__name__)

# With these nobody sends anything that is to be done.
ONLY_LOOK = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADER = "Content-Security-Policy"
# What no page needs of a device. The portal itself may make and use passkeys, and ask for the place
# where somebody is.
DEVICE_HEADER = "Permissions-Policy"
DEVICE = ", ".join(
    [
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer",
                "browsing-topics",
                "camera",
                "display-capture",
                "gyroscope",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "usb",
            )
        ),
        "geolocation=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)

Policy = dict[str, tuple[str, ...]]

STRICT: Policy = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    # Tabler draws the ticks of its boxes from data: addresses.
    "img-src": ("'self'", "data:"),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "manifest-src": ("'self'",),
    "form-action": ("'self'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
}
# The back office's theme writes its colours into the page, and its Alpine compiles what attributes
# say. Scripts in the page itself stay forbidden there, too.
BACK_OFFICE: Policy = STRICT | {
    "script-src": ("'self'", "'unsafe-eval'"),
    "style-src": ("'self'", "'unsafe-inline'"),
}

PICTURES_FROM = "_pictures_from"


def allow_pictures_from(response: HttpResponse, origin: str) -> None:
    setattr(response, PICTURES_FROM, origin)


class ContentPolicyMiddleware:
    """Puts on every answer what pages may load, run, and use of a device."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._policy = STRICT
        if stream_is_elsewhere():
            sources = (*STRICT["connect-src"], origin_of(settings.LIVE_URL))
            self._policy = STRICT | {"connect-src": sources}
        self._strict = header_of(with_images_of(self._policy, logo_origin()))
        self._back_office = header_of(BACK_OFFICE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response[DEVICE_HEADER] = DEVICE
        if settings.DEBUG and response.status_code in {404, 500}:
            # Django's pages for developers have their styles and scripts in themselves.
            return response
        in_back_office = request.path_info.startswith(reverse("admin:index"))
        response[HEADER] = self._back_office if in_back_office else self._for_page(response)
        return response

    def _for_page(self, response: HttpResponse) -> str:
        origin = getattr(response, PICTURES_FROM, "")
        if not origin:
            return self._strict
        return header_of(self._policy | {"img-src": (*STRICT["img-src"], origin)})


def with_images_of(policy: Policy, origin: str) -> Policy:
    return policy | {"img-src": (*policy["img-src"], origin)} if origin else policy


def header_of(policy: Policy) -> str:
    return "; ".join(" ".join((name, *sources)) for name, sources in policy.items())


NUL = "\x00"


class RefuseNul:
    """Keeps NUL characters away from those who would hand them on to the database.

    A cookie with one counts as absent: refusing it would shut its browser out for as long as it
    keeps the cookie. In the back office, whose filters take an address as it comes, such a request
    is a bad one (400). The portal's own forms say it beside the field.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request without its NUL characters, or refuse it."""
        cookies = request.COOKIES
        for name in [name for name, value in cookies.items() if NUL in name + value]:
            del cookies[name]
        if request.path_info.startswith(reverse("admin:index")) and (
            NUL in request.path_info or _holds_nul(request.GET) or _holds_nul(request.POST)
        ):
            raise BadRequest("A NUL character in a request for the back office.")
        return self.get_response(request)


def _holds_nul(values: QueryDict) -> bool:
    return any(NUL in text for name, texts in values.lists() for text in (name, *texts))


class SayHeld:
    """Says that somebody else was at work on something for too long, so that nothing was done.

    409, not 503: a proxy would take the whole server for down.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer in place of a view that waited in vain."""
        if not (isinstance(exception, OperationalError) and is_held(exception)):
            return None
        logger.warning("A page waited in vain for what another process held.")
        return render(request, "409.html", status=409)
