"""Each way in which Ampcontrol and the portal can differ after a chaos run is told."""

import threading
from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from energy.models import PassedOn, Reading
from sandbox.energy.cast import SITES
from sandbox.energy.elsewhere import let_sites_be_depots
from sandbox.server import make
from sandbox.world.build import build_world
from tests.energy.factories import (
    DepartureFactory,
    NetworkFactory,
    RemoteVehicleFactory,
    link_vehicle,
)
from tools.chaos.charging.agreement import asked, complaints, unlike, unread
from tools.chaos.charging.departures import untold

WELL = {"202": 40, "ConnectError": 2}
TRIP = {"method": "DELETE", "path": "/ampcontrol/v2/charging_sessions/1", "why": "ends a charge"}


def test_what_is_well_is_silent():
    assert complaints([], WELL) == []


def test_a_call_that_nobody_may_send():
    (said,) = complaints([TRIP], WELL)
    assert "DELETE /ampcontrol/v2/charging_sessions/1: ends a charge" in said


@pytest.mark.parametrize("status", ["401", "404", "500", "503"])
def test_a_hint_that_is_not_taken(status):
    (said,) = complaints([], WELL | {status: 3})
    assert f"answered with {status}, 3 times" in said


def test_hints_that_nobody_took():
    assert complaints([], {"ConnectError": 7}) == ["No hint was ever taken."]


@pytest.mark.django_db
class TestCopies:
    def test_too_much_and_too_little(self):
        known, gone = NetworkFactory(), NetworkFactory(retired_at=now())
        vehicle = RemoteVehicleFactory()
        state = {"networks": [{"id": known.remote_id}], "vehicles": [{"id": vehicle.remote_id}]}
        assert unlike(state) == []
        state["networks"].append({"id": gone.remote_id})
        state["vehicles"] = []
        lacks, has = unlike(state)
        assert "lacks 1 networks" in lacks
        assert "1 vehicles too many" in has

    def test_what_is_not_read_again(self):
        since = now() - timedelta(minutes=1)
        network = NetworkFactory()
        assert any("sessions were not read" in each for each in unread(since))
        row = Reading.objects.create(
            kind=Reading.Kind.SESSIONS,
            scope=network.remote_id,
            read_at=now(),
            due_at=now() + timedelta(minutes=1),
        )
        assert unread(since) == []
        row.problem = "Ampcontrol does not answer."
        row.save()
        assert any("sessions cannot be read" in each for each in unread(since))

    def test_no_network_at_all(self):
        assert "Ampcontrol: no network is known." in unread(now())


class Holding:
    """An Ampcontrol whose vehicles leave when a test says."""

    def __init__(self, **leaves) -> None:
        self.leaves = leaves

    def vehicles(self, **_):
        for pk, at in self.leaves.items():
            yield type("Vehicle", (), {"id": pk, "departs_at": at})


@pytest.mark.django_db
class TestDepartures:
    @pytest.fixture
    def departure(self):
        departure = DepartureFactory()
        link_vehicle(departure.vehicle, RemoteVehicleFactory(remote_id="v1"))
        return departure

    def told(self, **leaves) -> list[str]:
        return untold(Holding(**leaves))

    def test_that_agree_are_silent(self, departure):
        assert self.told(v1=departure.leaves_at) == []

    def test_that_were_never_told_or_told_otherwise(self, departure):
        for at in (None, departure.leaves_at + timedelta(minutes=15)):
            (said,) = self.told(v1=at)
            assert f"vehicle {departure.vehicle_id} leaves at {at} there" in said

    def test_of_a_vehicle_that_is_not_there(self, departure):
        (said,) = self.told()
        assert "does not know" in said

    def test_of_somebody_else_are_left_alone(self, departure):
        PassedOn.objects.create(
            remote_id="v1", vehicle=departure.vehicle, problem=PassedOn.Problem.ANOTHERS
        )
        assert self.told(v1=None) == []


def test_the_tripwire_is_asked_over_http():
    world = build_world(locations=2)
    let_sites_be_depots(world)
    server = make(world, host="127.0.0.1", port=0, token="t", mails=None, ampcontrol_token="a")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.port}"
        assert complaints(asked(address, "/tripwire"), WELL) == []
        assert {each["name"] for each in asked(address, "")["networks"]} == {
            site.name for site in SITES
        }
        httpx.delete(
            f"{address}/ampcontrol/v2/charging_sessions/1", headers={"Authorization": "Bearer a"}
        )
        (said,) = complaints(asked(address, "/tripwire"), WELL)
        assert "DELETE" in said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
