"""The desk's page of smart charging, and the strings that tests pull."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from sandbox.app import create_app
from sandbox.energy.attach import physics_of
from sandbox.faults import ENERGY_KINDS
from sandbox.world.build import build_world
from tests.sandbox.energy.conftest import TOKEN
from tests.sandbox.energy.test_physics import plug_in_everywhere
from tests.sandbox.test_desk import NASTY, Page

CONTROL = "/control/ampcontrol"


@pytest.fixture
def desk(world) -> Iterator[httpx.Client]:
    """A browser at the desk, on this machine."""
    transport = httpx.WSGITransport(create_app(world, ampcontrol_token=TOKEN))
    headers = {"Origin": "http://operator.test", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(
        transport=transport, base_url="http://operator.test", headers=headers
    ) as client:
        yield client


def see(desk) -> Page:
    return Page(desk.get("/charging").raise_for_status().text)


def press(desk, form, **typed) -> None:
    answer = desk.post("/do", data=form | typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/charging")


def test_shows_what_there_is(world, desk, http):
    plug_in_everywhere(world)
    world.set_evse_status(next(iter(_evses(world))), "out of order")
    http.delete("/v2/vehicles/1")
    text = " ".join(see(desk).text.split())
    for part in (
        "Red Hook depot fleet",
        "Delancey garage load_sharing",
        "DELETE /ampcontrol/v2/vehicles/1",
        "YARD-01 / 6 HPF van 33",
        "HPF van 27, not linked",
        "a stranger’s",
        "FAULTED",
        "nothing is steered",
    ):
        assert part.lower() in text.lower(), part


def _evses(world):
    return physics_of(world).depots.plug_of_evse


def test_nothing_is_markup(desk, http, physics):
    http.post("/v2/vehicles/", json={"name": NASTY})
    physics.depots.trip("GET", f"/ampcontrol/{NASTY}", NASTY)
    page = see(desk)
    assert NASTY in page.text
    assert not any(tag == "img" for tag, _attributes in page.tags)


def test_switches_are_turned(desk, physics):
    press(desk, see(desk).form(change="switch", name="objective_off", on="yes"))
    assert physics.depots.is_on("objective_off")
    press(desk, see(desk).form(change="switch", name="objective_off", on="no"))
    assert not physics.depots.is_on("objective_off")


def test_faults_are_switched_on_for_ampcontrol_alone(world, desk, http):
    for kind in ENERGY_KINDS:
        press(desk, see(desk).form(change="fault"), kind=kind, count="2")
    assert {each.path for each in world.faults.active} == {"/ampcontrol/"}
    world.faults.add("latency", path="bookings")
    press(desk, see(desk).form(change="no-faults"))
    assert [each.path for each in world.faults.active] == ["bookings"]
    press(desk, {"what": "charging", "change": "fault", "kind": "flood"})
    assert len(world.faults.active) == 1


def test_the_tripwire_is_cleared(desk, physics):
    physics.depots.trip("POST", "/ampcontrol/v2/charging_sessions/", "nobody may")
    press(desk, see(desk).form(change="tripwire"))
    assert physics.depots.tripped == []


def test_a_world_without_depots(world):
    app = create_app(build_world(now=world.clock.now(), locations=3))
    with httpx.Client(
        transport=httpx.WSGITransport(app), base_url="http://operator.test"
    ) as client:
        assert "This world has no depots." in client.get("/charging").text


def test_control_tells_how_it_is(world, desk, physics):
    plug_in_everywhere(world)
    told = desk.get(CONTROL).json()
    assert {each["name"] for each in told["networks"]} == {"Red Hook depot", "Delancey garage"}
    for network in told["networks"]:
        assert 0 < network["load_kw"] <= network["line_kw"]
    vehicles = {each["key"]: each for each in told["vehicles"]}
    assert vehicles["van-7"]["id"] == physics.depots.vehicle_of["van-7"].id
    # What the vehicle itself does not tell is known here.
    assert 0 < vehicles["van-33"]["percent"] <= 100


def test_control_of_the_tripwire(desk, http):
    assert desk.get(f"{CONTROL}/tripwire").json() == []
    http.post("/v2/charging_sessions/", json={})
    (tripped,) = desk.get(f"{CONTROL}/tripwire").json()
    assert (tripped["method"], tripped["path"]) == ("POST", "/ampcontrol/v2/charging_sessions/")
    assert desk.delete(f"{CONTROL}/tripwire").json() == [tripped]
    assert desk.get(f"{CONTROL}/tripwire").json() == []


def test_control_of_the_switches(desk, http):
    told = desk.post(f"{CONTROL}/switches", json={"stale_departures": True, "rate_limit": 1}).json()
    assert told == {
        "objective_off": False,
        "unlinked_tags": False,
        "stale_departures": True,
        "rate_limit": 1,
    }
    assert desk.get(f"{CONTROL}/switches").json() == told
    assert [http.get("/v2/users/me").status_code for _ in range(2)] == [200, 429]
    for wrong in ({"gravity_off": True}, {"objective_off": 1}, {"rate_limit": 0}):
        assert desk.post(f"{CONTROL}/switches", json=wrong).status_code == 422


def test_control_of_a_battery(world, desk, get, physics):
    physics.look()
    assert desk.post(f"{CONTROL}/vehicles/van-14", json={"percent": 20}).status_code == 200
    world.clock.advance(timedelta(minutes=6))
    told = {each["key"]: each["percent"] for each in desk.get(CONTROL).json()["vehicles"]}
    assert told["van-14"] == pytest.approx(20, abs=2)
    assert desk.post(f"{CONTROL}/vehicles/van-99", json={"percent": 20}).status_code == 404
    assert desk.post(f"{CONTROL}/vehicles/van-14", json={"percent": 200}).status_code == 422


def test_another_site_pulls_no_string(desk):
    headers = {"Origin": "http://elsewhere.test", "Sec-Fetch-Site": "cross-site"}
    assert desk.delete(f"{CONTROL}/tripwire", headers=headers).status_code == 403
    assert desk.post("/do", data={"what": "charging"}, headers=headers).status_code == 403
