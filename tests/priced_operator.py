"""The small operator with a third charger and with prices, and what tests of prices need."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import now

from batches.models import Batch
from batches.services import RowWish, create_draft
from drivers.models import Driver
from mirror.models import SyncRun
from sandbox.world import cast
from sandbox.world.records import Connector
from sandbox.world.records import Evse as Charger
from sandbox.world.tariffs import Tariff, TariffGroup
from sites.models import Evse
from tariffs.mirroring import sync_tariffs
from tests import small_operator

small_world = small_operator.operator_world
PER_KWH = {"pricePeriodInMinutes": 60, "pricePerPeriod": 0}


@pytest.fixture
def operator_world(small_world):
    """The small operator with a third charger, as fast as the first."""
    long_ago = now() - timedelta(days=30)
    plugs = [Connector(3030, "ccs1")]
    small_world.add_evse(Charger(303, 201, "REF-303", "Bay 303", "dc", 150, plugs, long_ago))
    return small_world


@dataclass
class Operator:
    """Sets prices at the simulated operator, and lets the portal read them."""

    world: Any
    client: Any

    def price(self, evse: int, *tariffs: Tariff, read: bool = True) -> None:
        """Give a charger (its AMPECO id) tariffs; the last one that is for a driver applies."""
        self.world.tariffs |= {tariff.id: tariff for tariff in tariffs}
        group = TariffGroup(evse, f"Group {evse}", [each.id for each in tariffs], now())
        self.world.tariff_groups[evse] = group
        Evse.objects.filter(ampeco_id=evse).update(ampeco_tariff_group_id=evse)
        if read:
            self.read()

    def read(self) -> SyncRun:
        return sync_tariffs(client=self.client)


@pytest.fixture
def operator_prices(operator, mirrored, ampeco_client) -> Operator:
    return Operator(operator, ampeco_client)


def tariff(pk: int, kind: str = "duration+energy", **told: Any) -> Tariff:
    fields = {"restrictions": told.pop("restrictions", {})}
    for name in ("day_start", "night_start"):
        fields[name] = told.pop(name, None)
    currency = told.pop("currency", "USD")
    pricing = {**PER_KWH, **told} if kind.startswith("duration") else told
    return Tariff(pk, f"Tariff {pk}", kind, currency, [pricing], now(), **fields)


def for_group(group: int) -> dict[str, Any]:
    return {"applyToUserGroupIds": [group]}


def site(slot, **changes: Any) -> str:
    local = slot.start_at.astimezone(slot.location.zone)
    query = {"day": f"{local:%Y-%m-%d}", "from": f"{local:%H:%M}", "minutes": slot.minutes}
    address = reverse("sites:detail", args=[slot.location.pk])
    return address + "?" + "&".join(f"{k}={v}" for k, v in (query | changes).items())


def text_of(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def part(page: str, start: str, end: str = "</li>") -> str:
    return page.split(start, 1)[1].split(end, 1)[0]


def day_and_night(local: datetime) -> Tariff:
    """Return a tariff by which an hour later costs less."""
    return tariff(
        1,
        "duration+energy time of day",
        day_start=f"{local - timedelta(hours=2):%H}:00",
        night_start=f"{local + timedelta(hours=1):%H}:00",
        dayPricePerKwh=0.5,
        nightPricePerKwh=0.2,
        dayPricePerPeriod=0,
        nightPricePerPeriod=0,
    )


def table_of(fleet, user, slot, driver):
    other = Evse.objects.select_related("charge_point__location").get(ampeco_id=303)
    ben = Driver.objects.get(ampeco_user_id=cast.BEN.id)
    rows = [
        RowWish(
            vehicle=None,
            driver=who,
            location=slot.location,
            evse=evse,
            start_at=slot.start_at,
            end_at=slot.end_at,
            reference="",
        )
        for who, evse in ((driver, slot.evse), (ben, other))
    ]
    return create_draft(fleet=fleet, user=user, source=Batch.Source.BLOCK, rows=rows, name="")
