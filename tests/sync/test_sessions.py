"""What was charged is read until it has ended and is paid for."""

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest
import time_machine
from django.utils.timezone import now

from ampeco.connection import is_refused
from bookings.models import Booking, ChargingSession
from sandbox.world.tariffs import add_tariffs
from sandbox.world.walk_ins import taken_at
from sync import sessions
from sync.sessions import next_read, session_of

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def charging(follow, operator, workers):
    """Make bookings whose drivers plugged in some minutes ago, and let ours know of it."""
    operator.no_show_share = 0
    add_tariffs(operator)

    def charging(count: int = 1, *, minutes: int = 33) -> list[ChargingSession]:
        for _ in range(count):
            follow(now() - minutes * MINUTE, length=2 * HOUR, status="reserved")
        workers.refresh()
        while Booking.objects.exclude(status="completed").exists():
            Booking.objects.exclude(status="completed").update(refresh_at=now())
            workers.refresh()
        return list(ChargingSession.objects.order_by("pk"))

    return charging


def test_belongs_to_its_booking_and_is_read(charging, workers, operator):
    (session,) = charging()
    assert (session.status, session.read_at) == ("unknown", None)
    assert workers.read_sessions() == 1
    session.refresh_from_db()
    assert (session.status, session.has_ended, session.currency) == ("active", False, "USD")
    assert session.started_at == session.booking.start_at + 3 * MINUTE
    taken = taken_at(operator.sessions[1], operator.clock.now())
    assert float(session.energy_kwh) == pytest.approx(taken, abs=0.5)
    assert session.amount > 0
    assert now() < session.refresh_at <= now() + MINUTE
    assert session_of(session.booking) == session


def test_a_booking_without_one_has_none(follow):
    assert session_of(follow()) is None
    assert session_of(Booking.objects.select_related("charging_session").get()) is None


def test_is_read_until_it_has_ended_and_the_cost_is_complete(charging, workers, operator, wire):
    (session,) = charging()
    workers.read_sessions()
    session.refresh_from_db()
    before = session.energy_kwh
    operator.clock.advance(2 * HOUR)
    assert workers.read_sessions() == 1
    session.refresh_from_db()
    assert (session.status, session.refresh_at) == ("finished", None)
    assert session.stopped_at == session.booking.end_at - 5 * MINUTE
    assert session.energy_kwh > before
    calls = wire.count("sessions")
    assert workers.read_sessions() == 0
    assert wire.count("sessions") == calls


@pytest.mark.parametrize(
    ("billing", "minutes_since_end", "amount", "expected"),
    [
        ("completed", 0, None, None),
        ("pending", 0, Decimal(3), 5),
        ("suspended", 90, Decimal(3), 60),
        ("pending", 25 * 60, None, None),
        ("", 0, Decimal(3), 5),
        ("", 6, Decimal(3), None),
        ("", 6, None, 5),
        ("unknown", 6, Decimal(3), 5),
    ],
)
def test_when_the_cost_is_asked_for_again(billing, minutes_since_end, amount, expected):
    at = now()
    ended = at - minutes_since_end * MINUTE
    session = ChargingSession(
        status="finished", started_at=ended - HOUR, stopped_at=ended, amount=amount
    )
    due = next_read(session, billing_status=billing, now=at)
    assert due == (None if expected is None else at + expected * MINUTE)


def test_an_end_long_ago_by_the_operators_clock_may_be_of_just_now():
    at = now()
    ended = at - 30 * MINUTE
    session = ChargingSession(
        status="finished", started_at=ended - HOUR, stopped_at=ended, amount=Decimal(3)
    )
    due = next_read(session, billing_status="", now=at, ran_at=at - MINUTE)
    assert due == at + 5 * MINUTE


@pytest.mark.parametrize(
    ("hours", "least", "most"), [(0, 0.5, 2), (23, 0.5, 2), (30, 50, 70), (15 * 24, None, None)]
)
def test_a_charge_that_does_not_end_is_read_less_and_less(hours, least, most):
    at = now()
    session = ChargingSession(status="active", started_at=at - hours * HOUR)
    due = next_read(session, billing_status="pending", now=at)
    if least is None:
        assert due is None
    else:
        assert least * MINUTE <= due - at <= most * MINUTE


def test_few_are_read_one_by_one(charging, workers, wire):
    charging(2)
    workers.read_sessions()
    workers.read_sessions()
    paths = [request.url.path for request in wire.sent if "/sessions/" in request.url.path]
    assert [path.rpartition("/")[2] for path in paths] == ["1", "2", "1", "2"]


