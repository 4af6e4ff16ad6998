"""What drivers charge without a booking at the simulated operator, and what becomes of it."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from sandbox.api.billing import transaction
from sandbox.api.sessions import payload
from sandbox.world import accounts
from sandbox.world.build import build_world
from sandbox.world.cast import ANA, HUDSON
from tests.sandbox.conftest import API, HOUR, NOW

MINUTE = timedelta(minutes=1)


@pytest.fixture
def busy(world):
    """The world of drivers who have charged for three months."""
    world.walk_ins_a_day, world.walk_in_months = 0.3, 3
    return world


def test_without_being_asked_for_there_are_none(world):
    assert accounts.all_sessions(world) == []


def test_a_trickle_that_is_the_same_whenever_one_looks(busy):
    found = list(accounts.all_sessions(busy))
    assert 300 < len(found) < 900
    ids = [each.id for each in found]
    assert ids == sorted(set(ids))
    assert all(each.started_at <= NOW for each in found)
    again = build_world(now=NOW)
    again.walk_ins_a_day, again.walk_in_months = 0.3, 3
    assert list(accounts.all_sessions(again)) == found
    busy.clock.advance(timedelta(days=3))
    later = {each.id: each for each in accounts.all_sessions(busy)}
    kept = [each for each in found if each.id in later]
    assert len(kept) > len(found) * 0.9
    assert all(later[each.id] == each for each in kept)
    assert max(later) > max(ids)


def test_few_charge_at_another_operators(busy):
    abroad = [each for each in accounts.all_sessions(busy) if each.cpo]
    assert abroad
    told = payload(busy, abroad[0])
    assert told["evseId"] not in busy.evses
    assert told["roaming"]["roamingOperatorCpoId"]


def test_who_may_charges_often_at_the_companys_depot(busy):
    at_depot = {point.id for point in busy.charge_points.values() if point.partner_id == HUDSON}
    may = {
        user.id
        for user in busy.users.values()
        if any(each.partner_id == HUDSON and each.private for each in user.invites)
    }
    theirs = [each for each in accounts.all_sessions(busy) if each.user_id in may]
    share = sum(each.charge_point_id in at_depot for each in theirs) / len(theirs)
    assert 0.4 < share < 0.8


def test_parts_add_up_to_the_cent(busy):
    for each in accounts.all_sessions(busy):
        told = payload(busy, each, parts=True)
        for tax in ("withTax", "withoutTax"):
            parts = [Decimal(str(part["price"][tax])) for part in told["priceBreakdown"]]
            assert sum(parts) == Decimal(str(told["totalAmount"][tax]))


def test_course_of_a_payment(world, http):
    world.failed_payment_share = world.refunded_share = 0
    session = world.add_session(
        user_id=ANA.id,
        evse_id=5001,
        started_at=NOW - HOUR,
        stops_at=NOW + HOUR,
        wants_kwh=30,
    )

    def told() -> dict:
        return http.get(f"{API}/sessions/v1.0/{session.id}").json()["data"]

    assert (told()["status"], told()["paymentStatus"]) == ("active", None)
    assert "bookingId" not in told()
    world.clock.advance(HOUR + 2 * MINUTE)
    assert (told()["billingStatus"], told()["paymentStatus"]) == ("completed", "pending")
    (one,) = accounts.transactions_of(world, session)
    assert transaction(world, one)["status"] == "pending"
    assert transaction(world, one)["finalizedAt"] is None
    world.clock.advance(timedelta(days=2))
    assert told()["paymentStatus"] == "paid"
    paid = transaction(world, one)
    assert (paid["status"], paid["totalAmount"]) == ("finalized", told()["totalAmount"]["withTax"])
    receipt = http.get(f"{API}/receipts/v2.0/{told()['receiptId']}").json()["data"]
    assert receipt["totalAmount"] == paid["totalAmount"]


def test_some_payments_fail_and_some_of_those_are_made_good(busy):
    busy.failed_payment_share, busy.refunded_share = 0.4, 0.1
    busy.clock.advance(timedelta(days=10))
    counted = Counter(
        accounts.status_of(busy, one)[1] for one in accounts.transactions_by_now(busy)
    )
    assert counted.keys() == {"pending", "finalized", "failed", "refunded"}
    again = [
        session
        for session in accounts.all_sessions(busy)
        if len(accounts.transactions_of(busy, session)) == 2
    ]
    assert again


def test_what_changed_since(busy, http):
    everything = http.get(f"{API}/sessions/v1.0?per_page=1").json()["meta"]["total"]
    wire = (NOW - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    url = f"{API}/sessions/v1.0?per_page=100&filter[lastUpdatedAfter]={wire}"
    changed = http.get(url).json()
    assert 0 < changed["meta"]["total"] < everything / 5
    assert all(each["lastUpdatedAt"] >= wire for each in changed["data"])
    oldest = accounts.all_sessions(busy)[0]
    busy.clock.advance(MINUTE)
    http.post(f"/control/sessions/{oldest.id}", json={"amount": 3.21, "currency": "JPY"})
    changed = http.get(url).json()["data"]
    (found,) = [each for each in changed if each["id"] == str(oldest.id)]
    assert (found["totalAmount"]["withTax"], found["currency"]) == (3.21, "JPY")


def test_sessions_are_made_and_corrected_by_hand(world, http):
    body = {
        "userId": ANA.id,
        "evseId": 5001,
        "startedAt": (NOW - 3 * HOUR).isoformat(),
        "stopsAt": (NOW - HOUR).isoformat(),
        "kwh": 12.5,
    }
    made = http.post("/control/sessions", json=body).json()
    assert (made["status"], made["energy"]) == ("finished", 12500)
    url = f"/control/sessions/{made['id']}"
    corrected = http.post(url, json={"kwh": 10, "status": "failed", "extends": 7}).json()
    assert (corrected["energy"], corrected["status"]) == (10000, "failed")
    assert corrected["originalSessionId"] == 7
    assert http.post(url, json={"payment": "refunded"}).status_code == 200
    (one,) = accounts.transactions_of(world, world.sessions[int(made["id"])])
    assert accounts.status_of(world, one)[1] == "refunded"
    for nonsense in ({"kwh": -1}, {"amount": "x"}, {"status": "odd"}, {"payment": 5}):
        assert http.post(url, json=nonsense).status_code == 422
    assert http.post("/control/sessions/999", json={}).status_code == 404
    assert http.post("/control/sessions", json=body | {"stopsAt": body["startedAt"]}).is_error
