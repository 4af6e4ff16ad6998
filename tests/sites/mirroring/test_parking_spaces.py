"""Parking spaces, the last list of a full run."""

from datetime import timedelta

import httpx
import pytest
from django.utils.timezone import now

from mirror.models import SyncRun
from sandbox.world.records import ParkingSpace as Space
from sites.mirroring.full_walk import sync_sites
from sites.models import Evse, ParkingLimits, ParkingSpace
from sites.parking import why_no_room
from tests.sites.conftest import LONG_AGO
from vehicles.fitting import for_fitting, misfit, parking_needs
from vehicles.models import Vehicle

pytestmark = pytest.mark.django_db


@pytest.fixture
def sync(operator, ampeco_client):
    operator.add_parking_space(Space(901, "P 1", 1, [111], LONG_AGO))
    operator.add_parking_space(Space(902, "P 2", 3, [113, 120], LONG_AGO))
    operator.add_parking_space(Space(903, "Elsewhere", 77, [5], LONG_AGO))
    return lambda *, full=True: sync_sites(client=ampeco_client, full=full)


def spaces_by_charger() -> dict[int, list[str]]:
    return {
        evse.ampeco_id: [space.label for space in evse.parking_spaces.filter(retired_at=None)]
        for evse in Evse.objects.order_by("ampeco_id")
    }


def test_they_are_mirrored_with_their_chargers(sync):
    run = sync()
    assert run.state == SyncRun.State.FINISHED
    assert run.counts["parking_spaces"] == {
        "seen": 2, "new": 2, "changed": 0, "retired": 0, "skipped": 1,
    }  # fmt: skip
    assert spaces_by_charger() == {111: ["P 1"], 112: [], 113: ["P 2"], 120: ["P 2"]}


def test_what_changes_or_vanishes_is_followed_and_what_staff_noted_stays(sync, operator):
    sync()
    ParkingLimits.objects.create(
        space=ParkingSpace.objects.get(ampeco_id=902), max_length_cm=500, vehicle_types=[]
    )
    operator.parking_spaces[902].evse_ids = [120, 112]
    operator.parking_spaces[902].label = "P 2a"
    del operator.parking_spaces[901]
    counts = sync().counts["parking_spaces"]
    assert (counts["changed"], counts["retired"]) == (1, 1)
    assert spaces_by_charger() == {111: [], 112: ["P 2a"], 113: [], 120: ["P 2a"]}
    long = Vehicle(number="Truck 1", length_cm=1200)
    told = {evse.ampeco_id: misfit(long, evse) for evse in for_fitting(Evse.objects.all())}
    assert "12.00 m" in told[112]
    assert told[111] == ""


def test_one_that_cannot_be_read_retires_none(sync, wire):
    sync()

    def spoil(request):
        if "/parking-spaces/" not in request.url.path:
            return None
        answer = wire._operator.handle_request(request)
        answer.read()
        told = answer.json()
        told["data"][0]["id"] = None
        return httpx.Response(200, json=told)

    wire.intercept = spoil
    counts = sync().counts["parking_spaces"]
    assert (counts["skipped"], counts["retired"]) == (2, 0)
    assert ParkingSpace.objects.filter(retired_at=None).count() == 2


def test_an_operator_whose_spaces_are_all_elsewhere_is_mirrored(sync, operator):
    del operator.parking_spaces[901], operator.parking_spaces[902]
    run = sync()
    assert (run.state, run.problem) == (SyncRun.State.FINISHED, "")


def test_a_delta_costs_no_call_for_them(sync, wire):
    sync()
    before = wire.count("/parking-spaces/")
    sync(full=False)
    assert wire.count("/parking-spaces/") == before == 1


@pytest.mark.parametrize("status", [403, 404])
def test_an_operator_who_shows_none_leaves_the_feature_out_and_staff_are_told(sync, wire, status):
    sync()
    wire.intercept = lambda request: (
        httpx.Response(status, json={"message": "no"})
        if "/parking-spaces/" in request.url.path
        else None
    )
    run = sync()
    assert run.state == SyncRun.State.FINISHED
    assert run.counts["parking_spaces_forbidden"] is True
    assert "parking spaces" in run.problem
    # What is known stays known.
    assert ParkingSpace.objects.filter(retired_at=None).count() == 2


def test_forty_chargers_cost_as_many_queries_as_one(sync, operator, django_assert_num_queries):
    operator.fill(40)
    for number, evse in enumerate(list(operator.evses), start=1000):
        operator.add_parking_space(Space(number, f"S {number}", 1, [evse], now() - timedelta(1)))
    sync()
    for space in ParkingSpace.objects.all():
        ParkingLimits.objects.create(space=space, max_height_cm=200)
    needs = parking_needs(Vehicle(number="Van 1", height_cm=270))
    for count in (1, 40):
        # Chargers, their plugs, their spaces, the spaces' limits.
        with django_assert_num_queries(4):
            told = [why_no_room(needs, evse) for evse in for_fitting(Evse.objects.all()[:count])]
        assert len(told) == count
        assert all(told)
