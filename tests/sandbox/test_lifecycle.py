"""What becomes of bookings as the operator's time passes."""

from datetime import timedelta
from itertools import pairwise

import pytest

from sandbox.management.first_vehicles import EU_VAN, US_VAN
from sandbox.world.control import start_remotely
from tests.sandbox.conftest import API, BOOKINGS, HOUR, NOW, SOON, evse_at, new_booking

MINUTE = timedelta(minutes=1)


@pytest.fixture
def booking(world, ask):
    """An approved booking of an EVSE of 120 kW, from noon till one."""
    asked = ask(new_booking(world, evse_at(world, "Adelaide"))).json()["data"]
    return world.bookings[asked["bookingId"]]


@pytest.fixture
def status_at(world, http, booking):
    """Move the clock to an instant, and read what has become of the booking."""

    def status_at(at) -> str:
        world.clock.freeze(at)
        return http.get(f"{BOOKINGS}/{booking.id}").json()["data"]["status"]

    return status_at


def test_driver_shows_up(world, http, booking, status_at):
    assert status_at(SOON - 11 * MINUTE) == "accepted"
    assert status_at(SOON - 10 * MINUTE) == "reserved"
    assert booking.session_id is None
    assert status_at(SOON + 2 * MINUTE) == "reserved"
    assert status_at(SOON + 3 * MINUTE) == "completed"
    read = http.get(f"{BOOKINGS}/{booking.id}").json()["data"]
    assert read["lastUpdatedAt"] == "2026-03-02T12:03:00Z"

    def session_at(at):
        world.clock.freeze(at)
        return http.get(f"{API}/sessions/v1.0/{read['sessionId']}").json()["data"]

    early, late = session_at(SOON + 20 * MINUTE), session_at(SOON + 40 * MINUTE)
    assert 0 < early["energy"] < late["energy"]
    assert (late["status"], late["stoppedAt"]) == ("active", None)
    over, much_later = session_at(SOON + HOUR), session_at(SOON + 9 * HOUR)
    assert (over["status"], over["stoppedAt"]) == ("finished", "2026-03-02T12:55:00Z")
    assert over["energy"] == much_later["energy"] > late["energy"]
    # The battery was full by then.
    assert over["energy"] == world.sessions[booking.session_id].wants_kwh * 1000
    assert status_at(SOON + 9 * HOUR) == "completed"


def test_some_are_late(world, booking, status_at):
    world.late_share = 1
    assert status_at(SOON + 3 * MINUTE) == "reserved"
    assert status_at(SOON + 14 * MINUTE) == "completed"
    started_at = world.sessions[booking.session_id].started_at
    assert SOON + 3 * MINUTE < started_at <= SOON + 14 * MINUTE


def test_nobody_takes_more_than_charger_and_van_bear(world, http):
    vans = (US_VAN, EU_VAN)
    for evse in list(world.evses.values()):
        location_id = world.charge_points[evse.charge_point_id].location_id
        if location_id:
            world.add_booking(
                location_id=location_id, evse_id=evse.id, start_at=SOON, end_at=SOON + 9 * HOUR
            )
    world.clock.freeze(SOON + 10 * HOUR)
    world.tick()
    assert len(world.sessions) > 100
    for session in list(world.sessions.values())[::5]:
        evse = world.evses[session.evse_id]
        told = http.get(f"{API}/sessions/v1.0/{session.id}").json()["data"]
        assert 0 < told["energy"] <= 1000 * min(van["battery_kwh"] for van in vans)
        bears = max(van[f"{evse.current_type}_kw"] for van in vans)
        assert told["power"]["peak"] <= 1000 * min(bears, evse.power_kw)


def test_power_falls_as_the_battery_fills_and_then_the_vehicle_stands_there(
    world, http, booking, status_at
):
    assert status_at(SOON + 9 * HOUR) == "completed"
    url = f"{API}/sessions/v1.0/{booking.session_id}/consumption-stats"
    points = http.get(url).json()["data"]
    assert len(points) > 50
    powers = [point["power"] for point in points]
    # Of rounded energy the power follows to some watts.
    assert all(later <= sooner + 200 for sooner, later in pairwise(powers))
    assert powers[0] == pytest.approx(115_000, rel=0.01)
    assert powers[-5:] == [0] * 5
    assert points[-1]["energy"] == points[-5]["energy"] == max(each["energy"] for each in points)


