"""What Prometheus is told, and whom else."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampeco.connection import CIRCUIT_KEY, GATE_KEY, note_refused
from config import gauges
from energy.models import Reading
from mirror.models import SyncRun
from notifications.models import Notification
from telemetry.measures import MAILS, MEASURES, STORE
from telemetry.models import Sweep
from tests.factories import BookingRequestFactory, DriverFactory, FleetFactory
from tools.services.ports import free_port
from upstream.circuit_breaker import FAILURES_TO_OPEN, CacheCircuitBreaker
from upstream.rate_gate import CacheGate

TOKEN = "sesame-for-prometheus"


@pytest.fixture(autouse=True)
def _counted_from_zero():
    STORE.forget()
    yield
    STORE.forget()


@pytest.fixture
def metrics(client, settings):
    """A function that reads /metrics: values by name and labels."""
    settings.METRICS_TOKEN = TOKEN

    def metrics() -> dict[tuple[str, ...], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return metrics


# Who may read it


def test_without_a_token_there_is_no_such_page(client, settings, db):
    settings.METRICS_TOKEN = ""
    for header in ("", "Bearer ", "Bearer x"):
        assert client.get("/metrics", headers={"Authorization": header}).status_code == 404


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN} x"],
)
def test_who_does_not_know_the_token_is_told_nothing(client, settings, header):
    # No `db` fixture: nothing is read for them either.
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": header})
    assert answer.status_code == 401
    assert b"chargebook" not in answer.content


def test_it_is_never_cached_and_read_only(client, settings, metrics, db):
    header = {"Authorization": f"Bearer {TOKEN}"}
    assert "no-store" in client.get("/metrics", headers=header)["Cache-Control"]
    assert client.post("/metrics", headers=header).status_code == 405


# What it tells


def old_request(*, hours: float, **traits):
    asked_at = timezone.now() - timedelta(hours=hours)
    return BookingRequestFactory(created_at=asked_at, **traits)


def test_open_requests_by_kind_and_state_with_the_oldest_of_each(db, metrics):
    old_request(hours=1, trouble="unreachable")
    old_request(hours=2, pending=True)
    old_request(hours=3, pending=True)
    old_request(hours=9, approved=True)

    told = metrics()

    opened = {key[1:]: n for key, n in told.items() if key[0] == "chargebook_booking_requests_open"}
    assert opened == {("create", "queued", "unreachable"): 1, ("create", "pending", ""): 2}
    ages = {
        key[1]: age
        for key, age in told.items()
        if key[0] == "chargebook_booking_request_oldest_seconds"
    }
    assert ages == {
        "queued": pytest.approx(3600, abs=300),
        "pending": pytest.approx(3 * 3600, abs=300),
        "stale": 0,
    }


def test_mails_that_wait_and_the_oldest_of_them(db, metrics):
    request = BookingRequestFactory(approved=True)
    for number, (state, kind, minutes) in enumerate(
        [("queued", "approved", 5), ("queued", "moved", 9), ("sent", "approved", 99)]
    ):
        Notification.objects.create(
            booking=request.booking,
            request=request,
            kind=kind,
            state=state,
            audience="driver",
            recipient_email=f"d{number}@fleet.example",
            created_at=timezone.now() - timedelta(minutes=minutes),
        )

    told = metrics()

    assert told["chargebook_mails_waiting", "approved"] == 1
    assert told["chargebook_mails_waiting", "moved"] == 1
    assert told["chargebook_mail_oldest_unsent_seconds",] == pytest.approx(540, abs=200)


@pytest.mark.usefixtures("fleet")
def test_ages_of_sweeps_and_copies(metrics):
    ago = timezone.now() - timedelta(seconds=90)
    Sweep.objects.create(name="poll-requests", succeeded_at=ago, took_seconds=0.25)
    SyncRun.objects.create(
        kind="drivers", state="finished", started_at=ago, alive_at=ago, finished_at=ago
    )

    told = metrics()

    last = "chargebook_sweep_last_success_seconds"
    assert told[last, "poll-requests"] == pytest.approx(90, abs=60)
    assert told[last, "sweep-queued"] == float("inf")
    assert told["chargebook_sweep_limit_seconds", "poll-requests"] == 60
    assert told["chargebook_sweep_took_seconds", "poll-requests"] == 0.25
    sync = "chargebook_sync_last_success_seconds"
    assert told[sync, "drivers"] == pytest.approx(90, abs=60)
    assert told[sync, "sites-full"] == float("inf")


def test_copies_that_nobody_waits_for_have_no_age(db, metrics, settings):
    """Alarms would fire for ever: without a fleet, or where Ampcontrol was switched off."""
    settings.AMPCONTROL_BASE_URL, settings.AMPCONTROL_API_TOKEN = "http://ampcontrol.test", "t"
    ago = timezone.now() - timedelta(days=1)
    for kind in ("energy", "sites-full"):
        SyncRun.objects.create(
            kind=kind, state="finished", started_at=ago, alive_at=ago, finished_at=ago
        )

    def aged() -> set[str]:
        name = "chargebook_sync_last_success_seconds"
        return {kind for metric, *kinds in metrics() for kind in kinds if metric == name}

    everything = set(SyncRun.Kind.values)
    assert aged() == everything - {"drivers", "bookings"}
    fleet = FleetFactory()
    assert aged() == everything - {"bookings"}
    DriverFactory(fleet=fleet)
    assert aged() == everything

    settings.AMPCONTROL_BASE_URL = ""
    assert aged() == everything - {"energy"}


def test_how_the_operator_treats_us(db, metrics):
    before = metrics()
    assert before["chargebook_operator_refuses_token",] == 0
    assert before["chargebook_operator_left_alone",] == 0
    note_refused()
    for _ in range(FAILURES_TO_OPEN):
        CacheCircuitBreaker(cache, CIRCUIT_KEY).note_failure()
    CacheGate(cache, GATE_KEY).close_for(120)

    told = metrics()

    assert told["chargebook_operator_refuses_token",] == 1
    assert told["chargebook_operator_left_alone",] == 1
    assert told["chargebook_operator_pause_left_seconds",] == pytest.approx(120, abs=60)


def test_how_ampcontrol_treats_us_is_told_apart(db, metrics):
    AMPCONTROL.note_refused()
    for _ in range(FAILURES_TO_OPEN):
        AMPCONTROL.circuit().note_failure()
    CacheGate(cache, AMPCONTROL.keys.gate).close_for(120)

    told = metrics()

    assert told["chargebook_ampcontrol_refuses_token",] == 1
    assert told["chargebook_ampcontrol_left_alone",] == 1
    assert told["chargebook_ampcontrol_pause_left_seconds",] == pytest.approx(120, abs=60)
    assert told["chargebook_operator_refuses_token",] == 0
    assert told["chargebook_operator_left_alone",] == 0
    assert told["chargebook_operator_pause_left_seconds",] == 0


def test_what_was_counted(db, metrics):
    MAILS.add(kind="approved", outcome="sent")
    assert metrics()["chargebook_mails_total", "approved", "sent"] == 1


def test_names_follow_the_conventions_of_prometheus(db, metrics):
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    for name in {key[0] for key in metrics()} | set(names):
        assert name.startswith("chargebook_")
        assert name == name.lower()


def test_services_that_are_away_are_told_and_hide_nothing_else(db, metrics, settings):
    nobody = f"redis://127.0.0.1:{free_port()}/0"
    old_request(hours=1)
    settings.CELERY_BROKER_URL = nobody
    told = metrics()
    assert told["chargebook_service_up", "broker"] == 0
    assert told["chargebook_service_up", "cache"] == 1
    assert told["chargebook_service_up", "database"] == 1
    assert told["chargebook_booking_requests_open", "create", "queued", ""] == 1
    assert ("chargebook_queue_length",) not in told


def test_without_a_database_the_counters_are_still_told(transactional_db, metrics):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("connection to server at 10.0.0.7 failed")

    MAILS.add(kind="approved", outcome="sent")
    with connection.execute_wrapper(refuse):
        told = metrics()
    assert told["chargebook_service_up", "database"] == 0
    assert told["chargebook_mails_total", "approved", "sent"] == 1
    assert ("chargebook_mail_oldest_unsent_seconds",) not in told


def test_many_rows_cost_no_more_statements(db, django_assert_num_queries):
    with django_assert_num_queries(5 + len(SyncRun.Kind.values) + 3) as few:
        list(gauges.families())
    for hours in range(5):
        old_request(hours=hours)
    with django_assert_num_queries(len(few)):
        list(gauges.families())


def test_what_of_ampcontrol_could_not_be_read(db, metrics, settings):
    Reading.objects.create(kind="vehicles", due_at=timezone.now(), problem="No answer.")
    name = "chargebook_ampcontrol_reads_failing"
    assert (name, "vehicles") not in metrics()

    settings.AMPCONTROL_BASE_URL, settings.AMPCONTROL_API_TOKEN = "http://ampcontrol.test", "t"
    assert metrics()[name, "vehicles"] == 1
