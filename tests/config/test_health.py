"""What load balancers are told."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from config import health
from mirror.models import SyncRun
from scripts.ports import free_port


def wrong(answer) -> list[str]:
    return json.loads(answer.content)["wrong"]


@pytest.fixture
def no_server() -> str:
    """A Redis URL where nothing listens."""
    return f"redis://127.0.0.1:{free_port()}/0"


def test_live_needs_no_database_and_no_log_in(client):
    # No `db` fixture: pytest-django refuses any query.
    answer = client.get("/health/live")

    assert answer.status_code == 200
    assert answer.json() == {"status": "live"}


def test_ready_when_everything_answers(client, db):
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert wrong(answer) == []


def test_answers_are_never_cached(client, db):
    for path in ("live", "ready"):
        assert "no-store" in client.get(f"/health/{path}").headers["Cache-Control"]


def test_health_is_read_only(client, db):
    assert client.post("/health/ready").status_code == 405


def test_names_each_service_that_does_not_answer(client, db, settings, no_server):
    settings.CACHE_URL = no_server
    settings.CELERY_BROKER_URL = no_server

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unready"
    assert wrong(answer) == ["cache", "broker"]


def test_gives_no_addresses_away(client, db, settings, no_server):
    settings.CACHE_URL = no_server.replace("redis://", "redis://:pass-word@")

    answer = client.get("/health/ready")

    assert b"127.0.0.1" not in answer.content
    assert b"pass-word" not in answer.content


def test_says_when_the_database_fails(client, transactional_db):
    def refuse(execute, sql, params, many, context):
        from django.db import OperationalError

        raise OperationalError("connection to server at 10.0.0.7 failed")

    with connection.execute_wrapper(refuse):
        answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert wrong(answer) == ["database"]
    assert b"10.0.0.7" not in answer.content


def test_tells_the_age_of_the_last_finished_reads(client, db):
    now = timezone.now()
    for hours, state in ((5, SyncRun.State.FINISHED), (2, SyncRun.State.FINISHED)):
        SyncRun.objects.create(
            kind=SyncRun.Kind.SITES_FULL,
            state=state,
            started_at=now - timedelta(hours=hours),
            alive_at=now,
            finished_at=now - timedelta(hours=hours),
        )

    ages = client.get("/health/ready").json()["seconds_since_sync"]

    assert 7200 <= ages["sites-full"] < 7200 + 300
    assert ages["drivers"] is None


@pytest.mark.parametrize("url", ["locmem://", "memory://"])
def test_what_lives_in_the_process_always_answers(url):
    assert health.answers(url)


def test_a_server_that_says_nothing_counts_as_gone(silent_server):
    assert not health.answers(f"redis://127.0.0.1:{silent_server}/0")


@pytest.mark.redis
def test_a_redis_that_runs_answers(settings):
    assert health.answers(settings.CACHE_URL)
