"""The bookings that the demo begins with: at every hour of any day, and the same on both sides."""

from collections import Counter
from datetime import datetime, timedelta
from operator import attrgetter

import httpx
import pytest
import time_machine
from django.core.management import call_command

from accounts.models import User
from ampeco.connection import get_client
from boards.today.reading import read_today
from bookings.models import Booking, BookingEvent, BookingRequest
from drivers.models import Fleet
from remote.models import RemoteAction
from remote.rules import kinds_for
from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.energy.cast import BY_DRIVER
from sandbox.management.commands import seed_demo
from sandbox.management.first_bookings import FLEETS, REASON, SEEDS, make_first_bookings
from sandbox.world.build import build_world
from sandbox.world.cast import HUDSON, RHONE
from sync import full_walk, polling

Status = Booking.Status
Kind = RemoteAction.Kind
MINUTE = timedelta(minutes=1)
# When clocks change, around midnight there and here, and where a month and a year end.
MOMENTS = (
    "2026-03-29T00:50Z",
    "2026-10-25T01:10Z",
    "2026-11-01T05:59Z",
    "2026-12-31T23:58Z",
    "2028-02-29T12:07:30Z",
)


@pytest.fixture
def moment(request):
    at = datetime.fromisoformat(getattr(request, "param", MOMENTS[0]))
    with time_machine.travel(at, tick=False):
        yield at


@pytest.fixture
def operator_world(moment):
    return build_world(now=moment)


@pytest.fixture
def fill(operator, moment, db):
    """Fill both fleets of a portal that has read the operator's sites and drivers."""
    call_command("sync_sites", full=True)
    seed_demo.make_people()
    call_command("sync_drivers")
    transport = httpx.WSGITransport(create_app(operator))
    http = httpx.Client(transport=transport, base_url="http://operator.test")

    def control(path, body):
        answer = http.post(f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fill_both():
        return [
            make_first_bookings(
                Fleet.objects.get(ampeco_partner_id=partner_id),
                User.objects.get(email=people[0][0]),
                now=moment,
                control=control,
            )
            for partner_id, people in seed_demo.FLEETS
        ]

    yield fill_both
    http.close()


@pytest.mark.parametrize("moment", MOMENTS, indirect=True)
def test_fills_both_sides_alike_whatever_the_hour(fill, operator, moment):
    assert fill() == [len(SEEDS), len(SEEDS)]

    for partner in (HUDSON, RHONE):
        fleet = Fleet.objects.get(ampeco_partner_id=partner)
        bookings = Booking.objects.filter(fleet=fleet)
        assert Counter(bookings.values_list("status", flat=True)) == {
            Status.COMPLETED: 2,
            Status.RESERVED: 1,
            Status.NO_SHOW: 1,
            Status.REQUESTED: 1,
            Status.ACCEPTED: 3,
            Status.REJECTED: 1,
        }
        today = read_today(fleet, now=moment)
        charging, waiting = sorted(today.on_now, key=attrgetter("status"))
        assert charging.charging_session.status == "active"
        assert Kind.START in kinds_for(waiting, now=moment)
        reasons = {booking.status: reason for booking, reason in today.attention}
        assert REASON in reasons[Status.REJECTED]
        assert Status.NO_SHOW in reasons
        charged = bookings.get(status=Status.COMPLETED, end_at__lt=moment)
        assert charged.charging_session.has_ended
        assert charged.charging_session.energy_kwh > 0
        assert charged.charging_session.amount > 0
        days = {
            (each.start_at.astimezone(each.zone).date() - moment.astimezone(each.zone).date()).days
            for each in bookings
        }
        assert {-1, 1} <= days
        assert days <= {-1, 0, 1}
    assert_agreed(operator)


def assert_agreed(operator):
    """Both sides know the same bookings, and walking through the operator's finds nothing new."""
    for booking in Booking.objects.exclude(ampeco_booking_id=None):
        held = operator.bookings[booking.ampeco_booking_id]
        assert (held.status, held.start_at, held.end_at) == (
            booking.status,
            booking.start_at,
            booking.end_at,
        )
        assert held.user_id == booking.driver.ampeco_user_id
        assert held.evse_id == booking.evse.ampeco_id
    for request in BookingRequest.objects.all():
        asked = operator.requests[request.ampeco_request_id]
        assert (asked.status, asked.external_id) == (request.status, str(request.external_id))
    lines = BookingEvent.objects.count()
    known = Booking.objects.count()
    with time_machine.travel(operator.clock.now() + 2 * MINUTE, tick=False):
        full_walk.sync_bookings(client=get_client())
    assert (BookingEvent.objects.count(), Booking.objects.count()) == (lines, known)


def test_run_again_it_makes_nothing_twice(fill):
    fill()

    assert fill() == [0, 0]
    assert Booking.objects.count() == 2 * len(SEEDS)


def test_what_waits_is_decided_a_while_later(fill, operator, moment):
    fill()
    waiting = Booking.objects.filter(status=Status.REQUESTED)

    for minutes, left in ((14, 2), (16, 0)):
        operator.clock.freeze(moment + minutes * MINUTE)
        with time_machine.travel(moment + minutes * MINUTE, tick=False):
            polling.poll_due(client=get_client())
        assert waiting.count() == left


def test_every_seed_has_its_part_in_each_fleet():
    assert {len(roles) for roles in FLEETS.values()} == {len(SEEDS)}
    assert len({seed.name for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("moment", MOMENTS, indirect=True)
def test_a_van_that_smart_charging_knows_charges_whatever_the_hour(fill, operator, moment):
    fill()

    physics = physics_of(operator)
    for minutes in (0, 60):
        operator.clock.freeze(moment + minutes * MINUTE)
        physics.look()
        charge = next(each for each in physics.arrivals.active(physics.now.at) if each.session)
        assert charge.car is BY_DRIVER[charge.session.user_id]
        assert not charge.ghost
        assert physics.power_of(charge) > 5


def test_charge_that_is_waited_for_begins_once_it_is_started(fill, operator, moment):
    fill()

    operator.clock.freeze(moment + 40 * MINUTE)
    operator.tick()
    waiting = [each for each in operator.bookings.values() if each.waits_for_start]
    assert [each.status for each in waiting] == ["reserved", "reserved"]
