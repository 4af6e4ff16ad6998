"""What all pages have in common that are opened by a secret link, without a log-in."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers

from shell.link_visits import TooManyVisits, count_visit

View = Callable[..., HttpResponseBase]


def secret_link(view: View) -> View:
    """Limit how often a link is opened, and keep its pages out of caches and search engines.

    The secret is the first argument that the address gives the view; it is counted before anything
    is looked up, so that whoever guesses is stopped like whoever knows.
    """

    @wraps(view)
    def inner(request: HttpRequest, secret: str) -> HttpResponseBase:
        try:
            count_visit(request, secret=secret)
        except TooManyVisits as limit:
            response: HttpResponseBase = to_anybody(
                request, "bookings/driver_page/too_many.html", status=429
            )
            response["Retry-After"] = str(limit.seconds)
        else:
            response = view(request, secret)
        response.headers.setdefault("Cache-Control", "private, no-store")
        # Not “no-referrer”: browsers then send forms without an origin, and Django refuses those.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return inner


def nothing_here(request: HttpRequest) -> HttpResponse:
    return to_anybody(request, "bookings/driver_page/nothing_here.html", status=404)


def to_anybody(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Return a page for somebody we do not know, in the language that their browser asks for."""
    with translation.override(translation.get_language_from_request(request)):
        response = render(request, template, status=status)
        response["Content-Language"] = translation.get_language()
    patch_vary_headers(response, ["Accept-Language"])
    return response
