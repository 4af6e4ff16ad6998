"""What the operator remembers when its process is gone."""

import json
from datetime import timedelta

import pytest

from sandbox.prices.bill import bill_of
from sandbox.world import accounts
from sandbox.world.build import build_world
from sandbox.world.cast import ANA
from sandbox.world.state import StateUnreadable
from tests.sandbox.conftest import HOUR, NOW, SOON


@pytest.fixture
def path(tmp_path):
    return tmp_path / "operator.json"


@pytest.fixture
def wake(path):
    """Build the world anew, as a new process does, with what the file remembers."""

    def wake():
        world = build_world(now=NOW)
        world.no_show_share = 0
        world.state_file = path
        world.load()
        return world

    return wake


@pytest.fixture
def world(wake):
    return wake()


def ask(world, **changes):
    fields = {
        "type": "create",
        "user_id": ANA.id,
        "location_id": 101,
        "start_at": SOON + timedelta(days=20),
        "end_at": SOON + timedelta(days=20, hours=1),
        "external_id": "ours",
    }
    return world.ask(**(fields | changes))


def test_nothing_is_written_before_anything_happens(world, path):
    world.tick()
    assert not path.exists()


def test_what_was_asked_survives(world, wake):
    world.decision_delay = 30
    asked = ask(world, criteria={"minPower": 22.5})
    again = wake()
    assert again.requests == {asked.id: asked}
    assert (again.undecided, again.by_external_id["ours"]) == ({asked.id}, [asked.id])
    assert again.decision_delay == 30
    again.clock.advance(timedelta(minutes=1))
    again.tick()
    assert again.requests[asked.id].status == "approved"
    assert wake().requests[asked.id].booking_id == again.requests[asked.id].booking_id


def test_everything_survives(world, wake):
    world.decision_delay = 0
    first = ask(world, start_at=SOON, end_at=SOON + HOUR)
    ask(world, type="cancel", booking_id=first.booking_id + 1000)
    world.set_evse_status(5001, "out of order")
    world.clock.freeze(NOW + HOUR)
    world.set_evse_status(5002, "disabled")
    world.set_evse_status(5002, "enabled")
    world.clock.freeze(SOON + HOUR / 2)
    world.tick()
    assert world.sessions
    again = wake()
    assert again.requests == world.requests
    assert again.bookings == world.bookings
    assert again.sessions == world.sessions
    assert again.evses == world.evses
    assert {pk for pk, held in again.holding.items() if held} == {
        pk for pk, held in world.holding.items() if held
    }


def test_ids_go_on(world, wake):
    world.decision_delay = 0
    first = ask(world, start_at=SOON, end_at=SOON + HOUR)
    again = wake()
    second = ask(again, start_at=SOON + HOUR, end_at=SOON + 2 * HOUR)
    assert second.id == first.id + 1
    assert second.booking_id == first.booking_id + 1
    again.clock.freeze(SOON + 2 * HOUR)
    again.tick()
    sessions = list(again.sessions)
    third = wake()
    third.clock.freeze(SOON + timedelta(days=3))
    third.tick()
    assert list(third.sessions)[: len(sessions)] == sessions
    assert list(third.sessions) == list(range(1, len(third.sessions) + 1))


def test_life_goes_on(world, wake):
    world.decision_delay = 0
    booking_id = ask(world, start_at=SOON, end_at=SOON + HOUR).booking_id
    again = wake()
    again.clock.freeze(SOON + HOUR / 2)
    again.tick()
    assert again.bookings[booking_id].status == "completed"


def test_clock_and_mode_survive(world, wake):
    world.clock.advance(timedelta(hours=5))
    world.manual = True
    world.save()
    again = wake()
    assert again.clock.offset == timedelta(hours=5)
    assert again.manual


def test_process_that_dies_while_it_writes(world, wake, path):
    world.manual = True
    ask(world)
    kept = path.read_bytes()
    ask(world, external_id="half written")
    whole = path.read_bytes()
    for cut in range(len(kept), len(whole), 37):
        path.write_bytes(whole[:cut])
        assert [each.external_id for each in wake().requests.values()] == ["ours"]
    path.write_bytes(whole[:-1])
    assert len(wake().requests) == 2


def test_after_a_half_written_line_it_can_go_on(world, wake, path):
    world.manual = True
    ask(world)
    with path.open("a") as file:
        file.write('{"requests": [{"id": 7')
    again = wake()
    ask(again, external_id="next")
    assert [each.external_id for each in wake().requests.values()] == ["ours", "next"]


def test_a_change_costs_a_line(world, path):
    world.manual = True
    ask(world)
    before = path.read_text()
    ask(world)
    world.reject(world.requests[1], "Full.")
    added = path.read_text().removeprefix(before).splitlines()
    assert [list(json.loads(line)) for line in added] == [
        ["offset", "manual", "decision_delay", "requests"]
    ] * 2
    assert sum(len(line) for line in added) < 2000


def test_starting_again_makes_the_file_short(world, wake, path):
    world.manual = True
    for _ in range(5):
        ask(world)
    assert len(path.read_text().splitlines()) == 5
    wake()
    assert len(path.read_text().splitlines()) == 1


def test_many_things_at_once_are_one_line(world, path):
    world.decision_delay = 10
    for _ in range(5):
        ask(world, evse_id=None)
    lines = len(path.read_text().splitlines())
    world.clock.advance(HOUR)
    world.tick()
    assert len(path.read_text().splitlines()) == lines + 1
    assert not world.undecided


def test_session_of_before_tariffs_were_remembered_is_given_its_own(world, wake, path):
    session = world.add_session(
        user_id=ANA.id, evse_id=5001, started_at=NOW, stops_at=NOW + HOUR, wants_kwh=9
    )
    assert session.tariff_snapshot_id is not None
    assert wake().sessions == {session.id: session}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for row in line.get("sessions", []):
            del row["tariff_snapshot_id"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert wake().sessions == {session.id: session}


def test_session_of_before_bookings_had_needs_costs_what_it_did(world, wake, path):
    booking = world.add_booking(
        location_id=101,
        evse_id=5001,
        start_at=NOW - 3 * HOUR,
        end_at=NOW - HOUR,
        user_id=ANA.id,
    )
    session = world.start_session(booking)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for row in line.get("sessions", []):
            row |= {"wants_kwh": None, "power_kw": 50}
        for row in line.get("bookings", []):
            del row["waits_for_start"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    awake = wake()
    assert awake.bookings[booking.id] == booking
    hours = (session.stops_at - session.started_at) / HOUR
    kwh = accounts.energy_kwh(awake, awake.sessions[session.id])
    assert float(kwh) == pytest.approx(hours * 50 * 0.6, abs=0.001)
    assert bill_of(awake, awake.sessions[session.id]).with_tax > 0


@pytest.mark.parametrize("content", ["", "no JSON", "[]", "{}", '{"offset": 0, "requests": [{}]}'])
def test_file_that_is_no_state(wake, path, content):
    path.write_text(content)
    with pytest.raises(StateUnreadable, match="holds no state"):
        wake()


def test_state_of_another_world(path):
    large = build_world(now=NOW, locations=500)
    large.state_file = path
    large.add_booking(location_id=600, evse_id=5500, start_at=SOON, end_at=SOON + HOUR)
    large.save()
    small = build_world(now=NOW, locations=2)
    small.state_file = path
    with pytest.raises(StateUnreadable, match="another world"):
        small.load()
