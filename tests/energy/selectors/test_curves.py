"""The course of a session, read when somebody looks at it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils.timezone import now

from ampcontrol.types import Point
from energy.selectors import curves
from energy.selectors.curves import curve_of
from tests.energy.factories import SessionFactory
from upstream.errors import UpstreamUnavailable

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still")]


@pytest.fixture
def session():
    return SessionFactory(
        active=False,
        started_at=now() - timedelta(hours=2),
        ended_at=now() - timedelta(hours=1),
        connector_remote_id="a-connector",
        vehicle_remote_id="a-vehicle",
    )


def test_it_is_power_and_charge_of_the_session_alone(ampcontrol, session):
    before, within = session.started_at - timedelta(hours=1), session.started_at
    ampcontrol.series = {
        "measured_power": [Point(before, 99.0), Point(within, 22.0)],
        "charge_by_telematics": [Point(within, 61.0)],
    }

    curve = curve_of(session)

    assert curve.is_available and curve.read_at == now()
    assert curve.power == (Point(within, 22.0),)
    assert curve.state_of_charge == (Point(within, 61.0),)
    assert "charge_by_meter" not in ampcontrol.made


def test_without_telematics_the_charger_tells_the_charge(ampcontrol, session):
    ampcontrol.series["charge_by_meter"] = [Point(session.started_at, 40.0)]

    assert curve_of(session).state_of_charge == (Point(session.started_at, 40.0),)
    asked = [more for name, more in ampcontrol.asked if name == "charge_by_meter"]
    assert asked == [{"vehicle_id": None, "connector_id": "a-connector"}]


def test_a_charge_of_nothing_is_not_drawn(ampcontrol, session):
    told, later = session.started_at, session.started_at + timedelta(minutes=10)
    between = told + timedelta(minutes=5)
    ampcontrol.series["charge_by_telematics"] = [
        Point(told, 61.0),
        Point(between, 0.0),
        Point(later, 66.0),
    ]

    assert [point.at for point in curve_of(session).state_of_charge] == [told, later]


@pytest.mark.parametrize("lasted", [timedelta(0), -timedelta(minutes=1)])
def test_one_without_a_length_is_empty_and_not_asked_for(ampcontrol, session, lasted):
    session.ended_at = session.started_at + lasted

    curve = curve_of(session)

    assert curve.is_available and curve.read_at == now()
    assert (curve.power, curve.state_of_charge) == ((), ())
    assert ampcontrol.calls == 0


def test_one_that_begins_by_a_clock_ahead_of_ours_is_read_soon_after(ampcontrol, session):
    session.active, session.ended_at = True, None
    session.started_at = now() + timedelta(seconds=30)
    ampcontrol.series["measured_power"] = [Point(session.started_at, 22.0)]
    assert curve_of(session).power == ()

    later = session.started_at + timedelta(minutes=1)
    assert curve_of(session, now=later).power == (Point(session.started_at, 22.0),)


def test_what_is_measured_of_its_end_may_come_later(ampcontrol, session, monkeypatch):
    # Redis knows the true time only.
    monkeypatch.setattr(curves, "ACTIVE_SECONDS", 0)
    with time_machine.travel(session.ended_at, tick=False):
        assert curve_of(session).power == ()
    ampcontrol.series["measured_power"] = [Point(session.ended_at, 22.0)]
    with time_machine.travel(session.ended_at + timedelta(minutes=2), tick=False):
        assert curve_of(session).power == (Point(session.ended_at, 22.0),)


def test_it_is_read_once_for_all_who_look(ampcontrol, session):
    ampcontrol.series["measured_power"] = [Point(session.started_at, 22.0)]
    first = curve_of(session)
    calls = ampcontrol.calls

    assert curve_of(session) == first
    assert ampcontrol.calls == calls


def test_an_ampcontrol_that_does_not_answer_is_not_available_and_left_alone(ampcontrol, session):
    ampcontrol.trouble = {"measured_power": UpstreamUnavailable("No answer.")}

    assert not curve_of(session).is_available
    assert not curve_of(session).is_available
    assert ampcontrol.calls == 1


def test_without_ampcontrol_there_is_none(ampcontrol, session, settings):
    settings.AMPCONTROL_BASE_URL = ""

    assert not curve_of(session).is_available
    assert ampcontrol.calls == 0
