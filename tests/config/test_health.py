"""What load balancers are told."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampeco.connection import PLATFORM as OPERATOR
from config import services
from drivers.models import Fleet, FleetDriver
from mirror.models import SyncRun
from telemetry import sweeps
from telemetry.models import Sweep
from tests.factories import DriverFactory
from tools.services.ports import free_port
from upstream.circuit_breaker import FAILURES_TO_OPEN

Kind = SyncRun.Kind


def wrong(answer) -> list[str]:
    return json.loads(answer.content)["wrong"]


def run(kind: str, *, ago: timedelta, state: str = SyncRun.State.FINISHED) -> SyncRun:
    at = timezone.now() - ago
    return SyncRun.objects.create(
        kind=kind, state=state, started_at=at, alive_at=at, finished_at=at
    )


@pytest.fixture
def no_server() -> str:
    """A Redis URL where nothing listens."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def all_well(db, fleet):
    """Everything was read and swept just now, for a fleet that has a driver."""
    DriverFactory(fleet=fleet)
    for kind in Kind.values:
        run(kind, ago=timedelta(seconds=20))
    for name in sweeps.periods():
        Sweep.objects.create(name=name, succeeded_at=timezone.now() - timedelta(seconds=7))


def test_live_needs_no_database_and_no_log_in(client):
    # No `db` fixture: pytest-django refuses any query.
    answer = client.get("/health/live")

    assert answer.status_code == 200
    assert answer.json() == {"status": "live"}


@pytest.mark.usefixtures("all_well")
def test_ready_when_everything_is_as_it_should_be(client):
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert (answer.json()["status"], wrong(answer)) == ("ready", [])


def test_answers_are_never_cached(client, db):
    for path in ("live", "ready"):
        assert "no-store" in client.get(f"/health/{path}").headers["Cache-Control"]


def test_health_is_read_only(client, db):
    assert client.post("/health/ready").status_code == 405


@pytest.mark.usefixtures("all_well")
def test_what_pages_can_do_without_takes_no_web_server_away(client, settings, no_server):
    settings.CACHE_URL = no_server
    settings.CELERY_BROKER_URL = no_server

    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert wrong(answer) == ["broker", "cache"]


def test_gives_no_addresses_away(client, db, settings, no_server):
    settings.CACHE_URL = no_server.replace("redis://", "redis://:pass-word@")

    answer = client.get("/health/ready")

    assert b"127.0.0.1" not in answer.content
    assert b"pass-word" not in answer.content


def test_without_a_database_it_is_not_ready(client, transactional_db):
    def refuse(execute, sql, params, many, context):
        from django.db import OperationalError

        raise OperationalError("connection to server at 10.0.0.7 failed")

    with connection.execute_wrapper(refuse):
        answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert (answer.json()["status"], wrong(answer)) == ("unready", ["database"])
    assert b"10.0.0.7" not in answer.content


@pytest.mark.usefixtures("all_well")
def test_each_copy_of_the_operators_records_has_its_age(client):
    run(Kind.SITES_FULL, ago=timedelta(hours=5))
    run(Kind.SITES_DELTA, ago=timedelta(seconds=1), state=SyncRun.State.BROKEN_OFF)
    SyncRun.objects.filter(kind=Kind.DRIVERS).update(
        finished_at=timezone.now() - timedelta(hours=2)
    )

    checks = client.get("/health/ready").json()["checks"]

    assert 20 <= checks["copy of sites"]["seconds"] < 320
    assert 7200 <= checks["copy of drivers"]["seconds"] < 7500
    assert checks["copy of drivers"]["ok"]


@pytest.mark.usefixtures("all_well")
def test_copies_that_are_too_old_or_missing_are_wrong(client):
    SyncRun.objects.exclude(kind=Kind.DRIVERS).delete()
    FleetDriver.objects.update(added_at=timezone.now() - timedelta(hours=2))
    run(Kind.SITES_DELTA, ago=timedelta(hours=1))

    answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert wrong(answer) == ["copy of bookings", "copy of sites"]
    assert answer.json()["checks"]["copy of bookings"]["seconds"] is None


