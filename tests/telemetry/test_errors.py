"""What Sentry is told of an error: where it happened, and nothing about anybody."""

import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests import clock

# An error in a page that an address with a secret opens, with all that a browser sends along.
SCRIPT = """
import json, logging
import django
from django.conf import settings

reports = []
import sentry_sdk.transport

class Kept(sentry_sdk.transport.Transport):
    def capture_envelope(self, envelope):
        event = envelope.get_event()
        if event:
            reports.append(event)

from telemetry import errors
whole = errors.report_to_sentry
errors.report_to_sentry = lambda: whole(transport=Kept)

# With static files as they lie there: in production they are collected first.
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
django.setup()

from django.apps import apps
from django.core.management import call_command
settings.MIGRATION_MODULES = {app.label: None for app in apps.get_app_configs()}
call_command("migrate", run_syncdb=True, verbosity=0)
from django.core.wsgi import get_wsgi_application
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from werkzeug.test import Client
from config import urls

@csrf_exempt
def broken(request, secret):
    name = "Ana Rossi"
    assert request.user.is_anonymous
    raise ValueError(f"ana@hudson.example has {settings.AMPECO_API_TOKEN}")

urls.urlpatterns.insert(0, path("d/<str:secret>/broken/", broken))
answer = Client(get_wsgi_application()).post(
    "/d/very-secret-link/broken/?q=typed-query",
    base_url="http://testserver",
    data={"reference": "typed-reference"},
    headers={
        "X-Request-ID": "5f2b7d0c9e8a4d61",
        "Authorization": "Bearer header-value",
        "Cookie": "other=cookie-value",
    },
    environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
)
assert answer.status_code == 500, answer.status_code
logging.getLogger("notifications.delivery").error("Mail to %s is given up.", "ana@hudson.example")
print(json.dumps(reports, default=str))
"""
SECRET = (
    "ana@hudson",
    "Rossi",
    "sesame-token",
    "very-secret-link",
    "typed-",
    "cookie-value",
    "header-value",
    "203.0.113.7",
)


def run(script: str, **changes: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        **clock.passed_on(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "x" * 50,
        "AMPECO_BASE_URL": "http://operator.test/public-api",
        "AMPECO_API_TOKEN": "sesame-token",
        "DATABASE_URL": "sqlite:///:memory:",
        "CACHE_URL": "locmem://",
        "CELERY_BROKER_URL": "memory://",
        "ALLOWED_HOSTS": "testserver",
        **changes,
    }
    done = subprocess.run(
        # Not by -c: from 3.13 on Python knows the text of that, and reports quote lines of code.
        [sys.executable, "-"],
        input=script,
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reports() -> list[dict]:
    return json.loads(run(SCRIPT, SENTRY_DSN="http://key@127.0.0.1:9/1", SENTRY_ENVIRONMENT="test"))


def test_an_error_is_reported_with_what_finds_it(reports):
    error = next(report for report in reports if "exception" in report)
    told = error["exception"]["values"][-1]
    assert told["type"] == "ValueError"
    assert told["value"] == "[e-mail] has [secret]"
    assert told["stacktrace"]["frames"][-1]["function"] == "broken"
    assert error["transaction"] == "/d/[secret]/broken/"
    assert error["environment"] == "test"
    assert error["tags"]["request_id"] == "5f2b7d0c9e8a4d61"
    assert error["request"] == {"method": "POST"}


def test_an_error_in_the_log_is_reported(reports):
    line = next(report for report in reports if "logentry" in report and "exception" not in report)
    assert "is given up" in json.dumps(line)


def test_reports_tell_nothing_about_anybody(reports):
    text = json.dumps(reports)
    assert [part for part in SECRET if part in text] == []


def test_nothing_of_it_is_there_where_it_is_off():
    script = "import sys, django; django.setup(); print('sentry_sdk' in sys.modules)"
    assert run(script).strip() == "False"
    assert run(script, SENTRY_DSN="http://key@127.0.0.1:9/1").strip() == "True"
