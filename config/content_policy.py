"""What pages may load and run: their own files, and nothing that stands in the page itself."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

HEADER = "Content-Security-Policy"

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


class ContentPolicyMiddleware:
    """Puts the content security policy on every answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._strict = header_of(STRICT)
        self._back_office = header_of(BACK_OFFICE)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request with its policy."""
        response = self.get_response(request)
        if settings.DEBUG and response.status_code in {404, 500}:
            # Django's pages for developers have their styles and scripts in themselves.
            return response
        in_back_office = request.path_info.startswith(reverse("admin:index"))
        response[HEADER] = self._back_office if in_back_office else self._strict
        return response


def header_of(policy: Policy) -> str:
    """Return a policy as its header's value."""
    return "; ".join(" ".join((name, *sources)) for name, sources in policy.items())
