"""A vehicle's charging sessions: the last ones, and each with its course."""

import re
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils.timezone import now

from ampcontrol.types import Point
from energy.models import Session, VehicleState
from energy.pages.session_drawing import drawing_of
from tests.energy.factories import (
    RemoteConnectorFactory,
    RemoteVehicleFactory,
    SessionFactory,
    link_evse,
    link_vehicle,
)
from tests.factories import EvseFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still", "_without_ampcontrol")]

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def _without_ampcontrol(settings):
    """Ampcontrol cannot be asked: what the vehicle told counts."""
    settings.AMPCONTROL_BASE_URL = ""


@pytest.fixture
def van(fleet):
    return VehicleFactory(fleet=fleet, number="Van 14")


@pytest.fixture
def remote(van):
    remote = RemoteVehicleFactory()
    link_vehicle(van, remote)
    return remote


@pytest.fixture
def session(remote):
    """Two hours at Bay 3 that ended an hour ago."""
    connector = RemoteConnectorFactory()
    link_evse(
        EvseFactory(label="Bay 3", physical_reference="", charge_point__location__name="Pier 40"),
        connector,
    )
    return SessionFactory(
        vehicle_remote_id=remote.remote_id,
        connector_remote_id=connector.remote_id,
        started_at=now() - 3 * HOUR,
        ended_at=now() - HOUR,
        active=False,
        energy_kwh=Decimal("31.5"),
    )


def tell(van, *, ago: timedelta, kw: float | None, share: float | None) -> None:
    VehicleState.objects.create(
        vehicle=van,
        at=now() - ago,
        charging_kw=kw,
        state_of_charge=share,
        source="telematics",
    )


def page_of(client, van, session, **params) -> str:
    answer = client.get(f"/vehicles/{van.pk}/sessions/{session.pk}/", params)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_vehicles_page_lists_what_it_charged_last(as_manager, van, session, remote):
    SessionFactory(vehicle_remote_id=remote.remote_id, started_at=now() - 30 * MINUTE)
    page = as_manager.get(f"/vehicles/{van.pk}/").content.decode()
    assert "Its last charging sessions" in page
    assert "31.5 kWh · Bay 3, Pier 40" in page
    assert "energy unknown" in page
    assert page.count(f'href="/vehicles/{van.pk}/sessions/') == 2
    # The newest shows its course, once the page is there.
    assert page.count('hx-trigger="load"') == 1


def test_a_session_has_a_drawing_and_a_table(as_manager, van, session):
    for ago, kw, share in ((170, 22, 20), (120, 11, 50), (70, 3.6, 80)):
        tell(van, ago=ago * MINUTE, kw=kw, share=share)
    page = page_of(as_manager, van, session)
    assert "drawing__line--power" in page
    assert "drawing__line--charge" in page
    rows = re.findall(r"<td>(.*?)</td><td>(.*?)</td>", page)
    assert rows == [("22 kW", "20 %"), ("11 kW", "50 %"), ("3.6 kW", "80 %")]
    assert "as the vehicle told it" in page
    # It is over: nothing looks again.
    assert "data-look-every" not in page


def test_what_is_not_known_is_said(as_manager, van, session):
    assert "is not known" in page_of(as_manager, van, session)
    tell(van, ago=2 * HOUR, kw=None, share=50)
    assert "<td>unknown</td><td>50 %</td>" in page_of(as_manager, van, session)


def test_one_that_goes_on_keeps_up_and_shows_the_plan(as_manager, van, session):
    Session.objects.update(
        active=True,
        ended_at=None,
        expected_end_at=now() + 2 * HOUR,
        plan=[
            [(now() - HOUR).isoformat(), 11],
            [(now() + HOUR).isoformat(), 22],
            ["not a time", 3],
            [None],
        ],
    )
    tell(van, ago=HOUR, kw=11, share=50)
    page = page_of(as_manager, van, session)
    assert "drawing__line--plan" in page
    assert "it should end at" in page
    (seen,) = re.findall(r"seen=(\w+)", page)
    address = f"/vehicles/{van.pk}/sessions/{session.pk}/"
    look = {"headers": {"HX-Request": "true"}}
    assert as_manager.get(address, {"seen": seen}, **look).status_code == 204
    tell(van, ago=MINUTE, kw=12, share=60)
    answer = as_manager.get(address, {"seen": seen}, **look)
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()


def test_one_of_which_nobody_heard_for_long_has_no_power_now_and_no_plan(as_manager, van, session):
    Session.objects.update(
        active=True,
        ended_at=None,
        power_kw=Decimal(22),
        expected_end_at=now() + 2 * HOUR,
        plan=[[(now() - HOUR).isoformat(), 11]],
        read_at=now() - 3 * HOUR - MINUTE,
    )
    tell(van, ago=HOUR, kw=11, share=50)
    page = page_of(as_manager, van, session)
    assert "31.5 kWh so far · 3 h ago<br>Too old to be counted on." in page
    for word in ("drawing__line--plan", "22 kW", "should end at"):
        assert word not in page


@pytest.mark.parametrize("began", [timedelta(0), timedelta(seconds=20), MINUTE])
def test_one_that_has_just_begun_or_has_no_length_has_its_page(
    as_manager, van, session, ampcontrol, began
):
    Session.objects.update(active=True, ended_at=None, started_at=now() + began)
    assert "is not known" in page_of(as_manager, van, session)
    Session.objects.update(active=False, ended_at=now(), started_at=now())
    assert "is not known" in page_of(as_manager, van, session)


@pytest.mark.parametrize(
    ("later", "ends"),
    [
        # Until the next value, and until the session does.
        ([105], ["H583.3", "H1000.0"]),
        # Nobody knows what was between.
        ([150], ["H250.0", "H1000.0"]),
        ([], ["H250.0"]),
    ],
)
def test_power_is_drawn_as_far_as_it_was_measured(van, session, ampcontrol, later, ends):
    session.started_at = session.ended_at - 3 * HOUR
    measured = [session.started_at + minute * MINUTE for minute in (0, 15, 30, *later)]
    values = [22.0, 22.0, 22.0, 11.0]
    ampcontrol.series["measured_power"] = list(map(Point, measured, values))

    drawn = drawing_of(session, van, zone=ZoneInfo("UTC"), now=now()).drawing
    (course,) = drawn.courses
    assert re.findall(r"H[0-9.]+", course.line)[2:] == ends


def test_only_the_vehicles_own_and_only_for_its_fleet(
    as_manager, fleet, van, session, client, other_manager
):
    sibling = VehicleFactory(fleet=fleet)
    link_vehicle(sibling)
    assert as_manager.get(f"/vehicles/{sibling.pk}/sessions/{session.pk}/").status_code == 404
    client.force_login(other_manager)
    assert client.get(f"/vehicles/{van.pk}/sessions/{session.pk}/").status_code == 404
    theirs = VehicleFactory(fleet=other_manager.memberships.get().fleet)
    assert client.get(f"/vehicles/{theirs.pk}/sessions/{session.pk}/").status_code == 404


def test_one_without_a_beginning_is_left_out(as_manager, van, session):
    Session.objects.update(started_at=None)
    assert "charging-sessions" not in as_manager.get(f"/vehicles/{van.pk}/").content.decode()
    assert as_manager.get(f"/vehicles/{van.pk}/sessions/{session.pk}/").status_code == 404
