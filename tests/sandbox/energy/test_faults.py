"""What goes wrong with Ampcontrol by switch, and what does not go wrong with AMPECO then."""

import httpx
import pytest

from sandbox.app import create_app
from sandbox.faults import ENERGY_KINDS, KINDS, ConnectionCut
from tests.sandbox.energy.conftest import TOKEN
from tests.sandbox.energy.test_physics import plug_in_everywhere

VEHICLES = "/v2/vehicles/"


@pytest.mark.parametrize(
    ("kind", "status"), [("rate-limited", 429), ("server-error", 500), ("unauthorized", 401)]
)
def test_refused(world, http, kind, status):
    world.faults.add(kind, count=1, seconds=7)
    answer = http.get(VEHICLES)
    assert answer.status_code == status
    assert answer.json()["status"] == "fail"
    assert answer.headers.get("retry-after") == ("7" if status == 429 else None)
    assert http.get(VEHICLES).status_code == 200


def test_done_all_the_same(world, http, physics):
    van = physics.depots.vehicle_of["van-14"]
    for kind in ("server-error-after", "cut-after"):
        world.faults.add(kind, count=1)
    assert http.patch(f"/v2/vehicles/{van.id}", json={"targetStateOfCharge": 61})
    assert [target for _at, _departure, target in van.told] == [61]


@pytest.fixture(autouse=True)
def calm(http, monkeypatch):
    """Let a cut connection be what a client sees, without a socket."""
    send = http.send

    def sent(request, **options):
        try:
            return send(request, **options)
        except ConnectionCut:
            return httpx.Response(599, request=request)

    monkeypatch.setattr(http, "send", sent)


@pytest.mark.parametrize("kind", ["cut-before", "late"])
def test_cut(world, http, kind):
    world.faults.add(kind, count=1, seconds=0)
    assert http.get(VEHICLES).status_code == 599
    assert http.get(VEHICLES).status_code == 200


def test_slow(world, http):
    world.faults.add("slow-body", count=1, seconds=0.01)
    world.faults.add("latency", count=1, seconds=0.01)
    assert http.get(VEHICLES).json()["status"] == "success"


def test_failed_with_200(world, http):
    world.faults.add("status-fail", count=1)
    answer = http.get(VEHICLES)
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["data"]) == ("fail", {})


def test_pages_shift_between_calls(world, http):
    world.faults.add("shifting-pages", count=2)
    first = http.get(VEHICLES, params={"limit": 8}).json()["data"]
    second = http.get(VEHICLES, params={"limit": 8, "offset": 8}).json()["data"]
    ids = [each["id"] for each in first + second]
    assert len(ids) > len(set(ids))
    assert len(second) <= 9


def test_unknown_words_and_fields(world, http):
    world.faults.add("unknown-words", count=1, path="networks")
    (first, _second) = http.get("/v2/networks/").json()["data"]
    assert (first["objective"], first["unheardOf"]) == ("quantum", {"of": ["anything"]})


def test_naive_times(world, http):
    world.faults.add("naive-times", count=1)
    naive = http.get("/v2/planned_routes/").json()["data"]
    aware = http.get("/v2/planned_routes/").json()["data"]
    assert naive[0]["start"] + "+00:00" == aware[0]["start"]


def test_what_is_odd_about_ampcontrol_leaves_ampeco_alone(world):
    own = set(ENERGY_KINDS) - set(KINDS)
    for kind in own:
        world.faults.add(kind)
    app = create_app(world, token=TOKEN)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(
        transport=httpx.WSGITransport(app), base_url="http://operator.test", headers=headers
    ) as client:
        answer = client.get("/public-api/resources/partners/v2.0").json()
    assert answer["data"]
    assert "status" not in answer
    assert all(fault.hits == 0 for fault in world.faults.active)


def test_unlinked_tags(world, get, physics):
    plug_in_everywhere(world)
    assert any(each["vehicleId"] for each in get("/v2/id_tags/"))
    physics.depots.switch("unlinked_tags", on=True)
    assert not any(each["vehicleId"] for each in get("/v2/id_tags/"))
    network = next(iter(physics.depots.networks))
    mine = {each.id for each in physics.arrivals.charges.values() if each.session}
    sessions = get("/v2/charging_sessions/", network=network, limit=1000)
    assert not any(each["vehicleId"] for each in sessions if each["id"] in mine)


def test_stale_departures(world, get, physics):
    physics.depots.switch("stale_departures", on=True)
    told = [each["departureTime"] for each in get(VEHICLES) if each["departureTime"]]
    assert told
    assert all(each < world.clock.now().isoformat() for each in told)
    physics.depots.switch("stale_departures", on=False)
    told = [each["departureTime"] for each in get(VEHICLES) if each["departureTime"]]
    assert any(each > world.clock.now().isoformat() for each in told)


def test_vehicles_tell_with_gaps_and_now_and_then_nothing(get, physics):
    zeros = gaps = 0
    for vehicle in get(VEHICLES):
        points = get("/v2/profiles/telematics/soc", vehicle=vehicle["id"])["data"]
        zeros += sum(point["value"] == 0 for point in points)
        minutes = [point["time"][:13] for point in points]
        gaps += bool(minutes) and len(set(minutes)) < 25
    assert zeros
    assert gaps
