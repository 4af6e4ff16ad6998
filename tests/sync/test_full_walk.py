"""The walk through all that the operator holds."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from ampeco.connection import is_refused
from bookings.models import Booking
from bookings.tasks import sync_bookings as task
from drivers.models import FleetDriver
from mirror.models import SyncRun
from sandbox.world import cast
from tests.factories import next_noon

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def many(follow, operator) -> list[Booking]:
    """Two and a half pages of bookings ahead, none of which is due."""
    return [
        follow(next_noon() + number * HOUR, refresh_at=now() + timedelta(minutes=10))
        for number in range(250)
    ]


def test_no_call_where_nobody_could_book_and_nothing_lives(operator, workers, wire, fleet):
    assert workers.sync() is None
    assert wire.sent == []


def test_a_fleet_with_drivers_is_enough(mirrored, workers, wire):
    calls = len(wire.sent)
    assert workers.sync().state == SyncRun.State.FINISHED
    assert len(wire.sent) == calls + 1


def test_costs_a_call_a_page_and_puts_off_what_it_sees(many, workers, wire, settings):
    run = workers.sync()
    assert wire.count("bookings/v1.0") == run.calls == 3
    assert run.counts == {"bookings": {"seen": 250, "changed": 0, "found": 0}}
    soonest = Booking.objects.earliest("refresh_at").refresh_at
    assert soonest > now() + 2 * timedelta(minutes=settings.BOOKING_SYNC_MINUTES)


@pytest.mark.usefixtures("still")
def test_reads_what_ended_since_the_last_walk_and_a_day_back_at_most(
    mirrored, workers, wire, operator
):
    def asked_from() -> str:
        return wire.sent[-1].url.params["filter[endAfter]"]

    begun = now()
    workers.sync()
    assert asked_from() == (begun - 24 * HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
    workers.sync()
    assert (begun - HOUR).strftime("%Y-%m-%dT%H:%M") <= asked_from()
    with time_machine.travel(now() + 72 * HOUR, tick=False):
        workers.sync()
        assert (now() - 24 * HOUR).strftime("%Y-%m-%dT%H:%M") == asked_from()[:16]


def test_a_walk_that_breaks_off_is_taken_up_where_it_was(many, workers, operator, wire):
    operator.set_booking_status(operator.bookings[1], "cancelled")
    operator.set_booking_status(operator.bookings[250], "cancelled")
    pages = []

    def fail_at_the_third(request):
        pages.append(request)
        if len(pages) == 3:
            operator.faults.add("server-error")

    wire.intercept = fail_at_the_third
    run = workers.sync()
    assert (run.state, run.counts["bookings"]["changed"]) == (SyncRun.State.BROKEN_OFF, 1)
    assert run.problem
    wire.intercept = None
    operator.faults.clear()
    calls = wire.count("bookings/v1.0")
    again = workers.sync()
    assert (again.pk, again.state) == (run.pk, SyncRun.State.FINISHED)
    assert wire.count("bookings/v1.0") == calls + 1
    assert again.counts["bookings"] == {"seen": 250, "changed": 2, "found": 0}


def test_a_page_that_is_gone_by_then_begins_anew(many, workers, operator, wire):
    run = workers.sync()
    SyncRun.objects.filter(pk=run.pk).update(
        state=SyncRun.State.BROKEN_OFF,
        resume_from="http://operator.test/public-api/resources/bookings/v1.0?cursor=lost",
    )
    assert workers.sync().state == SyncRun.State.BROKEN_OFF
    run = workers.sync()
    assert (run.state, run.resume_from) == (SyncRun.State.FINISHED, "")


def test_a_refused_token_is_said(many, workers, operator):
    operator.faults.add("unauthorized")
    assert workers.sync().state == SyncRun.State.BROKEN_OFF
    assert is_refused()


def test_only_one_walks_at_a_time(many, workers, wire):
    meanwhile = []

    def walk_meanwhile(request):
        wire.intercept = None
        calls = len(wire.sent)
        task()
        meanwhile.append(len(wire.sent) - calls)

    wire.intercept = walk_meanwhile
    workers.sync()
    assert meanwhile == [0]


def test_what_was_due_until_another_walk_ended_is_not_walked_again(
    mirrored, workers, wire, monkeypatch
):
    """Two beats ask at once whether it is due; one of them comes when the other has finished."""
    workers.sync()
    calls = len(wire.sent)
    monkeypatch.setattr("bookings.tasks.is_due_again", lambda *args, **named: True)
    task()
    assert len(wire.sent) == calls
    assert SyncRun.objects.filter(kind="bookings").count() == 1


def test_what_vanishes_from_the_list_is_asked_for_alone(many, workers, operator):
    operator.forget_booking(operator.bookings[7])
    workers.sync()
    lost = Booking.objects.get(ampeco_booking_id=7)
    assert lost.refresh_at < now() + timedelta(minutes=10)
    with time_machine.travel(lost.refresh_at + timedelta(seconds=1)):
        workers.refresh()
    lost.refresh_from_db()
    assert lost.status == "unknown"


def test_old_runs_are_forgotten(mirrored, workers):
    workers.sync()
    SyncRun.objects.filter(kind="bookings").update(started_at=now() - timedelta(days=8))
    workers.sync()
    assert SyncRun.objects.filter(kind="bookings").count() == 1


def test_bookings_of_drivers_who_left_stay_followed(follow, workers, operator):
    booking = follow(next_noon())
    FleetDriver.objects.update(left_at=now())
    operator.set_booking_status(operator.bookings[booking.ampeco_booking_id], "cancelled")
    assert workers.sync().counts["bookings"]["changed"] == 1
    assert booking.driver.ampeco_user_id == cast.ANA.id
