"""The operator's colour and logo, on pages and in mails; without them all is as it was."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory

from config import env
from shell.colors import contrast, shades_of
from shell.look import FOR_EVER, theme_url
from shell.middleware import HEADER, ContentPolicyMiddleware

pytestmark = pytest.mark.django_db
ELSEWHERE = "https://files.operator.example/logo.png"
LETTER = {"subject": "Hello", "language": "en", "bidi": False, "letter": {}, "footer": "Bye"}


@pytest.fixture
def look(settings):
    settings.PORTAL_COLOR = "#ffcc00"
    settings.PORTAL_LOGO_URL = ELSEWHERE
    settings.SITE_URL = "https://portal.example"
    return settings


def page(client) -> str:
    return client.get("/account/login/").content.decode()


def mail() -> str:
    return render_to_string("mail/booking.html", LETTER)


def test_without_a_look_nothing_is_there(client):
    html = page(client)
    assert "theme.css" not in html
    assert "brand__logo" not in html
    assert client.get("/theme.css").status_code == 404
    assert "img-src 'self' data:;" in client.get("/account/login/")[HEADER]
    assert "<img" not in mail()
    assert "mail-brand" not in mail()
    assert "border-top:4px" not in mail()
    assert "color: #8ab8ff" in mail()


def test_the_colour_comes_by_a_style_sheet_that_is_kept_for_ever(client, look):
    address = re.search(r'href="(/theme\.css\?v=\w+)"', page(client)).group(1)
    answer = client.get(address)
    css, shades = answer.content.decode(), shades_of("#ffcc00")
    assert answer["Content-Type"] == "text/css; charset=utf-8"
    assert answer["Cache-Control"] == FOR_EVER
    assert not answer.cookies
    assert css.count("{") == css.count("}")
    light, dark = css.split('[data-bs-theme="dark"]')[:2]
    assert f"--tblr-primary: {shades.light};" in light
    assert f"--tblr-primary: {shades.dark};" in dark
    look.PORTAL_COLOR = "#cc0000"
    assert theme_url() != address
    assert client.get(address)["Cache-Control"] == "no-cache"


def test_the_logo_may_come_from_its_own_place_and_no_other(client, look):
    html = page(client)
    assert f'<img class="brand__logo" src="{ELSEWHERE}" alt=""' in html
    answer = ContentPolicyMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))
    assert "img-src 'self' data: https://files.operator.example;" in answer[HEADER]
    look.PORTAL_LOGO_URL = "favicon.svg"
    answer = ContentPolicyMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))
    assert "img-src 'self' data:;" in answer[HEADER]
    assert 'src="/static/favicon.svg"' in page(client)


def test_mails_are_in_the_same_dress(look):
    shades = shades_of("#ffcc00")
    html = mail()
    assert f'<img src="{ELSEWHERE}" alt="Chargebook"' in html
    assert f"border-top:4px solid {shades.light}" in html
    assert f".mail-link {{ color: {shades.dark} !important; }}" in html
    assert contrast(shades.light, "#ffffff") >= 4.5
    # Few mail programs show it.
    look.PORTAL_LOGO_URL = "favicon.svg"
    assert "<img" not in mail()
    assert re.search(r'class="mail-brand[^>]*>Chargebook<', mail())


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ""),
        (ELSEWHERE, ELSEWHERE),
        ("favicon.svg", "favicon.svg"),
        ("/static/favicon.svg", "favicon.svg"),
    ],
)
def test_a_logo_is_an_address_or_a_file_that_is_there(monkeypatch, settings, given, read):
    monkeypatch.setenv("PORTAL_LOGO_URL", given)
    assert env.image("PORTAL_LOGO_URL", settings.BASE_DIR / "static") == read


@pytest.mark.parametrize(
    "given",
    [
        "http://operator.example/logo.png",
        "https://operator.example; script-src *",
        "https://operator.example *.evil.example/logo.png",
        "//operator.example/logo.png",
        "https://",
        "data:image/png;base64,AAAA",
        "../README.md",
        "img/none.png",
        "css",
    ],
)
def test_anything_else_is_no_logo(monkeypatch, settings, given):
    monkeypatch.setenv("PORTAL_LOGO_URL", given)
    with pytest.raises(ImproperlyConfigured, match=r"^PORTAL_LOGO_URL must be an https address"):
        env.image("PORTAL_LOGO_URL", settings.BASE_DIR / "static")


@pytest.mark.parametrize(("given", "read"), [("", ""), ("#0B5CAD", "#0b5cad")])
def test_a_colour_is_read(monkeypatch, given, read):
    monkeypatch.setenv("PORTAL_COLOR", given)
    assert env.color("PORTAL_COLOR") == read
