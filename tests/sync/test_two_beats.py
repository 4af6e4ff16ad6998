"""Two beats at once: each task is started twice at the same moment, and nothing is done twice."""

import threading
from collections import Counter
from datetime import time, timedelta

import pytest
from django.conf import settings
from django.core import mail
from django.db import connection
from django.utils.timezone import now

import bookings.tasks
import notifications.tasks
from bookings.models import Booking, BookingEvent, BookingRequest, ChargingSession
from config.celery import app
from drivers.models import Fleet
from mirror.models import SyncRun
from notifications.models import Notification
from sandbox.world.records import Session
from series.asking import make_dates
from series.models import Series
from sites.models import Evse
from tests.factories import BudgetFactory, SessionFactory, next_noon
from tests.small_operator import slot_of

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

ASKED = 8
MIRRORS = {
    "sync-sites": ["sites-delta"],
    "sync-drivers": ["drivers"],
    "sync-bookings": ["bookings"],
    "sync-tariffs": ["tariffs"],
    "sync-charging": ["sessions"],
    "sync-downtime": ["maintenance"],
}


@pytest.fixture
def tick(monkeypatch):
    """Return a function that does what two beats and two workers make of an entry's tick."""
    # However long it takes here: in between, workers leave what remains to the next tick.
    monkeypatch.setattr(bookings.tasks, "ROUND_SECONDS", 60)
    monkeypatch.setattr(notifications.tasks, "ROUND_SECONDS", 60)

    def tick(name: str) -> None:
        entry = settings.CELERY_BEAT_SCHEDULE[name]
        task = app.tasks[entry["task"]]
        together = threading.Barrier(2)
        troubles = []

        def work() -> None:
            try:
                together.wait(timeout=10)
                task(**entry["kwargs"])
            except Exception as error:
                troubles.append(error)
            finally:
                connection.close()

        app.loader.import_default_modules()
        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert troubles == []

    app.loader.import_default_modules()
    return tick


@pytest.fixture
def asked(ask, evse):
    """Some requests that wait to be sent, one hour after the other."""
    start = next_noon()
    return [ask(slot_of(evse, start + timedelta(hours=number))).request for number in range(ASKED)]


def test_every_sweep_may_run_twice_at_once(asked, operator, tick):
    tick("sweep-queued")
    assert Counter(one.external_id for one in operator.requests.values()) == Counter(
        str(request.external_id) for request in asked
    )

    for one in list(operator.requests.values()):
        operator.decide(one)
    BookingRequest.objects.update(next_attempt_at=now())
    tick("poll-requests")
    assert set(BookingRequest.objects.values_list("status", flat=True)) == {"approved"}

    bookings = Booking.objects.order_by("pk")
    bookings.update(reminder_at=now())
    Fleet.objects.update(reminder_minutes=3 * 24 * 60)
    tick("plan-reminders")
    assert Notification.objects.filter(kind="reminder").count() == ASKED

    tick("sweep-notifications")
    tick("sweep-notifications")
    sent = Counter((one.extra_headers["Message-ID"], *one.to) for one in mail.outbox)
    assert len(sent) == Notification.objects.filter(state="sent").count() >= 3 * ASKED
    assert set(sent.values()) == {1}

    theirs = list(operator.bookings.values())
    operator.set_booking_status(theirs[0], "completed")
    bookings.update(refresh_at=now(), changed_at=now() - timedelta(minutes=1))
    versions = dict(bookings.values_list("pk", "version"))
    tick("refresh-bookings")
    changed = dict(bookings.values_list("pk", "version"))
    assert sum(changed[pk] - versions[pk] for pk in versions) == 1

    session = Session(9001, theirs[0].id, theirs[0].user_id, 301, 201, now(), now(), 50)
    operator.sessions[session.id] = session
    ChargingSession.objects.update_or_create(
        booking=bookings[0], defaults={"ampeco_session_id": "9001", "refresh_at": now()}
    )
    tick("refresh-sessions")
    assert ChargingSession.objects.get().read_at is not None

    Evse.objects.update(retired_at=now())
    bookings.filter(status="accepted").update(refresh_at=now())
    tick("notice-losses")
    assert BookingEvent.objects.filter(what="place-gone").count() == ASKED - 1


def test_the_dates_of_a_series_are_asked_for_once(fleet, manager, driver, evse, tick):
    tomorrow = (now() + timedelta(days=1)).date()
    series = Series.objects.create(
        fleet=fleet,
        weekdays=list(range(7)),
        start_time=time(20),
        end_time=time(4),
        first_day=tomorrow,
        last_day=tomorrow + timedelta(days=ASKED - 1),
        driver=driver,
        location=evse.charge_point.location,
        evse=evse,
        created_by=manager,
        look_at=now(),
    )
    make_dates(series, series.rhythm.days(), {})
    tick("ask-for-series")
    assert series.dates.filter(state="asked").count() == ASKED
    assert BookingRequest.objects.count() == ASKED

    # As if the first had died before it gave the series back.
    Series.objects.update(look_at=now(), lease_until=None)
    tick("ask-for-series")
    assert BookingRequest.objects.count() == ASKED


def test_of_a_budget_a_fleet_is_told_once(fleet, fleet_admin, tick):
    BudgetFactory(fleet=fleet)
    SessionFactory(fleet=fleet, started_at=now(), stopped_at=None, amount=900)
    tick("watch-budgets")
    assert [mail.recipient_email for mail in Notification.objects.all()] == [fleet_admin.email]


@pytest.mark.parametrize("name", MIRRORS)
def test_every_mirror_runs_once_when_two_start_it(asked, operator, wire, tick, name):
    SyncRun.objects.update(
        started_at=now() - timedelta(hours=2), alive_at=now() - timedelta(hours=2)
    )
    before = set(SyncRun.objects.values_list("pk", flat=True))

    tick(name)
    calls = len(wire.sent)
    tick(name)

    runs = SyncRun.objects.exclude(pk__in=before)
    assert [(run.kind, run.state) for run in runs] == [(MIRRORS[name][0], "finished")]
    assert len(wire.sent) == calls


def test_all_of_the_schedule_is_tried_here():
    """A new entry needs a line above, or one that says why it may run twice."""
    tried = {
        *("sweep-queued", "poll-requests", "plan-reminders", "sweep-notifications"),
        *("refresh-bookings", "refresh-sessions", "notice-losses", "ask-for-series"),
        "watch-budgets",
        *MIRRORS,
        # In tests/tariffs/test_answers.py.
        "ask-for-tariffs",
        # In tests/remote/test_actions.py.
        "sweep-remote-actions",
        # In tests/waiting/test_at_once.py.
        "look-for-freed",
        # In tests/maintenance/downtime/test_sending.py.
        "send-downtime-changes",
        # In tests/energy/mirroring/test_run.py.
        "sync-energy",
        # In tests/energy/own_lines/test_reading.py.
        "read-own-lines",
        # In tests/maintenance/test_at_once.py.
        "read-health",
        # In tests/energy/departures: test_weekly.py, test_passing.py, test_telling.py.
        *("make-departures", "pass-on-departures", "tell-ampcontrol"),
        # In tests/reports: test_at_once.py, test_mail.py.
        *("sum-months", "plan-reports"),
    }
    # They delete what is over: the second finds nothing left.
    deleting = {"forget-sessions", "forget-invitations", "forget-old-logs", "clear-old-data"}

    assert set(settings.CELERY_BEAT_SCHEDULE) - deleting == tried
