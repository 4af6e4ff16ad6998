"""What the simulated operator bills: by the tariff that applies, and what the portal estimated."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ampeco.types import NewBookingRequest
from sandbox.prices.charge import charge_of
from sandbox.world import accounts
from sandbox.world.cast import ANA, BEN, CARLA, JULES, NOBODYS
from sandbox.world.tariffs import (
    ADELAIDE_FAST,
    ADELAIDE_SLOW,
    ALLIANCE_DEPOT,
    FRANCE,
    HAMBURG,
    HUDSON_DEPOT,
    NEW_YORK_FAST,
    NEW_YORK_SLOW,
    RHONE_DEPOT,
    ROAMING,
)
from tariffs.estimates import Estimate, Need
from tariffs.mirroring import sync_tariffs
from tests.sandbox.conftest import API, HOUR, NOW, SOON
from tests.sandbox.test_prices_agree import kw
from tests.tariffs.made import tariffs_for

# Each by the group and the driver: one of every type whose price does not follow the market.
ESTIMABLE = [
    (NEW_YORK_FAST, BEN, "standard"),
    (NEW_YORK_SLOW, BEN, "duration+energy"),
    (NEW_YORK_SLOW, ANA, "duration+energy"),
    (HUDSON_DEPOT, CARLA, "duration+energy time of day"),
    (HUDSON_DEPOT, ANA, "flat rate"),
    (ALLIANCE_DEPOT, CARLA, "average power levels"),
    (FRANCE, NOBODYS, "standard_tod"),
    (RHONE_DEPOT, JULES, "free"),
    (ADELAIDE_FAST, BEN, "peak power levels"),
    (ADELAIDE_SLOW, BEN, "duration+energy"),
]
# From noon on; over the ends of days and nights in America, Europe and Australia.
TIMES = [SOON, SOON + 9 * HOUR, SOON + 13.5 * HOUR]


@pytest.fixture
def operator_world(world):
    return world


def evse_of(world, group: int):
    return next(
        each
        for each in world.evses.values()
        if each.tariff_group_id == group and world.is_bookable(each)
    )


def estimate_of(world, session, user_id: int, client) -> Estimate:
    """Return what the portal says beforehand, for the energy and the times of a session."""
    sync_tariffs(client=client)
    evse = world.evses[session.evse_id]
    zone = ZoneInfo(world.locations[world.charge_points[evse.charge_point_id].location_id].timezone)
    day = session.started_at.astimezone(zone).date()
    tariffs = tariffs_for({evse.tariff_group_id}, user_id=user_id)
    charge = charge_of(world, session)
    drawn = accounts.energy_kwh(world, session)
    found = tariffs.on(evse.tariff_group_id, day).estimate(
        start_at=session.started_at,
        end_at=session.stops_at,
        zone=zone,
        need=Need(drawn, kw(int(drawn * 1000), (charge.full_at - charge.starts_at).seconds)),
    )
    assert found is not None
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("start_at", TIMES)
@pytest.mark.parametrize(("group", "user", "kind"), ESTIMABLE)
def test_booking_costs_what_was_estimated(operator, ampeco_client, group, user, kind, start_at):
    evse = evse_of(operator, group)
    asked = ampeco_client.create_booking_request(
        NewBookingRequest(
            user_id=user.id,
            location_id=operator.charge_points[evse.charge_point_id].location_id,
            evse_id=evse.id,
            external_id="ours",
            start_at=start_at,
            end_at=start_at + 2.5 * HOUR,
        )
    )
    assert asked.status == "approved"
    operator.clock.freeze(start_at + timedelta(hours=3))
    booking = ampeco_client.read_booking(asked.booking_id)
    told = ampeco_client.read_session(booking.session_id)
    applies = ampeco_client.tariff_for_user(group, user.id)
    held = ampeco_client.read_tariff_snapshot(told.tariff_snapshot_id)
    assert (held.tariff_id, held.tariff.type) == (applies.id, kind)
    session = operator.sessions[int(told.id)]
    found = estimate_of(operator, session, user.id, ampeco_client)
    assert found.total == told.amount
    assert (kind == "free") == (told.amount == 0)
    assert told.currency == held.tariff.currency == found.currency


@pytest.mark.django_db
@pytest.mark.parametrize(("group", "user", "kind"), ESTIMABLE)
def test_standing_there_when_full_costs_what_was_estimated(
    operator, http, ampeco_client, group, user, kind
):
    evse = evse_of(operator, group)
    start = SOON + timedelta(minutes=7, seconds=13)
    body = {
        "userId": user.id,
        "evseId": evse.id,
        "startedAt": start.isoformat(),
        "stopsAt": (start + 4 * HOUR).isoformat(),
        "kwh": 60 if evse.power_kw > 40 else 6.5,
    }
    operator.clock.freeze(start + 5 * HOUR)
    made = http.post("/control/sessions", json=body).json()
    told = ampeco_client.read_session(made["id"])
    session = operator.sessions[int(told.id)]
    assert charge_of(operator, session).full_at < session.stops_at - HOUR
    found = estimate_of(operator, session, user.id, ampeco_client)
    assert found.total == told.amount


def test_price_follows_the_market(world, http):
    """The electricity costs 0.17 by night, 0.24 by day and 0.31 in the evening."""
    for group, user, start, price in (
        (FRANCE, JULES, SOON, 0.24 * 1.1 + 0.04),
        (FRANCE, JULES, SOON + 12 * HOUR, 0.17 * 1.1 + 0.04),
        (HAMBURG, BEN, SOON, 0.24),
        (HAMBURG, BEN, SOON + 5 * HOUR, 0.31),
        (HAMBURG, BEN, SOON + 12 * HOUR, 0.29),
    ):
        (part,) = [each for each in bill(world, http, group, user, start) if each["unit"] == "kwh"]
        assert part["unitPrice"] == pytest.approx(price)


def bill(world, http, group: int, user, start: datetime) -> list[dict]:
    session = world.add_session(
        user_id=user.id,
        evse_id=evse_of(world, group).id,
        started_at=start,
        stops_at=start + HOUR,
        wants_kwh=10,
    )
    world.clock.freeze(start + 2 * HOUR)
    address = f"{API}/sessions/v1.0/{session.id}?withPriceBreakdown=true"
    return http.get(address).json()["data"]["priceBreakdown"]


def test_what_held_when_it_began_holds(world, http):
    session = world.add_session(
        user_id=BEN.id,
        evse_id=evse_of(world, ADELAIDE_SLOW).id,
        started_at=NOW,
        stops_at=NOW + 2 * HOUR,
        wants_kwh=5,
    )
    tariff = world.tariffs[312]
    tariff.versions.append(tariff.pricing | {"pricePerKwh": 9.0})
    world.evses[session.evse_id].tariff_group_id = HUDSON_DEPOT
    world.clock.advance(3 * HOUR)
    told = http.get(f"{API}/sessions/v1.0/{session.id}?withPriceBreakdown=true").json()["data"]
    energy = next(part for part in told["priceBreakdown"] if part["type"] == "energy")
    assert energy["price"]["withTax"] == 2.25
    snapshot = http.get(f"{API}/tariff-snapshots/v1.0/{told['tariffSnapshotId']}").json()["data"]
    assert (snapshot["tariffId"], snapshot["pricing"]["pricePerKwh"]) == (312, 0.45)


def test_what_is_free_is_not_paid(world, http):
    session = world.add_session(
        user_id=JULES.id,
        evse_id=evse_of(world, RHONE_DEPOT).id,
        started_at=NOW - 3 * HOUR,
        stops_at=NOW - 2 * HOUR,
        wants_kwh=20,
    )
    told = http.get(f"{API}/sessions/v1.0/{session.id}").json()["data"]
    assert told["totalAmount"] == {"withTax": 0, "withoutTax": 0}
    assert (told["currency"], told["billingStatus"]) == ("EUR", "completed")
    assert (told["paymentStatus"], told["receiptId"]) == (None, None)
    assert accounts.transactions_by_now(world) == []


def test_nobody_charges_where_it_is_not_allowed(world):
    world.walk_ins_a_day, world.walk_in_months = 0.5, 1
    sessions = accounts.all_sessions(world)
    assert {each.cpo != "" for each in sessions} == {True, False}
    for each in sessions:
        tariff = world.tariffs[each.tariff_snapshot_id // 100]
        assert tariff.type != "charging not allowed"
        assert (tariff.id == ROAMING) == bool(each.cpo)


def test_running_session_is_billed_as_far_as_it_has_come(world, http):
    session = world.add_session(
        user_id=BEN.id,
        evse_id=evse_of(world, NEW_YORK_SLOW).id,
        started_at=NOW,
        stops_at=NOW + 3 * HOUR,
        wants_kwh=10,
    )
    amounts = []
    for _ in range(4):
        told = http.get(f"{API}/sessions/v1.0/{session.id}").json()["data"]
        amounts.append(Decimal(str(told["totalAmount"]["withTax"])))
        world.clock.advance(50 * timedelta(minutes=1))
    assert amounts[0] == Decimal(1)  # the least price
    assert amounts == sorted(set(amounts))
