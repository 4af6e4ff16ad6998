"""What browsers are told to insist on, and that Django's own list of advice is followed."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from shell.middleware import DEVICE
from tests import clock
from tests.factories import PASSWORD

PRODUCTION = {
    "SECRET_KEY": "k9!vQ2#tZ7@pL4$wX8%rN3^mB6&jH5*cF1(dG0)sA_yU-eIoP+uE",
    "AMPECO_BASE_URL": "https://operator.example/public-api",
    "AMPECO_API_TOKEN": "token-of-the-operator",
    "SITE_URL": "https://charge.example",
    "ALLOWED_HOSTS": "charge.example",
    "BEHIND_PROXY": "true",
    "DATABASE_URL": "sqlite:///:memory:",
    "CACHE_URL": "locmem://",
    "CELERY_BROKER_URL": "memory://",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


def manage(*words: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **clock.passed_on(), **PRODUCTION, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def test_django_has_nothing_to_advise():
    answer = manage("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout


def test_its_advice_is_still_heard():
    answer = manage("manage.py", "check", "--deploy", "--fail-level", "WARNING", HSTS_SECONDS="0")
    assert answer.returncode == 1
    assert "security.W004" in answer.stderr


# With static files as they lie there: in production they are collected first.
ASK = """
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
import django; django.setup()
from django.test import Client
for path in ("/account/login/", "/health/live", "/metrics"):
    for scheme in ("http", "https"):
        answer = Client().get(path, headers={"Host": "charge.example", "X-Forwarded-Proto": scheme})
        header = answer.headers.get
        print(path, scheme, answer.status_code, header("Location", "-"),
              header("Strict-Transport-Security", "-"), sep=";")
"""


def test_pages_come_over_https_only_and_checks_from_inside_need_not():
    answer = manage("-c", ASK)
    assert answer.returncode == 0, answer.stderr
    rows = {tuple(line.split(";")[:2]): line.split(";")[2:] for line in answer.stdout.split()}
    assert rows["/account/login/", "http"][:2] == ["301", "https://charge.example/account/login/"]
    assert rows["/health/live", "http"][0] == rows["/health/live", "https"][0] == "200"
    assert rows["/metrics", "http"][0] == "404"


def test_browsers_remember_it_for_a_year():
    answer = manage("-c", ASK)
    (line,) = [row for row in answer.stdout.splitlines() if row.startswith("/health/live;https")]
    assert line.endswith("max-age=31536000; includeSubDomains")


def test_over_http_nobody_is_sent_elsewhere():
    answer = manage("-c", ASK, SITE_URL="http://charge.example", BEHIND_PROXY="false")
    assert answer.returncode == 0, answer.stderr
    assert "301" not in answer.stdout
    assert "max-age" not in answer.stdout


def test_over_https_no_other_host_gives_browsers_our_cookies():
    """A name that begins so is taken over https only, from this very host and for all of it."""
    ask = (
        "from django.conf import settings as s\n"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.DEVICE_COOKIE_NAME,"
        " s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CSRF_COOKIE_DOMAIN,"
        " s.CSRF_COOKIE_PATH, s.SESSION_COOKIE_SECURE)"
    )
    names = "__Host-sessionid __Host-csrftoken __Host-device None / None / True"
    assert manage("-c", ask).stdout.strip() == names
    plain = manage("-c", ask, SITE_URL="http://charge.example", BEHIND_PROXY="false").stdout
    assert plain.strip() == "sessionid csrftoken device None / None / False"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", DEVICE),
    ],
)
def test_every_page_says_how_it_may_be_used(client, db, name, value):
    for path in ("/account/login/", "/nowhere/", "/health/live", "/d/wrong/"):
        assert client.get(path)[name] == value


def test_cookies_are_for_the_portal_and_not_for_scripts(client, manager, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client.get("/account/login/")
    client.post("/account/login/", {"login": manager.email, "password": PASSWORD})
    for name in ("csrftoken", "sessionid"):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"] == "Lax"
