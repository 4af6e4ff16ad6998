"""Which tariff the simulated operator says applies to whom."""

from datetime import timedelta

import pytest

from ampeco.types.tariffs import TARIFF_TYPES
from sandbox.world.cast import ANA, BEN, CARLA, JULES, NOBODYS
from sandbox.world.tariffs import (
    ALLIANCE_DEPOT,
    FRANCE,
    HUDSON_DEPOT,
    NEW_YORK_FAST,
    NEW_YORK_SLOW,
    tariff_at,
)
from tests.contract.checker import ContractChecker
from tests.sandbox.conftest import API, NOW, evse_at


@pytest.fixture
def applies(http):
    """Ask which tariff of a group applies to a user, as the document has it."""
    checker = ContractChecker()

    def applies(group: int, user: str | int) -> list[int]:
        response = http.get(
            f"{API}/tariffs/v1.0?filter[tariffGroupId]={group}&filter[userId]={user}"
        )
        assert response.status_code == 200, response.text
        checker.check_response(response.request, response)
        assert response.json().keys() == {"data"}
        return [each["id"] for each in response.json()["data"]]

    return applies


@pytest.mark.parametrize(
    ("group", "user", "found"),
    [
        (HUDSON_DEPOT, ANA.id, [304]),  # of the night shift
        (HUDSON_DEPOT, BEN.id, [303]),
        (HUDSON_DEPOT, JULES.id, [308]),
        (HUDSON_DEPOT, "", [308]),
        (ALLIANCE_DEPOT, CARLA.id, [309]),
        (ALLIANCE_DEPOT, BEN.id, [308]),
        (NEW_YORK_SLOW, ANA.id, [314]),  # subscribed
        (NEW_YORK_SLOW, BEN.id, [302]),
        (FRANCE, JULES.id, [306]),
        (FRANCE, NOBODYS.id, [305]),
        (NEW_YORK_FAST, BEN.id, [301]),
        (999, BEN.id, []),
    ],
)
def test_by_driver(applies, group, user, found):
    assert applies(group, user) == found


def test_by_date(world, applies):
    world.clock.freeze(NOW + timedelta(days=10))
    assert applies(NEW_YORK_FAST, BEN.id) == [313]
    world.clock.freeze(NOW + timedelta(days=25))
    assert applies(NEW_YORK_FAST, BEN.id) == [301]


def test_user_only_within_a_group(http):
    assert http.get(f"{API}/tariffs/v1.0?filter[userId]={BEN.id}").status_code == 422


@pytest.mark.parametrize("path", ["tariffs", "tariff-groups", "tariffs/v1.0/301"])
def test_token_that_may_not(world, http, path):
    world.forbidden = ["tariffs"]
    path = path if "v1.0" in path else f"{path}/v1.0"
    assert http.get(f"{API}/{path}").status_code == 403


def test_every_type_and_every_charger(world, http):
    assert {each.type for each in world.tariffs.values()} == TARIFF_TYPES
    assert {each.currency for each in world.tariffs.values()} == {"USD", "EUR", "AUD"}
    for evse in world.evses.values():
        assert evse.tariff_group_id in world.tariff_groups
        assert tariff_at(world, evse, BEN.id)
    evse = evse_at(world, "Red Hook")
    told = http.get(f"{API}/evses/v2.1/{evse.id}").json()["data"]
    assert told["tariffGroupId"] == HUDSON_DEPOT


def test_snapshot_stays_as_it_was(world, http):
    tariff = world.tariffs[312]
    before = tariff.snapshot_id
    tariff.versions.append(tariff.pricing | {"pricePerKwh": 0.5})
    prices = [
        http.get(f"{API}/tariff-snapshots/v1.0/{pk}").json()["data"]["pricing"]["pricePerKwh"]
        for pk in (before, tariff.snapshot_id)
    ]
    assert prices == [0.45, 0.5]
