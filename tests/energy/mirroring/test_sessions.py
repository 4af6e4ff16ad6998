"""What charges, with what Ampcontrol's plan gives it, and how it ended."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from ampcontrol.types import Optimization, Point
from energy.mirroring.plans import expected_end, power_at
from energy.mirroring.sessions import forget_plans_where_nothing_is_steered
from energy.models import Alert, RemoteRoute, Session
from energy.retention import old_sessions

QUARTER = timedelta(minutes=15)


@pytest.fixture
def network(ampcontrol, clock):
    return next(iter(ampcontrol.tables["networks"].values()))


def plan_for(session, network, *kws: float, **more) -> Optimization:
    start = now()
    return Optimization(
        **{
            "id": f"plan of {session.id}",
            "network_id": network.id,
            "charge_point_id": "",
            "connector_id": session.connector_id,
            "session_id": session.id,
            "start_at": start,
            "end_at": start + len(kws) * QUARTER,
            "points": tuple(
                Point(at=start + number * QUARTER, value=kw) for number, kw in enumerate(kws)
            ),
            "created_at": start,
            **more,
        }
    )


def test_an_active_session_has_its_plan_and_power(ampcontrol, network, read):
    session = ampcontrol.add_session(network)
    ampcontrol.plans = [plan_for(session, network, 22.0, 11.0, 0.0, 0.0)]
    read()

    row = Session.objects.get()
    assert row.power_kw == 22
    assert [value for _at, value in row.plan] == [22.0, 11.0, 0.0, 0.0]
    assert row.expected_end_at == now() + 2 * QUARTER


def test_a_plan_without_a_session_is_that_of_its_connector(ampcontrol, network, read):
    session = ampcontrol.add_session(network)
    older = plan_for(session, network, 7.0, created_at=now() - QUARTER, session_id="")
    ampcontrol.plans = [plan_for(session, network, 22.0, session_id=""), older]
    read()

    assert Session.objects.get().power_kw == 22


def test_nothing_is_planned_where_nothing_is_steered(ampcontrol, network, read):
    ampcontrol.change("networks", network, objective="off")
    ampcontrol.add_session(network)
    read()

    assert "optimizations" not in ampcontrol.made


def test_how_a_session_ended_is_read_once(ampcontrol, network, read, clock):
    session = ampcontrol.add_session(network)
    ampcontrol.plans = [plan_for(session, network, 22.0)]
    read()
    clock(minutes=1)
    ampcontrol.end_session(session, energy_kwh=Decimal("41.5"))
    read()

    row = Session.objects.get()
    assert (row.active, row.ended_at, row.energy_kwh) == (False, now(), Decimal("41.500"))
    assert (row.plan, row.power_kw, row.expected_end_at) == ([], None, None)
    clock(minutes=6)
    read()
    assert ampcontrol.made["sessions"] == 1


def test_a_session_of_which_nothing_more_is_told_is_over(ampcontrol, network, read, clock):
    session = ampcontrol.add_session(network)
    read()
    clock(minutes=1)
    del ampcontrol.running[session.id]
    read()

    row = Session.objects.get()
    assert (row.active, row.ended_at) == (False, now())


def test_one_that_is_over_without_an_end_ended_when_that_was_told(ampcontrol, network, read, clock):
    session = ampcontrol.add_session(network)
    read()
    clock(minutes=3)
    told = now()
    ampcontrol.running.pop(session.id)
    ampcontrol.over[session.id] = replace(session, active=False, updated_at=told)
    clock(minutes=1)
    read()

    row = Session.objects.get()
    assert (row.active, row.ended_at) == (False, told)
    assert list(old_sessions(now())) == [row]
    # As they were kept before.
    Session.objects.update(ended_at=None)
    assert not old_sessions(now())
    assert list(old_sessions(now() + QUARTER)) == [row]


def test_with_a_network_that_is_gone_its_sessions_and_alerts_are_over(
    ampcontrol, network, read, clock
):
    session = ampcontrol.add_session(network)
    ampcontrol.plans = [plan_for(session, network, 22.0)]
    alert = ampcontrol.add_alert(network)
    ampcontrol.add_network("Another depot")
    read()
    del ampcontrol.tables["networks"][network.id]
    clock(minutes=16)
    read()

    row = Session.objects.get()
    assert (row.active, row.ended_at) == (False, now())
    assert (row.plan, row.power_kw, row.expected_end_at) == ([], None, None)
    assert list(old_sessions(now() + QUARTER)) == [row]
    assert Alert.objects.get(remote_id=alert.id).retired_at == now()


def test_a_session_goes_on_in_the_network_that_takes_the_place_of_its_own(
    ampcontrol, network, read, clock
):
    session = ampcontrol.add_session(network)
    read()
    del ampcontrol.tables["networks"][network.id]
    ampcontrol.places[session.id] = ampcontrol.add_network("The same depot").id
    clock(minutes=16)
    read()

    row = Session.objects.get()
    assert (row.network.name, row.active, row.ended_at) == ("The same depot", True, None)


def test_what_is_steered_no_more_has_no_plan(ampcontrol, network, read, clock):
    session = ampcontrol.add_session(network)
    ampcontrol.plans = [plan_for(session, network, 22.0)]
    read()
    ampcontrol.change("networks", network, objective="off")
    clock(minutes=16)
    read()

    row = Session.objects.get()
    assert row.active
    assert (row.plan, row.power_kw, row.expected_end_at) == ([], None, None)
    assert forget_plans_where_nothing_is_steered() == 0
    Session.objects.update(power_kw=22)
    assert forget_plans_where_nothing_is_steered() == 1


def test_what_began_and_ended_during_an_outage_is_found(ampcontrol, network, read, clock):
    read()
    clock(minutes=5)
    session = ampcontrol.add_session(network, started_at=now())
    clock(minutes=30)
    ampcontrol.end_session(session)
    clock(minutes=60)
    read()

    assert Session.objects.get().active is False


def test_sessions_are_read_each_minute_where_something_is_active(ampcontrol, network, read, clock):
    read()
    ampcontrol.made.clear()
    clock(minutes=1)
    read()
    assert "active_sessions" not in ampcontrol.made

    ampcontrol.add_session(network)
    clock(minutes=4)
    read()
    ampcontrol.made.clear()
    clock(minutes=1)
    read()
    assert ampcontrol.made["active_sessions"] == 1


def points(*kws: float):
    start = now()
    return [Point(at=start + number * QUARTER, value=kw) for number, kw in enumerate(kws)]


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(
    ("kws", "left", "minutes"),
    [
        ((20, 20, 0, 0), None, 30),
        ((20, 0, 20, 0), None, 45),
        ((20, 20, 20), None, 45),
        ((20, 20, 20), Decimal("7.5"), 22.5),
        ((0, 20, 20), Decimal("2.5"), 22.5),
        ((20, 20), Decimal(100), 30),
        ((0, 0), None, None),
        ((), None, None),
    ],
)
def test_it_ends_with_the_last_power_or_the_energy_that_is_wanted(kws, left, minutes):
    plan = points(*kws)
    end = expected_end(
        plan,
        plan_ends_at=now() + len(kws) * QUARTER,
        now=now(),
        energy_left_kwh=left,
    )

    assert end == (None if minutes is None else now() + timedelta(minutes=minutes))


@pytest.mark.usefixtures("still")
def test_what_a_plan_gave_before_now_is_not_counted_twice():
    plan = points(20, 20, 20)
    at = now() + QUARTER
    end = expected_end(plan, plan_ends_at=now() + 3 * QUARTER, now=at, energy_left_kwh=Decimal(5))

    assert end == at + QUARTER
    assert power_at(plan, at) == 20 and power_at(plan, now() - QUARTER) is None


def test_alerts_follow_and_vanish(ampcontrol, network, read, clock):
    alert = ampcontrol.add_alert(network, description="d" * 900)
    old = ampcontrol.add_alert(network, raised_at=now() - timedelta(days=20))
    read()
    assert Alert.objects.filter(status="Triggered").count() == 2
    assert len(Alert.objects.get(remote_id=alert.id).description) == 500

    ampcontrol.asked.clear()
    ampcontrol.tables["alerts"][alert.id] = replace(alert, status="Resolved")
    clock(minutes=3)
    read()
    # An open one is asked for, however old it is.
    asked = next(more for name, more in ampcontrol.asked if name == "alerts")
    assert asked["start"] <= old.raised_at
    assert Alert.objects.get(remote_id=alert.id).status == "Resolved"

    del ampcontrol.tables["alerts"][old.id]
    clock(minutes=3)
    read()
    assert Alert.objects.get(remote_id=old.id).retired_at is not None
    assert Alert.objects.get(remote_id=alert.id).retired_at is None


def test_a_route_that_is_no_longer_planned_is_retired(ampcontrol, network, read, clock):
    vehicle = ampcontrol.add_vehicle()
    route = ampcontrol.add_route(vehicle, external_id="ours-1")
    read()
    row = RemoteRoute.objects.get()
    assert (row.external_id, row.vehicle_remote_id) == ("ours-1", vehicle.id)

    ampcontrol.tables["routes"][route.id] = replace(
        route, starts_at=route.starts_at + timedelta(hours=1)
    )
    clock(minutes=16)
    read()
    assert RemoteRoute.objects.get().starts_at == route.starts_at + timedelta(hours=1)

    ampcontrol.tables["routes"].clear()
    clock(minutes=16)
    read()
    assert RemoteRoute.objects.get().retired_at == now()
