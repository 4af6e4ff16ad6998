"""Tariffs and slots as tests need them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ampeco.types import Tariff
from tariffs.engine import Tax, estimate
from tariffs.estimates import Estimate, Need
from tariffs.selectors import Tariffs, tariffs_for_drivers

PARIS = ZoneInfo("Europe/Paris")
HOUR = timedelta(hours=1)


def made(kind: str, *, currency: str = "EUR", more: Any = None, **pricing: Any) -> Tariff:
    """Return a tariff of a type with prices by AMPECO's names; `more` is beside the prices."""
    payload = {"id": 1, "name": "T", "type": kind, "currency": currency, "pricing": pricing}
    return Tariff.from_payload(payload | (more or {}))


def at(text: str, zone: ZoneInfo = PARIS) -> datetime:
    """Return an instant by what the clock on the wall says."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def reckon(
    tariff: Tariff,
    start: str | datetime,
    end: str | datetime,
    *,
    energy: Any = 20,
    power: Any = 10,
    zone: ZoneInfo = PARIS,
    tax: Tax | None = None,
) -> Estimate:
    """Return what a slot costs, from and to what the clock on the wall says."""
    start_at = at(start, zone) if isinstance(start, str) else start
    end_at = at(end, zone) if isinstance(end, str) else end
    need = Need(Decimal(str(energy)), Decimal(str(power)), is_assumed=False)
    return estimate(tariff, start_at=start_at, end_at=end_at, zone=zone, need=need, tax=tax)


def parts(found: Estimate) -> dict[str, Decimal]:
    """Return the parts of an estimate by name."""
    return {str(part.component): part.amount for part in found.parts}


def tariffs_for(groups: Collection[int], *, user_id: int, may_ask: bool = True) -> Tariffs:
    """Return the tariffs of groups (AMPECO ids) for one driver (AMPECO user id)."""
    return tariffs_for_drivers({user_id: groups}, may_ask=may_ask)[user_id]
