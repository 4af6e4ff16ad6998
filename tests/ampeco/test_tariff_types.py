"""Tariffs are read whatever they look like, and survive being kept."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampeco.types import Tariff, TariffGroup, TariffSnapshot
from ampeco.types.pricing import PriceLevel
from tests.scripted_operator import payload

WORDS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
)


def test_everything_of_a_tariff():
    tariff = Tariff.from_payload(payload("tariff", "3.110"))
    assert (tariff.id, tariff.name, tariff.type, tariff.currency) == (
        90,
        "Depot",
        "standard_tod",
        "EUR",
    )
    assert (tariff.day_start, tariff.night_start) == ("07:00", "21:00")
    assert (tariff.most_minutes, tariff.most_kwh) == (240, Decimal("80.5"))
    assert tariff.by_user
    assert (tariff.start_date, tariff.end_date) == (date(2026, 1, 1), None)
    assert tariff.additional_information == {"en": "Unplug when full."}
    assert tariff.last_updated_at == datetime(2026, 2, 1, 8, tzinfo=UTC)
    pricing = tariff.pricing
    assert pricing.per_kwh == Decimal("0.39")
    assert (pricing.idle_from, pricing.idle_to) == ("08:00", "20:00")
    assert pricing.kwh_levels == (
        PriceLevel(Decimal(0), Decimal(5), None, Decimal(2)),
        PriceLevel(Decimal(5), None, Decimal("0.35"), Decimal(0)),
    )
    assert pricing.peak_power_levels[0].excess == Decimal("0.2")
    assert pricing.time_periods == (("00:00", "06:00"), ("06:00", "00:00"))
    assert pricing.fees.energy == (Decimal("0.29"), Decimal("0.41"))
    assert pricing.days[0].dates == (date(2026, 12, 25),)
    assert pricing.days[0].fees.energy == (Decimal("0.2"), Decimal("0.3"))
    assert pricing.locks == {"energy"}
    assert pricing.tax_id == 3


def test_type_that_nobody_knows():
    tariff = Tariff.from_payload({"id": 1, "name": "New", "type": "by the moon"})
    assert tariff.type == "unknown"
    assert not tariff.by_user


def test_what_is_kept_is_read_as_it_was():
    tariff = Tariff.from_payload(payload("tariff", "3.110"))
    kept = json.loads(json.dumps(tariff.to_payload()))
    assert Tariff.from_payload(kept) == tariff


@given(st.dictionaries(st.sampled_from(sorted(payload("tariff", "3.110")["pricing"])), JSON))
def test_no_pricing_is_too_odd(pricing):
    tariff = Tariff.from_payload({"id": 1, "type": "standard", "pricing": pricing})
    assert Tariff.from_payload(json.loads(json.dumps(tariff.to_payload()))) == tariff


def test_group_and_snapshot():
    group = TariffGroup.from_payload(payload("tariff", "group") | {"tariffIds": [89, "90", None]})
    assert group.tariff_ids == (89, 90)
    snapshot = TariffSnapshot.from_payload(payload("tariff", "snapshot"))
    assert (snapshot.id, snapshot.tariff_id) == (9001, 90)
    expected = Tariff.from_payload(payload("tariff", "3.110"))
    assert snapshot.tariff == replace(expected, id=9001)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ([payload("tariff", "3.110")], 90),
        (payload("tariff", "3.110"), 90),
        ([], None),
        (None, None),
        # The filter was ignored.
        ([payload("tariff", "3.110"), payload("tariff", "snapshot")], None),
    ],
    ids=["list", "alone", "none", "nothing", "all"],
)
def test_tariff_for_a_user(client, operator, data, found):
    operator.answers("GET", "resources/tariffs/v1.0", httpx.Response(200, json={"data": data}))
    tariff = client.tariff_for_user(9, 42)
    assert (tariff.id if tariff else None) == found
    assert operator.queries == [{"filter[tariffGroupId]": "9", "filter[userId]": "42"}]
