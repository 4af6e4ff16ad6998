"""Power is shared out under the line, and what the meter counts is what batteries got."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.api import sessions
from sandbox.energy.attach import physics_of
from sandbox.energy.cast import BY_KEY
from sandbox.energy.physics import PER_QUARTER
from sandbox.energy.power import line
from sandbox.energy.power.batteries import STEP, number_of, time_of
from sandbox.energy.power.battery import LOSSES, fill, most_kw, peak_share
from sandbox.energy.routine import trip_on
from sandbox.prices.bill import bill_of
from sandbox.world.build import build_world
from sandbox.world.cast import ANA
from sandbox.world.walk_ins import taken_at
from tests.sandbox.energy.conftest import NOW, network_called

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# Drivers whose vehicles Ampcontrol knows.
DRIVERS = (7001, 7003, 7006, 7007, 7009, 7010, 7012, 7024, 7021, 7023, 7002, 7005)
HOURS_OF_DAY = (
    datetime(2026, 3, 4, 1, 7, 30, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 59, tzinfo=UTC),  # the night in which New York loses an hour
    datetime(2026, 11, 1, 5, 31, tzinfo=UTC),  # and in which it has one twice
    datetime(2026, 12, 31, 22, 45, tzinfo=UTC),  # while there is demand response
    datetime(2028, 2, 29, 12, 0, tzinfo=UTC),
)


def plug_in_everywhere(world, hours=4) -> None:
    """Let somebody charge at each EVSE of the depots, from a quarter of an hour ago on."""
    physics = physics_of(world)
    now = world.clock.now()
    for number, evse_id in enumerate(physics.depots.plug_of_evse):
        evse = world.evses[evse_id]
        location_id = world.charge_points[evse.charge_point_id].location_id
        driver = DRIVERS[number] if number < len(DRIVERS) else None
        booking = world.add_booking(
            location_id=location_id,
            evse_id=evse_id,
            start_at=now - 15 * MINUTE - number * MINUTE,
            end_at=now + hours * HOUR,
            user_id=driver,
        )
        world.start_session(booking)


def quarters(physics):
    """Yield (network, when, kW over a quarter of an hour)."""
    charges = physics.arrivals.charges
    for network in physics.depots.networks.values():
        drawn: dict[int, float] = defaultdict(float)
        for number, taken in physics.steps.items():
            for key, step in taken.items():
                if charges[key].plug.charger.network is network:
                    drawn[number // PER_QUARTER] += step.kwh
        for quarter, kwh in sorted(drawn.items()):
            yield network, time_of(quarter * PER_QUARTER), kwh * 4


def _is_at(physics, key, network) -> bool:
    return physics.arrivals.charges[key].plug.charger.network is network


@pytest.mark.parametrize("now", HOURS_OF_DAY, ids=str)
def test_never_over_the_line_nor_over_the_brim(now):
    world = build_world(now=now)
    physics = physics_of(world)
    physics.look()
    plug_in_everywhere(world)
    for _ in range(30):
        world.clock.advance(HOUR / 2)
        world.tick()
        physics.look()
    for network, at, kw in quarters(physics):
        assert kw <= line.usable_kw(network.site, at) + 1e-6, (network.site.name, at)
    # At Delancey it is the line that binds, and not that nobody wanted more.
    delancey = network_called(physics, "Delancey")
    given = [
        sum(step.limit_kw for key, step in taken.items() if _is_at(physics, key, delancey))
        / line.usable_kw(delancey.site, time_of(number))
        for number, taken in physics.steps.items()
    ]
    assert max(given) == pytest.approx(1)
    for told in physics.told.values():
        assert all(0 < each.percent <= 100 for each in told.values())
    for taken in physics.steps.values():
        for step in taken.values():
            assert 0 <= step.percent <= 100
            assert step.kw <= step.limit_kw + 1e-9


def test_a_meter_counts_what_the_battery_got_and_what_was_lost(world, physics):
    physics.look()
    plug_in_everywhere(world)
    world.clock.advance(3 * HOUR)
    world.tick()
    physics.look()
    seen = set()
    for charge in physics.arrivals.charges.values():
        if charge.session is None:
            continue
        energy = physics.now.delivered[charge.key]
        gained = physics.now.gained[charge.key]
        loss = LOSSES[charge.plug.current]
        seen.add(charge.plug.current)
        assert gained == pytest.approx(energy * loss)
        # What was measured step by step is the same.
        steps = [taken[charge.key] for taken in physics.steps.values() if charge.key in taken]
        assert sum(step.kwh for step in steps) == pytest.approx(energy)
        # And AMPECO says so, in Wh, with what has flowed since the last step.
        told = sessions.payload(world, charge.session)["energy"]
        assert told == pytest.approx(physics.energy_of(charge.key) * 1000, abs=0.51)
        assert told >= energy * 1000 - 0.51
    assert seen == {"ac", "dc"}


def test_a_bill_stays_when_the_meter_has_forgotten(world, physics):
    plug_in_everywhere(world, hours=6)
    world.clock.advance(7 * HOUR)
    world.tick()
    over = [each for each in world.sessions.values() if each.stops_at < world.clock.now()]
    bills = [bill_of(world, session) for session in over]
    assert any(part.type == "idle_time" for bill in bills for part in bill.parts)
    world.clock.advance(6 * 24 * HOUR)
    assert all(physics.curve_of(session) == [] for session in over)
    assert [bill_of(world, session) for session in over] == bills


def test_energy_of_a_session_grows_and_then_stays(world, physics):
    plug_in_everywhere(world, hours=1)
    session = next(iter(world.sessions.values()))
    told = []
    for _ in range(80):
        world.clock.advance(timedelta(seconds=70))
        told.append(sessions.payload(world, session)["energy"])
    assert told == sorted(told)
    assert told[-1] > told[0] > 0
    world.clock.advance(30 * HOUR)
    assert sessions.payload(world, session)["energy"] == told[-1]


def test_looking_often_or_once_is_the_same(physics, world):
    other = build_world(now=NOW)
    for one in (world, other):
        one.no_show_share = 0
        physics_of(one).look()
        plug_in_everywhere(one)
    for _ in range(100):
        world.clock.advance(5 * MINUTE + timedelta(seconds=11))
        world.tick()
        physics.look()
    other.clock.advance(world.clock.now() - other.clock.now())
    other.tick()
    physics_of(other).look()
    assert physics_of(other).now == physics.now
    assert physics_of(other).steps == physics.steps


def test_what_began_earlier_than_was_known_counts_from_then(world, physics):
    physics.look()
    plug_in_everywhere(world)
    first = next(iter(world.sessions.values()))
    assert first.started_at < NOW
    assert sessions.payload(world, first)["energy"] > 0


def test_the_powers_of_a_session_are_those_of_its_curve(world, physics):
    plug_in_everywhere(world, hours=1)
    session = next(iter(world.sessions.values()))
    start = session.started_at
    world.curve = lambda _session: [
        (start, 0.0, 138.2),
        (start + 5 * MINUTE, 11.5, 20.5),
        (start + 10 * MINUTE, 13.2, 0.0),
    ]
    told = sessions.payload(world, session)["power"]
    assert (told["peak"], told["latest"]) == (138200, 20500)


def test_a_session_from_before_the_depots_began_has_what_others_have(world):
    evse_id = next(iter(physics_of(world).depots.plug_of_evse))
    booking = world.add_booking(
        location_id=101,
        evse_id=evse_id,
        start_at=NOW - timedelta(days=9),
        end_at=NOW - timedelta(days=9) + HOUR,
        user_id=ANA.id,
    )
    session = world.start_session(booking)
    expected = taken_at(session, session.stops_at) * 1000
    told = sessions.payload(world, session)
    assert told["energy"] == pytest.approx(expected, abs=1)
    assert told["power"]["peak"] == session.power_kw * 1000
    assert len(sessions.curve_of(world, session)) > 50


def test_batteries_taper():
    van = BY_KEY["van-14"]
    powers = [
        most_kw(van, percent * 0.89, current="dc", evse_kw=500) for percent in (5, 30, 60, 85, 95)
    ]
    assert powers[1] > powers[2] > powers[3] > powers[4] > 0
    assert powers[0] < powers[1] == van.dc_kw
    assert most_kw(van, 89, current="dc", evse_kw=500) == 0
    assert most_kw(van, 40, current="ac", evse_kw=500) == van.ac_kw
    assert most_kw(van, 40, current="ac", evse_kw=7) == 7
    assert fill(van, 88.9, current="dc", kw=100, hours=1) == pytest.approx(0.1 / 0.95)
    assert peak_share(1.0) == 0


def test_demand_response_is_a_dip(physics):
    red_hook = network_called(physics, "Red Hook")
    before, during, after = (
        line.usable_kw(red_hook.site, datetime(2026, 3, 3, hour, 30, tzinfo=UTC))
        for hour in (22, 23, 25 - 24)
    )
    # It is there from 18 to 20 o'clock in New York, which are 23 to 1 o'clock here.
    assert before - during > 100
    assert after > during


def test_days_of_vehicles(world, physics):
    """Over two weeks some come late, stay at home, or are forgotten to be plugged in."""

    vans = [car for key, car in BY_KEY.items() if key.startswith("van")]
    days = [NOW.date() + timedelta(days=number) for number in range(14)]
    trips = [trip_on(van, day, world.seed) for van in vans for day in days]
    known = [each for each in trips if each is not None]
    assert 0 < trips.count(None) < len(trips) / 4
    assert any(each.plugged_at is None for each in known)
    assert any(each.back_at - each.planned_back >= 20 * MINUTE for each in known)
    assert all(each.left_at < each.back_at for each in known)


def test_a_clock_set_back_or_far_ahead(world, physics):
    physics.look()
    world.clock.advance(timedelta(days=200))
    physics.look()
    assert physics.now.at <= world.clock.now() < physics.now.at + STEP
    world.clock.advance(timedelta(days=-200))
    physics.look()
    assert number_of(physics.now.at) == number_of(NOW)


def test_days_go_by_and_old_steps_are_forgotten(world, physics):
    for _ in range(9 * 4):
        world.clock.advance(6 * HOUR)
        world.tick()
        physics.look()
    assert len(physics.steps) <= 4 * 24 * 3600 / STEP.total_seconds() + 1
    assert {each.percent for each in physics.told["van-7"].values()} != {100.0}


def test_nothing_is_steered_with_the_objective_off(world, physics, get):
    physics.look()
    plug_in_everywhere(world)
    delancey = network_called(physics, "Delancey")
    physics.depots.switch("objective_off", on=True)
    world.clock.advance(HOUR)
    over = [
        kw / line.usable_kw(network.site, at)
        for network, at, kw in quarters(_looked(world, physics))
        if network is delancey
    ]
    assert max(over) > 1
    assert get(f"/v2/networks/{delancey.id}")[0]["objective"] == "off"
    assert get("/v2/optimizations/", network=delancey.id) == []
    names = {each["name"] for each in get("/v2/alerts/", network=delancey.id)}
    assert "METER_VALUE_LIMIT_VIOLATION" in names
    physics.depots.switch("objective_off", on=False)
    world.clock.advance(HOUR)
    _looked(world, physics)
    assert physics.load_of(delancey) <= line.usable_kw(delancey.site, world.clock.now()) + 1e-6


def _looked(world, physics):
    world.tick()
    physics.look()
    return physics


def test_who_leaves_first_is_first_and_unlinked_come_last(world, physics, get):
    """At Red Hook, where sessions are planned, whoever is not linked gets what is left."""
    physics.look()
    red_hook = network_called(physics, "Red Hook")
    evses = [
        each.evse_id
        for each in physics.depots.plugs.values()
        if each.evse_id and each.charger.network is red_hook and each.current == "dc"
    ]
    for evse_id, driver in zip(evses, (7012, 7009, 7001), strict=True):
        booking = world.add_booking(
            location_id=101,
            evse_id=evse_id,
            start_at=NOW - 10 * MINUTE,
            end_at=NOW + 3 * HOUR,
            user_id=driver,
        )
        world.start_session(booking)
    for key in ("van-18", "van-27", "van-14"):
        physics.depots.fill(key, 20)
    world.clock.advance(9 * MINUTE)
    _looked(world, physics)
    at_line = line.usable_kw(red_hook.site, world.clock.now())
    asked = {charge.car.key: taker for charge, taker in physics.takers_of(red_hook)}
    assert (asked["van-18"].planned, asked["van-27"].planned) == (True, False)
    limits = {
        charge.car.key: physics.limits[red_hook.id][charge.key]
        for charge, _taker in physics.takers_of(red_hook)
    }
    assert sum(limits.values()) <= at_line + 1e-6
    assert limits["van-18"] == pytest.approx(176)
    assert limits["van-27"] < limits["van-14"]
    sessions = get("/v2/charging_sessions/", network=red_hook.id)
    unlinked = [each for each in sessions if each["vehicleId"] is None]
    assert [each["idTag"] for each in unlinked] == [tag.uid for tag in world.tags_of(7009)]


def test_a_charger_that_breaks_gives_nothing_and_others_get_its_share(world, physics, get):
    physics.look()
    plug_in_everywhere(world)
    for key in BY_KEY:
        physics.depots.fill(key, 20)
    world.clock.advance(20 * MINUTE)
    physics.look()
    delancey = network_called(physics, "Delancey")
    fast = [
        each
        for each in physics.arrivals.active(world.clock.now())
        if each.plug.charger.network is delancey and each.plug.current == "dc"
    ]
    broken, other = fast[0], fast[1]
    before = physics.limits[delancey.id][other.key]
    world.set_evse_status(broken.plug.evse_id, "out of order")
    world.clock.advance(20 * MINUTE)
    physics.look()
    assert physics.power_of(broken) == 0
    assert physics.limits[delancey.id][other.key] > before
    assert get(f"/v2/connectors/{broken.plug.id}")[0]["ocppStatus"] == "Faulted"


def test_a_session_that_is_cut_short_stops_there(world, physics):
    physics.look()
    plug_in_everywhere(world)
    booking = next(each for each in world.bookings.values() if each.session_id == 1)
    world.clock.advance(20 * MINUTE)
    physics.look()
    world.move_booking(booking, end_at=world.clock.now() + MINUTE)
    world._stop_session_with(booking)
    stopped = sessions.payload(world, world.sessions[1])["energy"]
    world.clock.advance(HOUR)
    later = sessions.payload(world, world.sessions[1])["energy"]
    assert later == pytest.approx(stopped, abs=1)
