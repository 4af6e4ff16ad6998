"""The operator's colour and logo (PORTAL_COLOR, PORTAL_LOGO_URL), on pages and in mails."""

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from shell.colors import Shades, shades_of

FOR_EVER = "public, max-age=31536000, immutable"

LOGO_RULES = """
.brand__logo { width: auto; max-width: 10rem; height: 2rem; object-fit: contain; }
.entrance .brand__logo { height: 2.5rem; }
[data-bs-theme="dark"] .brand__logo {
  padding: 0.125rem 0.25rem; background: #fff; border-radius: 0.25rem;
}
"""


@dataclass(frozen=True, slots=True)
class MailLook:
    """What mails take of the operator's look; name and links are there without one, too."""

    name: str
    link: str = "#0b5cad"
    dark_link: str = "#8ab8ff"
    accent: str = ""
    dark_accent: str = ""
    logo_url: str = ""

    @property
    def has_head(self) -> bool:
        return bool(self.accent or self.logo_url)


def logo_url() -> str:
    """Return the address of the operator's logo for a page; nothing without one."""
    logo = settings.PORTAL_LOGO_URL
    return logo if not logo or is_elsewhere(logo) else static(logo)


def logo_origin() -> str:
    parts = urlsplit(settings.PORTAL_LOGO_URL)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def is_elsewhere(logo: str) -> bool:
    return bool(urlsplit(logo).netloc)


def mail_look() -> MailLook:
    look = {"name": settings.PORTAL_NAME}
    if settings.PORTAL_COLOR:
        shades = shades_of(settings.PORTAL_COLOR)
        look |= {"link": shades.light, "dark_link": shades.dark}
        look |= {"accent": shades.light, "dark_accent": shades.dark}
    # Few mail programs show SVG: the name stands there instead.
    if settings.PORTAL_LOGO_URL and not settings.PORTAL_LOGO_URL.lower().endswith(".svg"):
        address = logo_url()
        look["logo_url"] = address if is_elsewhere(address) else f"{settings.SITE_URL}{address}"
    return MailLook(**look)


def theme_url() -> str:
    css = theme_css()
    return f"{reverse('theme')}?{urlencode({'v': version_of(css)})}" if css else ""


def version_of(css: str) -> str:
    return hashlib.sha256(css.encode()).hexdigest()[:12]


def theme_css() -> str:
    """Return the style sheet with the operator's look; nothing without one."""
    colors = color_rules(shades_of(settings.PORTAL_COLOR)) if settings.PORTAL_COLOR else ""
    return colors + (LOGO_RULES if settings.PORTAL_LOGO_URL else "")


def color_rules(shades: Shades) -> str:
    """Return the rules by which the portal's own colours become those of the operator."""
    rule = (
        "{where} {{ --tblr-primary: {shade}; --tblr-primary-fg: {on};"
        " --tblr-primary-darken: {strong};"
        " --tblr-link-color: {shade}; --tblr-link-hover-color: {strong}; }}\n"
    )
    light = rule.format(
        where=':root, [data-bs-theme="light"]',
        shade=shades.light,
        strong=shades.light_strong,
        on=shades.on_light,
    )
    dark = rule.format(
        where='[data-bs-theme="dark"]',
        shade=shades.dark,
        strong=shades.dark_strong,
        on=shades.on_dark,
    )
    return light + dark


@require_safe
def theme(request: HttpRequest) -> HttpResponse:
    """Give the style sheet; by its own mark it may be kept for ever."""
    css = theme_css()
    if not css:
        raise Http404
    is_this_one = request.GET.get("v", "") == version_of(css)
    caching = FOR_EVER if is_this_one else "no-cache"
    return HttpResponse(
        css, content_type="text/css; charset=utf-8", headers={"Cache-Control": caching}
    )