@pytest.mark.usefixtures("all_well")
def test_drivers_and_bookings_are_not_waited_for_while_there_are_no_fleets(client, fleet):
    SyncRun.objects.filter(kind__in=[Kind.DRIVERS, "bookings"]).delete()
    assert wrong(client.get("/health/ready")) == []
    # They are new: their first turn comes.
    Fleet.objects.update(created_at=timezone.now() - timedelta(days=1))
    FleetDriver.objects.update(added_at=timezone.now() - timedelta(days=1))
    assert wrong(client.get("/health/ready")) == ["copy of bookings", "copy of drivers"]

    fleet.is_active = False
    fleet.save()

    assert wrong(client.get("/health/ready")) == []


@pytest.mark.usefixtures("all_well")
def test_a_sweep_that_is_late_or_never_ran_is_wrong(client):
    late = timezone.now() - timedelta(minutes=2)
    Sweep.objects.filter(name="poll-requests").update(succeeded_at=late)
    # Its period is ten minutes, so that two minutes are nothing.
    Sweep.objects.filter(name="sync-drivers").update(succeeded_at=late)
    Sweep.objects.filter(name="sweep-notifications").delete()

    answer = client.get("/health/ready")

    assert wrong(answer) == ["sweep poll-requests", "sweep sweep-notifications"]
    checks = answer.json()["checks"]
    assert 120 <= checks["sweep poll-requests"]["seconds"] < 420
    assert checks["sweep poll-requests"]["limit_seconds"] == 60
    assert checks["sweep sweep-notifications"]["seconds"] is None


@pytest.mark.parametrize("url", ["locmem://", "memory://"])
def test_what_lives_in_the_process_always_answers(url):
    assert services.answers(url)


def test_a_server_that_says_nothing_counts_as_gone(silent_server):
    assert not services.answers(f"redis://127.0.0.1:{silent_server}/0")


@pytest.mark.redis
def test_a_redis_that_runs_answers(settings):
    assert services.answers(settings.CACHE_URL)


def test_who_asks_is_not_looked_up(client, manager, django_assert_num_queries):
    client.force_login(manager)
    with django_assert_num_queries(0):
        answer = client.get("/health/live")
    assert answer.status_code == 200
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.usefixtures("all_well")
def test_ampcontrol_is_told_of_where_there_is_one(client, settings):
    assert "ampcontrol" not in client.get("/health/ready").json()["checks"]
    AMPCONTROL.note_refused()
    assert wrong(client.get("/health/ready")) == []
    settings.AMPCONTROL_BASE_URL = "https://api.ampcontrol.example"
    settings.AMPCONTROL_API_TOKEN = "token"
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert wrong(answer) == ["ampcontrol"]
    AMPCONTROL.note_accepted()
    assert wrong(client.get("/health/ready")) == []


@pytest.mark.usefixtures("all_well")
def test_a_platform_that_does_not_answer_is_wrong_for_as_long(client):
    for _ in range(FAILURES_TO_OPEN):
        OPERATOR.circuit().note_failure("answers 503")
    answer = client.get("/health/ready")
    assert wrong(answer) == ["operator"]
    assert answer.json()["checks"]["operator"]["seconds"] >= 0


@pytest.fixture
def with_ampcontrol(settings):
    settings.AMPCONTROL_BASE_URL = "http://ampcontrol.test"
    settings.AMPCONTROL_API_TOKEN = "a-token"


@pytest.mark.usefixtures("all_well", "with_ampcontrol")
def test_what_ampcontrol_tells_may_not_grow_old_where_there_is_one(client, settings):
    assert wrong(client.get("/health/ready")) == []
    ago = timezone.now() - timedelta(minutes=16)
    SyncRun.objects.filter(kind=Kind.ENERGY).update(started_at=ago, alive_at=ago, finished_at=ago)
    assert wrong(client.get("/health/ready")) == ["copy of energy"]

    settings.AMPCONTROL_BASE_URL = ""
    assert wrong(client.get("/health/ready")) == []


@pytest.mark.usefixtures("all_well", "with_ampcontrol")
def test_an_ampcontrol_that_was_never_read_to_the_end_is_wrong(client):
    ago = timezone.now() - timedelta(minutes=16)
    SyncRun.objects.filter(kind=Kind.ENERGY).update(
        started_at=ago, alive_at=ago, finished_at=None, state=SyncRun.State.BROKEN_OFF
    )

    assert wrong(client.get("/health/ready")) == ["copy of energy"]
