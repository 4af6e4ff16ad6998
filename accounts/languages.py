"""In which language to speak to somebody."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers


def language_for(locale: str) -> str:
    """Return the portal's language that is nearest to a locale such as “de_AT”, or its own."""
    try:
        return translation.get_supported_language_variant(locale.replace("_", "-"))
    except LookupError:
        return settings.LANGUAGE_CODE


# What programs read has no language, and must not wait for the database to learn who asks.
WITHOUT_WORDS = ("/health/", "/metrics", "/theme.css")


def language_of(request: HttpRequest) -> str:
    """Return the language of a page: the person's, else the nearest that the browser asks for.

    The back office is in the portal's own, since not all of it is translated.
    """
    if request.path_info.startswith(reverse("admin:index")):
        return settings.LANGUAGE_CODE
    chosen = getattr(request.user, "language", "")
    return language_for(chosen) if chosen else translation.get_language_from_request(request)


class SpeakTheirLanguage:
    """Has each page written in the language of who reads it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request; what is read while it streams has its words by then."""
        if request.path_info.startswith(WITHOUT_WORDS):
            return self.get_response(request)
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        response.headers.setdefault("Content-Language", language)
        return response
