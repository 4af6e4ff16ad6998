"""Answers other platforms before the portal's own business begins."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from hooks.views import from_nobody

PREFIX = "/hooks"


class AnswerHooks:
    """Hands calls of other platforms to their views, past sessions, cookies and CSRF tokens.

    Those are for people with a browser and want a database. Nor is anything led elsewhere, asked
    for its host, or not found.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            return self.get_response(request)
        try:
            match = resolve(path)
        except Resolver404:
            return from_nobody(request)
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