def test_many_that_run_are_read_by_paging_the_list_once(charging, workers, operator, wire):
    charging(120)
    for session in operator.sessions.values():
        session.wants_kwh = 1000
    while workers.read_sessions():
        if not ChargingSession.objects.filter(read_at=None).exists():
            break
    calls = wire.count("sessions")
    operator.clock.advance(10 * MINUTE)
    before = list(ChargingSession.objects.order_by("pk").values_list("energy_kwh", flat=True))
    assert workers.read_sessions() == 120
    assert wire.count("sessions") - calls == 2
    after = list(ChargingSession.objects.order_by("pk").values_list("energy_kwh", flat=True))
    assert all(late > early for early, late in zip(before, after, strict=True))


def test_those_that_ended_since_are_not_in_the_list_and_read_alone(
    charging, workers, operator, wire
):
    charging(5)
    workers.read_sessions()
    operator.sessions[3].stops_at = operator.clock.now()
    calls = wire.count("sessions")
    assert workers.read_sessions() == 5
    assert wire.count("sessions") - calls == 2
    assert ChargingSession.objects.get(ampeco_session_id="3").status == "finished"


def test_one_that_only_the_list_names_counts_as_well(charging, workers):
    charging(5)
    workers.read_sessions()
    lost = ChargingSession.objects.get(ampeco_session_id="5")
    lost.delete()
    workers.read_sessions()
    found = ChargingSession.objects.get(ampeco_session_id="5")
    assert (found.booking_id, found.refresh_at is not None) == (lost.booking_id, True)


def test_a_booking_that_names_none_is_looked_for_among_its_drivers_sessions(
    charging, workers, operator
):
    (session,) = charging()
    session.delete()
    operator.bookings[session.booking.ampeco_booking_id].session_id = None
    Booking.objects.update(refresh_at=now())
    workers.refresh()
    assert ChargingSession.objects.get().booking_id == session.booking_id


@pytest.mark.parametrize("count", [1, 5])
def test_a_token_that_may_not_list_reads_one_by_one(charging, workers, wire, count):
    charging(count)
    workers.read_sessions()

    def forbid(request):
        if request.url.path.endswith("/sessions/v1.0"):
            return httpx.Response(403, json={"message": "This action is unauthorized."})
        return None

    wire.intercept = forbid
    assert workers.read_sessions() == count
    ChargingSession.objects.all().delete()
    Booking.objects.update(refresh_at=now())
    workers.refresh()
    assert ChargingSession.objects.count() == count
    assert not is_refused()


def test_another_session_takes_the_place_of_the_first(charging, workers):
    (session,) = charging()
    workers.read_sessions()
    booking = Booking.objects.get()
    sessions.note_session(booking, 99)
    session.refresh_from_db()
    assert (session.ampeco_session_id, session.energy_kwh) == ("99", None)
    assert session.refresh_at <= now()


def test_a_session_of_another_booking_stays_there(charging, follow):
    (session,) = charging()
    sessions.note_session(follow(), session.ampeco_session_id)
    assert ChargingSession.objects.get() == session


def test_an_outage_ends_the_round_and_nothing_is_lost(charging, workers, operator, wire):
    charging(6)
    operator.faults.add("server-error")
    calls = wire.count("sessions")
    assert workers.read_sessions() == 0
    assert wire.count("sessions") - calls == 8  # two of them, four times each
    assert ChargingSession.objects.filter(refresh_at__gt=now()).count() == 6
    operator.faults.clear()
    assert workers.read_sessions() == 6


def test_an_outage_in_the_middle_keeps_what_was_read(charging, workers, operator, wire):
    charging(6)
    seen = []

    def fail_after_two(request):
        seen.append(request)
        if len(seen) == 3:
            operator.faults.add("server-error")

    wire.intercept = fail_after_two
    assert workers.read_sessions() == 2
    assert ChargingSession.objects.filter(read_at__isnull=False).count() == 2


def test_a_refused_token_is_said(charging, workers, operator):
    charging()
    operator.faults.add("unauthorized")
    workers.read_sessions()
    assert is_refused()


def test_one_that_the_operator_does_not_know_is_given_up_after_a_day(charging, workers, operator):
    (session,) = charging()
    operator.sessions.clear()
    workers.read_sessions()
    session.refresh_from_db()
    assert session.refresh_at > now()
    with time_machine.travel(now() + 30 * HOUR):
        workers.read_sessions()
    session.refresh_from_db()
    assert session.refresh_at is None


def test_numbers_that_fit_no_column_are_left_out(charging, workers, operator):
    (session,) = charging()
    operator.sessions[1].power_kw = 10**12
    operator.sessions[1].wants_kwh = 10**13
    assert workers.read_sessions() == 1
    session.refresh_from_db()
    assert (session.energy_kwh, session.amount, session.status) == (None, None, "active")
