"""What a notification sets off: a reading of what it names, sooner than its time, and seldom."""

import functools
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils.timezone import now

from ampeco.connection import ALLOWANCE_KEY
from bookings.models import Booking, ChargingSession
from charging.mirroring.run import sync_sessions
from charging.models import Session
from config.celery import app
from config.settings import read_cache
from mirror.models import SyncRun
from sites.models import ParkingSpace
from sync import schedule
from tests.hooks.conftest import AMPECO, signed, take_messages, telling
from tests.small_operator import *  # noqa: F403
from tests.small_operator import let_a_minute_pass, operator_world  # noqa: F401
from upstream.call_quota import CacheCallQuota

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("messages", "still")]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
READS = "bookings/v1.0/"


@functools.cache
def tasks():
    """Return all tasks by their names. To import them lets Celery check all models each time."""
    app.loader.import_default_modules()
    return app.tasks


def work() -> list[str]:
    """Do what waits for workers, and what that makes wait; return the names of the tasks."""
    done = []
    while messages := take_messages():
        for name, *arguments in messages:
            tasks()[name](*arguments)
            done.append(name)
    return done


def tell(kind: str, **fields) -> None:
    assert signed(AMPECO, telling(kind, **fields)).status_code == 202


def tell_of_a_start(evse_id: int = 301, session_id: int = 1) -> None:
    tell("session.start.stop.notification", action="start", evseId=evse_id, sessionId=session_id)


@pytest.fixture
def running(follow, operator) -> Booking:
    """A booking that began some minutes ago, whose next reading is most of a minute away.

    Its driver does not plug in unless told to.
    """
    operator.no_show_share = 1.0
    return follow(now() - 4 * MINUTE, refresh_at=now() + 50 * timedelta(seconds=1))


def plug_in(operator, booking):
    theirs = operator.bookings[booking.ampeco_booking_id]
    return operator.start_session(theirs)


def test_a_booking_is_read_before_its_time_when_its_driver_plugs_in(running, operator, workers):
    plug_in(operator, running)
    assert workers.refresh() == 0

    tell_of_a_start()
    work()

    running.refresh_from_db()
    assert running.status == Booking.Status.COMPLETED
    assert running.charging_session.ampeco_session_id == "1"


def test_without_a_word_it_waits(running, operator, workers):
    plug_in(operator, running)
    workers.refresh()
    assert work() == []
    running.refresh_from_db()
    assert running.status == Booking.Status.ACCEPTED


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session.start.stop.notification", {"action": "stop", "evseId": 301, "sessionId": 9}),
        ("SessionStartStopNotification", {"action": "start", "evseId": "301", "sessionId": 9}),
        ("HardwareStatusNotification", {"chargePointId": 201, "evseId": 301}),
        ("HardwareStatusNotification", {"chargePointId": 201, "hardwareStatus": "faulted"}),
        ("NetworkStatusNotification", {"chargePointId": 201, "networkStatus": "available"}),
        ("parkingSpace.occupancyStatus.changed", {"parkingSpaceId": 401}),
    ],
)
def test_what_names_its_place_lets_a_booking_be_read(kind, fields, running, wire, evse):
    space = ParkingSpace.objects.create(
        ampeco_id=401, location=evse.charge_point.location, synced_at=now(), status="enabled"
    )
    space.evses.add(evse)
    before = wire.count(READS)
    tell(kind, **fields)
    work()
    assert wire.count(READS) - before == 1


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("session.start.stop.notification", {"evseId": 302, "sessionId": 9}),
        ("HardwareStatusNotification", {"chargePointId": 201, "evseId": 302}),
        ("NetworkStatusNotification", {"chargePointId": 999}),
        ("parkingSpace.occupancyStatus.changed", {"parkingSpaceId": 999}),
        ("session.start.stop.notification", {"evseId": 10**17, "sessionId": 10**17}),
    ],
)
def test_what_is_about_another_place_does_not(kind, fields, running, wire):
    before = wire.count(READS)
    tell(kind, **fields)
    work()
    assert wire.count(READS) == before


@pytest.mark.parametrize(
    "start", [timedelta(hours=2), -timedelta(hours=3)], ids=["later", "long over"]
)
def test_bookings_of_another_time_are_left_alone(start, follow, wire):
    booking = follow(now() + start, refresh_at=now() + HOUR)
    before = wire.count(READS)
    tell_of_a_start()
    work()
    booking.refresh_from_db()
    assert (wire.count(READS) - before, booking.refresh_at) == (0, now() + HOUR)


def test_what_is_never_read_again_stays_so(follow, wire):
    booking = follow(now() - 4 * MINUTE, status="cancelled", refresh_at=None)
    tell_of_a_start()
    work()
    booking.refresh_from_db()
    assert booking.refresh_at is None


def test_a_session_that_stops_is_read_before_its_time(running, operator, workers):
    theirs = plug_in(operator, running)
    running.refresh_from_db()
    workers.refresh_all()
    workers.read_sessions()
    session = ChargingSession.objects.get()
    assert session.refresh_at > now()
    theirs.stops_at = now()

    tell("session.start.stop.notification", action="stop", evseId=301, sessionId=theirs.id)
    work()

    session.refresh_from_db()
    assert session.status == "finished"


