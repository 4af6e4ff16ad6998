import json
import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests import clock

REQUIRED = {
    "SECRET_KEY": "x" * 50,
    "AMPECO_BASE_URL": "http://operator.test/public-api",
    "AMPECO_API_TOKEN": "token",
}


def start(entry: list[str], *, said: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings"}
    environment |= clock.passed_on() | REQUIRED | changes
    return subprocess.run(
        [sys.executable, *entry],
        cwd=settings.BASE_DIR,
        env=environment,
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


# Starts the command once for each case, each in a process of its own. What they all load first, and
# what reads no settings, is loaded before: it takes most of their time.
MANY = """
import json, os, runpy, sys, tempfile
import celery.app.base, django.core.management, django.core.serializers.json, django.urls
import redis.asyncio

answers = []
for changes in json.load(sys.stdin):
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if not child:
            os.dup2(said.fileno(), 2)
            os.environ.update(changes)
            sys.argv = ["manage.py", "check"]
            runpy.run_path("manage.py", run_name="__main__")
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        answers.append((status, said.read()))
json.dump(answers, sys.stdout)
"""
WRONG = [
    ("SECRET_KEY", ""),
    ("AMPECO_BASE_URL", ""),
    ("AMPECO_BASE_URL", "operator.test"),
    ("AMPECO_API_TOKEN", ""),
    ("DATABASE_URL", "mysql://x"),
    ("CELERY_BROKER_URL", "amqp://x"),
    ("DEFAULT_TIMEZONE", "Mars/Olympus"),
    ("POLL_INTERVAL_SECONDS", "soon"),
    ("BOOKING_MAX_HOURS", "48"),
    ("DEBUG", "perhaps"),
    ("PORTAL_COLOR", "blue"),
    ("PORTAL_COLOR", "#12345"),
    ("PORTAL_LOGO_URL", "http://operator.test/logo.png"),
    ("PORTAL_LOGO_URL", "https://operator.test; script-src *"),
    ("PORTAL_LOGO_URL", "img/no-such.png"),
    ("PORTAL_LOGO_URL", "../README.md"),
    ("MAP_TILES_URL", "tiles.example/{z}/{x}/{y}.png"),
    ("MAP_TILES_URL", "https://tiles.example/{z}/{x}.png"),
    ("MAP_TILES_URL", "https://{s}.tiles.example/{z}/{x}/{y}.png"),
    ("MAP_TILES_URL", "https://tiles.example; script-src */{z}/{x}/{y}.png"),
    ("GEOCODER_URL", "nominatim.example"),
    ("AMPCONTROL_BASE_URL", "api.ampcontrol.io"),
    ("AMPCONTROL_CALLS_PER_MINUTE", "-1"),
    ("AMPCONTROL_WRITES", "departures, everything"),
    ("AMPCONTROL_WEBHOOK_SECRETS", "network"),
]


def test_wrong_setting_is_one_sentence_naming_the_variable(subtests):
    done = start(["-c", MANY], said=json.dumps([{name: value} for name, value in WRONG]))
    assert done.returncode == 0, done.stderr
    for (name, value), (status, told) in zip(WRONG, json.loads(done.stdout), strict=True):
        with subtests.test(f"{name}={value}"):
            assert status == 2
            assert told.count("\n") == 1
            assert told.startswith("Chargebook cannot start: ")
            assert name in told


def test_what_may_be_written_to_ampcontrol_is_named_by_known_words():
    answer = start(["manage.py", "check"], AMPCONTROL_WRITES="departures, everything")
    assert answer.stderr == (
        "Chargebook cannot start: AMPCONTROL_WRITES may name departures, vehicles, routes, "
        "states-of-charge, priorities, alerts with commas in between, not “everything”.\n"
    )


def test_ampcontrol_needs_a_token_where_it_has_an_address():
    answer = start(["manage.py", "check"], AMPCONTROL_BASE_URL="https://api.ampcontrol.io")
    assert answer.returncode == 2
    assert "AMPCONTROL_API_TOKEN is not set" in answer.stderr


def test_worker_and_web_server_say_it_the_same_way():
    for entry in (["-m", "celery", "-A", "config", "report"], ["-c", "import config.wsgi"]):
        answer = start(entry, POLL_INTERVAL_SECONDS="soon")
        assert answer.returncode == 2, answer.stderr
        assert "Traceback" not in answer.stderr
        assert "POLL_INTERVAL_SECONDS" in answer.stderr


def test_complete_settings_start():
    answer = start(["manage.py", "check"])
    assert answer.returncode == 0, answer.stderr


def test_complete_settings_with_ampcontrol_start():
    answer = start(
        ["manage.py", "check"],
        AMPCONTROL_BASE_URL="https://api.ampcontrol.io",
        AMPCONTROL_API_TOKEN="token",
        AMPCONTROL_WRITES="departures,alerts",
        AMPCONTROL_WEBHOOK_SECRETS="n-1=secret",
    )
    assert answer.returncode == 0, answer.stderr


NOTHING_SET = dict.fromkeys(REQUIRED, "") | {"DATABASE_URL": "sqlite:///:memory:"}


def test_a_migration_is_made_without_being_told_a_secret():
    answer = start(["manage.py", "makemigrations", "--check", "--dry-run"], **NOTHING_SET)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""


@pytest.mark.parametrize("command", ["runserver", "migrate", "createsuperuser"])
def test_nothing_else_starts_without_its_secrets(command):
    answer = start(["manage.py", command], **NOTHING_SET)
    assert answer.returncode == 2
    assert "is not set" in answer.stderr


def test_a_server_has_no_stand_in_for_a_secret_whatever_it_is_called_with():
    for entry in (["-m", "celery", "-A", "config", "report"], ["-c", "import config.wsgi"]):
        answer = start([*entry, "makemigrations"], **NOTHING_SET)
        assert answer.returncode == 2, answer.stdout
        assert "is not set" in answer.stderr