def test_driver_who_waits_for_the_start_from_afar_has_until_the_end(world, booking, status_at):
    booking.waits_for_start = True
    world.set_booking_status(booking, booking.status)
    assert status_at(SOON + 50 * MINUTE) == "reserved"
    start_remotely(world, booking, evse=world.evses[booking.evse_id], user_id=booking.user_id)
    assert status_at(SOON + 51 * MINUTE) == "completed"
    assert world.sessions[booking.session_id].started_at == SOON + 50 * MINUTE


def test_start_from_afar_that_never_came(world, booking, status_at):
    booking.waits_for_start = True
    world.set_booking_status(booking, booking.status)
    assert status_at(SOON + HOUR) == "no-show"
    assert world.sessions == {}


def test_no_show(world, booking, status_at):
    world.no_show_share = 1
    assert status_at(SOON + 14 * MINUTE) == "reserved"
    assert status_at(SOON + 15 * MINUTE) == "no-show"
    assert world.sessions == {}
    assert world.is_free(world.evses[booking.evse_id], SOON, SOON + HOUR)


def test_no_show_that_shows_up_after_all(world, booking, status_at):
    world.no_show_share = 1
    assert status_at(SOON) == "reserved"
    world.no_show_share = 0
    assert status_at(SOON + 20 * MINUTE) == "completed"


def test_charger_that_cannot_be_held(world, booking, status_at):
    world.failed_share = 1
    assert status_at(SOON - 11 * MINUTE) == "accepted"
    assert status_at(SOON - 10 * MINUTE) == "failed"
    assert world.is_free(world.evses[booking.evse_id], SOON, SOON + HOUR)


def test_shares_are_those_of_many(world):
    world.no_show_share = 0.25
    for number in range(400):
        start = SOON + number * HOUR
        world.add_booking(location_id=101, evse_id=5001, start_at=start, end_at=start + HOUR)
    world.clock.freeze(SOON + 500 * HOUR)
    world.tick()
    missed = sum(each.status == "no-show" for each in world.bookings.values())
    assert 70 <= missed <= 130
    assert missed + len(world.sessions) == 400


def test_fate_is_the_same_whatever_else_happens(world):
    def fates(world) -> list[str]:
        for number in range(40):
            start = SOON + number * HOUR
            world.add_booking(location_id=101, evse_id=5001, start_at=start, end_at=start + HOUR)
        world.clock.freeze(SOON + 50 * HOUR)
        world.no_show_share = 0.5
        world.tick()
        return [each.status for each in world.bookings.values()]

    from sandbox.world.build import build_world

    other = build_world(now=NOW, locations=1)
    other.random.random()
    assert fates(world) == fates(other)
    assert len(set(fates(build_world(now=NOW, locations=1)))) == 2


def test_days_in_one_leap_happen_in_their_order(world, http, booking, status_at):
    assert status_at(SOON + timedelta(days=3)) == "completed"
    assert booking.updated_at == SOON + 3 * MINUTE


def test_moved_booking_waits_for_its_new_start(world, booking, status_at):
    booking.start_at += 2 * HOUR
    booking.end_at += 2 * HOUR
    world.set_booking_status(booking, booking.status)
    assert status_at(SOON + HOUR) == "accepted"
    assert status_at(SOON + 2 * HOUR) == "reserved"


def test_cancelled_booking_stays_cancelled(world, ask, booking, status_at):
    ask({"type": "cancel", "bookingId": booking.id})
    assert status_at(SOON + HOUR) == "cancelled"


def test_clock_that_goes_back_undoes_nothing(world, booking, status_at):
    assert status_at(SOON) == "reserved"
    assert status_at(NOW) == "reserved"
    assert status_at(SOON + 3 * MINUTE) == "completed"


def test_short_booking_has_a_session_that_ends_after_it_began(world, http):
    world.add_booking(location_id=101, evse_id=5001, start_at=SOON, end_at=SOON + 5 * MINUTE)
    world.clock.freeze(SOON + HOUR)
    assert http.get(f"{BOOKINGS}/1").json()["data"]["sessionId"] == 1
    session = http.get(f"{API}/sessions/v1.0/1").json()["data"]
    assert session["stoppedAt"] > session["startedAt"]