def test_a_session_that_nobody_booked_is_read_before_its_time(running, operator, ampeco_client):
    """At most once a minute, as the regular run would read it."""
    sync_sessions(client=ampeco_client)
    SyncRun.objects.filter(kind="sessions").update(
        started_at=now() - 3 * MINUTE, alive_at=now() - 3 * MINUTE
    )
    session = operator.add_session(
        user_id=running.driver.ampeco_user_id,
        evse_id=302,
        started_at=operator.clock.now() - MINUTE,
        stops_at=operator.clock.now() + HOUR,
        wants_kwh=20,
    )
    tell("session.start.stop.notification", action="start", evseId=302, sessionId=session.id)
    work()
    assert Session.objects.get().ampeco_id == str(session.id)
    tell("session.start.stop.notification", action="stop", evseId=302, sessionId=session.id)
    work()
    assert SyncRun.objects.filter(kind="sessions").count() == 2


class TestOften:
    @pytest.fixture(autouse=True)
    def _cache_that_stands_still(self, settings):
        """Redis forgets by its own clock, which goes on where a test takes its time."""
        settings.CACHE_URL = "locmem://"
        settings.CACHES = {"default": read_cache(settings.CACHE_URL)}
        cache.clear()

    def test_a_flood_costs_two_readings_in_ten_seconds(self, running, wire):
        """One at once, one for what was said after that."""
        before = wire.count(READS)
        with time_machine.travel(now().timestamp(), tick=False) as clock:
            for _ in range(10):
                for _ in range(50):
                    tell_of_a_start()
                work()
                clock.shift(1)
            clock.shift(schedule.WATCHED.total_seconds())
            tasks()["bookings.tasks.refresh_bookings"]()
        assert wire.count(READS) - before == 2

    def test_a_replay_costs_as_much_and_changes_nothing(self, running, operator, wire):
        plug_in(operator, running)
        tell_of_a_start()
        work()
        facts = {"charging_session": None, "refresh_at": None}
        before = [row | facts for row in Booking.objects.values()]
        sent = wire.count(READS)
        for _ in range(100):
            tell_of_a_start()
            work()
        assert [row | facts for row in Booking.objects.values()] == before
        assert wire.count(READS) == sent

    def test_what_is_said_while_a_message_waits_adds_none(self, running):
        for _ in range(100):
            tell_of_a_start()
        assert len(take_messages()) == 2  # of the EVSE, and of the session

    def test_what_is_said_once_it_is_taken_needs_another_look(self, running, operator, wire):
        """The first look came too soon: the operator said so before its API did."""
        tell_of_a_start()
        work()
        plug_in(operator, running)
        let_a_minute_pass()
        tell_of_a_start()
        work()
        with time_machine.travel(now() + schedule.WATCHED, tick=False):
            tasks()["bookings.tasks.refresh_bookings"]()
        running.refresh_from_db()
        assert running.status == Booking.Status.COMPLETED

    def test_during_an_outage_nothing_is_read_sooner(self, running, operator, wire):
        operator.faults.add("rate-limited", path="bookings", seconds=30)
        tell_of_a_start()
        work()
        running.refresh_from_db()
        calls, due = len(wire.sent), running.refresh_at
        with time_machine.travel(now() + 1.1 * schedule.WATCHED, tick=False):
            for _ in range(20):
                tell_of_a_start()
                work()
        running.refresh_from_db()
        assert (len(wire.sent), running.refresh_at) == (calls, due)


class TestSites:
    @pytest.fixture(autouse=True)
    def _an_hour_ago(self, evse):
        """The sites were last read a while ago, long enough before the change."""
        SyncRun.objects.update(
            started_at=now() - HOUR, alive_at=now() - HOUR, finished_at=now() - HOUR
        )

    def test_a_charger_that_breaks_is_known_before_the_regular_run(self, operator, evse):
        operator.set_evse_status(301, "out of order")
        tell("HardwareStatusNotification", chargePointId=201, evseId=301, hardwareStatus="faulted")
        work()
        evse.refresh_from_db()
        assert (evse.status, evse.hardware_status) == ("out of order", "faulted")

    def test_many_that_break_cost_one_run_a_minute(self, wire):
        before = len(wire.sent)
        with time_machine.travel(now().timestamp(), tick=False) as clock:
            for number in range(60):
                tell("NetworkStatusNotification", chargePointId=1000 + number)
                work()
                clock.shift(1)
        assert len(wire.sent) - before <= 3
        assert SyncRun.objects.filter(kind=SyncRun.Kind.SITES_DELTA).count() == 1

    def test_one_that_breaks_off_is_not_taken_up_at_every_word(self, operator, wire):
        operator.faults.add("server-error", path="locations")
        tell("NetworkStatusNotification", chargePointId=201)
        work()
        calls = len(wire.sent)
        for _ in range(20):
            tell("NetworkStatusNotification", chargePointId=201)
            work()
        assert len(wire.sent) == calls

    def test_before_the_first_reading_of_all_nothing_is_read(self, wire):
        SyncRun.objects.all().delete()
        calls = len(wire.sent)
        tell("NetworkStatusNotification", chargePointId=201)
        work()
        assert len(wire.sent) == calls

    def test_looks_are_given_up_before_bookings_are(self, settings, wire):
        """What is worth a look only gets what is left of the calls a minute."""
        settings.AMPECO_CALLS_PER_MINUTE = 1
        CacheCallQuota(cache, ALLOWANCE_KEY, per_minute=1).take()
        calls = len(wire.sent)
        tell("NetworkStatusNotification", chargePointId=201)
        work()
        assert len(wire.sent) == calls
