"""The mirror against the simulated Ampcontrol, over HTTP: some hours, and what goes wrong."""

import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stamina
import time_machine
from django.utils.timezone import now

from ampcontrol.client import AmpcontrolClient
from ampcontrol.connection import set_client
from energy.mirroring import run as running
from energy.mirroring.run import sync_energy
from energy.models import (
    Line,
    LinePoint,
    Network,
    RemoteChargePoint,
    RemoteConnector,
    RemoteRoute,
    RemoteTag,
    RemoteVehicle,
    Session,
    VehicleNow,
    VehicleState,
)
from energy.selectors.lines import usable_line
from mirror.models import SyncRun
from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.faults import ConnectionCut
from sandbox.world.build import build_world
from tests.energy.factories import link_vehicle
from upstream.rate_gate import MemoryGate

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-the-tests"
# Eight in the evening in New York.
EVENING = datetime(2026, 3, 4, 1, 7, 30, tzinfo=UTC)


class Wire(httpx.BaseTransport):
    """The way to Ampcontrol; counts what is sent."""

    def __init__(self, world) -> None:
        self.sent = 0
        self._way = httpx.WSGITransport(create_app(world, ampcontrol_token=TOKEN))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a call; a cut connection is httpx's error, as on a socket."""
        self.sent += 1
        try:
            response = self._way.handle_request(request)
            response.read()
        except ConnectionCut:
            raise httpx.RemoteProtocolError("The connection was cut.", request=request) from None
        return response


@pytest.fixture
def clock():
    """Return a function that moves the clock on from an evening."""
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield lambda **by: traveller.shift(timedelta(**by))


@pytest.fixture
def world(clock):
    world = build_world(now=now())
    world.clock.now = now
    yield world
    # Nothing was sent that nobody may send.
    assert physics_of(world).depots.tripped == []


@pytest.fixture
def wire(world):
    return Wire(world)


@pytest.fixture
def ampcontrol(wire, monkeypatch):
    """The real client; all that is due is read at once."""
    monkeypatch.setattr(running, "MOST_A_MINUTE", 10_000)
    client = AmpcontrolClient(
        base_url="http://simulated/ampcontrol",
        token=TOKEN,
        transport=wire,
        # Its pauses go by the clock that the tests move.
        gate=MemoryGate(clock=time.time),
    )
    set_client(client)
    with stamina.set_testing(True, attempts=2, cap=True):
        yield client
    set_client(None)
    client.close()


@pytest.fixture
def faults(world):
    return world.faults


def test_all_of_it_is_read_with_few_calls(ampcontrol, wire):
    run = sync_energy(client=ampcontrol)

    assert run.state == SyncRun.State.FINISHED, run.problem
    assert run.problem == ""
    assert run.calls == wire.sent <= 40
    for model in (
        Network,
        RemoteChargePoint,
        RemoteConnector,
        RemoteVehicle,
        RemoteTag,
        RemoteRoute,
        Line,
        LinePoint,
    ):
        assert model.objects.exists(), model
    for network in Network.objects.all():
        line = usable_line(network, start=now(), end=now() + timedelta(hours=12))
        assert line.missing == ()
        assert 0 <= line.least <= line.most <= network.max_capacity_kw
    assert not VehicleNow.objects.exists()


def test_a_few_hours_of_it(ampcontrol, clock):
    sync_energy(client=ampcontrol)
    remotes = RemoteVehicle.objects.order_by("name")[:4]
    ours = {link_vehicle(remote=remote).vehicle_id for remote in remotes}
    planned = 0
    for _look in range(24):
        run = sync_energy(client=ampcontrol)
        assert run is None or (run.state, run.problem) == (SyncRun.State.FINISHED, "")
        planned += Session.objects.filter(power_kw__gt=0, expected_end_at__gt=now()).count()
        clock(minutes=10)

    assert planned
    assert Session.objects.filter(active=True, network__isnull=False).exists()
    assert set(VehicleNow.objects.values_list("vehicle", flat=True)) == ours
    assert set(VehicleState.objects.values_list("vehicle", flat=True)) <= ours
    # The simulated telematics have gaps, and say 0 now and then.
    assert VehicleState.objects.filter(state_of_charge__gt=0).exists()
    assert not VehicleState.objects.filter(state_of_charge=0).exists()


@pytest.mark.parametrize("kind", ["shifting-pages", "unknown-words", "naive-times"])
def test_odd_answers_are_read_all_the_same(ampcontrol, faults, kind):
    faults.add(kind)
    run = sync_energy(client=ampcontrol)

    assert run.state == SyncRun.State.FINISHED and run.problem == ""
    networks = Network.objects.count()
    assert networks and Line.objects.filter(kind="capacity").count() == networks


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("server-error", "did not answer as it should"),
        ("cut-before", "did not answer as it should"),
        ("unauthorized", "does not accept the token"),
        ("rate-limited", "asked for a pause"),
    ],
)
def test_a_failing_ampcontrol_breaks_off_and_is_taken_up(ampcontrol, faults, clock, kind, words):
    sync_energy(client=ampcontrol)
    networks = dict(Network.objects.values_list("remote_id", "read_at"))
    clock(minutes=20)
    faults.add(kind, path="/ampcontrol")

    run = sync_energy(client=ampcontrol)
    assert run.state == SyncRun.State.BROKEN_OFF
    assert words in run.problem
    assert dict(Network.objects.values_list("remote_id", "read_at")) == networks
    assert not Network.objects.exclude(retired_at=None).exists()

    faults.clear()
    clock(minutes=15)
    assert sync_energy(client=ampcontrol).state == SyncRun.State.FINISHED
    assert Network.objects.filter(read_at=now()).count() == len(networks)


def test_answers_that_say_that_they_failed_change_nothing(ampcontrol, faults, clock):
    sync_energy(client=ampcontrol)
    before = list(LinePoint.objects.order_by("pk").values())
    clock(minutes=20)
    faults.add("status-fail", path="/ampcontrol")

    run = sync_energy(client=ampcontrol)

    assert "refused a call (200)" in run.problem
    assert list(LinePoint.objects.order_by("pk").values()) == before
    assert not Network.objects.exclude(retired_at=None).exists()
