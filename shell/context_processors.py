"""What every page knows of the portal itself."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from ampeco.connection import operator_notice
from shell.addresses import stream_is_elsewhere
from shell.look import logo_url, theme_url


@dataclass(frozen=True, slots=True)
class Portal:
    """The operator's settings that pages show."""

    name: str
    support_url: str
    driver_app_url: str
    operator_notice: str
    # By code, each named in itself.
    languages: tuple[tuple[str, str], ...]
    logo_url: str
    theme_url: str
    live_url: str


def stream_for(request: HttpRequest) -> str:
    """Return where this page finds the stream of changes; "" where browsers would not let it.

    At another origin, the stream answers the pages of `SITE_URL` alone.
    """
    at_home = request.META.get("HTTP_HOST") == urlsplit(settings.SITE_URL).netloc
    return settings.LIVE_URL if at_home or not stream_is_elsewhere() else ""


def portal(request: HttpRequest) -> dict[str, Portal]:
    """Return the portal's name and links, and a notice when the operator refuses our token."""
    return {
        "portal": Portal(
            name=settings.PORTAL_NAME,
            support_url=settings.SUPPORT_URL,
            driver_app_url=settings.DRIVER_APP_URL,
            operator_notice=operator_notice(),
            languages=tuple(settings.LANGUAGES),
            logo_url=logo_url(),
            theme_url=theme_url(),
            live_url=stream_for(request),
        )
    }
