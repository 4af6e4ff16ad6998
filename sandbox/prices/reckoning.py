"""What a charge comes to by a tariff: walked through minute by minute and period by period."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from sandbox.prices.charge import Charge
from sandbox.prices.fees import Fees, exact
from sandbox.world.tariffs import FREE

CENT = Decimal("0.01")
MINUTE = timedelta(minutes=1)
USUAL_PERIOD = 15
# By the kind of a fee that is for time: what its part is called, what a flat fee's, what levels it
# has by the number of the period, and what it is at most.
TIMES = {
    "duration": ("charging_time", "duration_flat_fee", "multiPricePerDuration", "durationFeeLimit"),
    "idle": ("idle_time", "idle_flat_fee", "multiIdleFee", "idleFeeLimit"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a price, with tax; `each` is not rounded."""

    type: str
    unit: str
    quantity: Decimal
    each: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class _Item:
    type: str
    unit: str
    quantity: Fraction
    each: Fraction

    @property
    def amount(self) -> Fraction:
        return self.quantity * self.each


def parts_of(fees: Fees, charge: Charge) -> tuple[Part, ...]:
    """Return what a charge comes to, part by part."""
    kind = fees.tariff.type
    if kind in FREE:
        return ()
    if kind == "flat rate":
        components = [[_once("flat", fees.pricing.get("pricePerSession"))]]
    elif kind in {"average power levels", "peak power levels"}:
        components = [_connection(fees, charge), [*_power(fees, charge)]]
    else:
        components = [
            _connection(fees, charge),
            _energy(fees, charge),
            _duration(fees, charge),
            _idle(fees, charge),
        ]
    parts = [part for items in components for part in _rounded(items)]
    lacking = cents(exact(fees.pricing.get("minPrice"))) - sum(part.price for part in parts)
    if lacking > 0:
        parts.append(Part("min_price", "session", Decimal(1), lacking, lacking))
    return tuple(parts)


def cents(amount: Fraction | Decimal) -> Decimal:
    """Return an amount to the cent."""
    if isinstance(amount, Fraction):
        amount = Decimal(amount.numerator) / Decimal(amount.denominator)
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _connection(fees: Fees, charge: Charge) -> list[_Item]:
    start = charge.starts_at
    shortest = fees.told("connectionFeeMinimumSessionDuration", start) or 0
    if charge.ends_at - start < shortest * MINUTE:
        return []
    if charge.kwh < exact(fees.told("connectionFeeMinimumSessionEnergy", start)):
        return []
    return [_Item("connection", "session", Fraction(1), fees.of("connection", start))]


def _energy(fees: Fees, charge: Charge) -> list[_Item]:
    levels = _levels(fees, "multiPricePerKwh")
    if levels:
        items = []
        for level in levels:
            first, last = exact(level["firstKwh"]), level["lastKwh"]
            inside = (charge.kwh if last is None else min(charge.kwh, exact(last))) - first
            if inside > 0:
                items.append(_Item("energy", "kwh", inside, exact(level["feePerKwh"])))
                items.append(_once("energy_flat_fee", level["flatFee"]))
        return items
    if not fees.varies("energy"):
        price = fees.of("energy", charge.starts_at)
        return [_Item("energy", "kwh", charge.kwh, price)]
    drawn: dict[Fraction, Fraction] = {}
    at, before, next_price = charge.starts_at, Fraction(0), fees.of("energy", charge.starts_at)
    while at < charge.full_at:
        price = next_price
        while at < charge.full_at and next_price == price:
            at = at.replace(second=0, microsecond=0) + MINUTE
            next_price = fees.of("energy", at)
        by_then = charge.kwh_by(min(charge.full_at, at))
        drawn[price] = drawn.get(price, Fraction(0)) + by_then - before
        before = by_then
    return [_Item("energy", "kwh", kwh, price) for price, kwh in drawn.items()]


def _duration(fees: Fees, charge: Charge) -> list[_Item]:
    grace = fees.told("durationFeeGracePeriod", charge.starts_at) or 0
    minutes = fees.told("pricePeriodInMinutes", charge.starts_at) or USUAL_PERIOD
    since = charge.starts_at + grace * MINUTE
    return _by_time("duration", fees, since, charge.full_at, minutes=minutes)


def _idle(fees: Fees, charge: Charge) -> list[_Item]:
    full_at = charge.full_at
    if full_at >= charge.ends_at:
        return []
    grace = float(fees.told("idleFeeGracePeriodMinutes", full_at) or 0)
    period = fees.told("idlePricingPeriodInMinutes", full_at)
    if _levels(fees, "multiIdleFee"):
        period = period or fees.pricing.get("pricePeriodInMinutes") or USUAL_PERIOD
    since = full_at + timedelta(minutes=grace)
    if "idleFeePeriods" in fees.pricing.get("pricePeriods", {}):
        minutes = int(period or USUAL_PERIOD)
        return _by_time("idle", fees, since, charge.ends_at, minutes=minutes)
    # A fee by the minute, of which so many are counted together.
    minutes = int(period or 1)
    return _by_time("idle", fees, since, charge.ends_at, minutes=minutes, fee_per_minute=True)


def _by_time(
    kind: str,
    fees: Fees,
    since: datetime,
    until: datetime,
    *,
    minutes: int,
    fee_per_minute: bool = False,
) -> list[_Item]:
    """Return what the periods cost that have begun, each by the clock of when it began."""
    name, flat, levels_of, limit = TIMES[kind]
    levels = _levels(fees, levels_of)
    number, at = 0, since
    begun: dict[Fraction, int] = {}
    reached: dict[int, Fraction] = {}
    while at < until:
        number += 1
        if levels:
            place, level = _level_of(levels, number)
            is_time = fees.is_time_for(kind, at)
            fee = exact(level["feePerUnit"]) if is_time else Fraction(0)
            if is_time:
                reached[place] = exact(level["flatFee"])
        else:
            fee = fees.of(kind, at) * (minutes if fee_per_minute else 1)
        begun[fee] = begun.get(fee, 0) + 1
        at = since + number * minutes * MINUTE
    items = [
        _Item(name, "minute", Fraction(count * minutes), fee / minutes)
        for fee, count in begun.items()
        if fee
    ]
    items += [_Item(flat, "session", Fraction(1), fee) for fee in reached.values() if fee]
    return _at_most(items, exact(fees.pricing.get(limit)))


def _at_most(items: list[_Item], limit: Fraction) -> list[_Item]:
    """Return the items, or one in their stead that comes to a limit; 0 is no limit."""
    if not limit or sum(item.amount for item in items) <= limit:
        return items
    minutes = sum((item.quantity for item in items if item.unit == "minute"), Fraction(0))
    if not minutes:
        return [_Item(items[0].type, "session", Fraction(1), limit)]
    return [_Item(items[0].type, "minute", minutes, limit / minutes)]


def _power(fees: Fees, charge: Charge) -> Iterator[_Item]:
    """Yield what the minutes cost until the plug is pulled, by how much power there was."""
    minutes = -((charge.starts_at - charge.ends_at) // MINUTE)
    pricing = fees.pricing
    if fees.tariff.type == "average power levels":
        level = _level_up_to(pricing["averagePowerLevels"], "averagePowerUpToKw", charge.mean_kw)
        yield _minutes(minutes, level["pricePerMinute"])
        return
    level = _level_up_to(pricing["peakPowerLevels"], "peakPowerUpToKw", charge.peak_kw)
    usual = pricing.get("regularUsePeriod")
    regular = minutes if usual is None else min(minutes, int(usual))
    yield _minutes(regular, level["regularPricePerMinute"])
    yield _minutes(minutes - regular, level["excessUsePricePerMin"])


def _levels(fees: Fees, name: str) -> list[dict[str, Any]]:
    return (fees.pricing.get(name) or []) if fees.tariff.type == "standard" else []


def _level_of(levels: list[dict[str, Any]], number: int) -> tuple[int, dict[str, Any]]:
    """Return the level that a period is in, and which one that is."""
    return next(
        (place, level)
        for place, level in enumerate(levels)
        if level["lastUnit"] is None or number <= level["lastUnit"]
    )


def _level_up_to(levels: list[dict[str, Any]], name: str, kw: Fraction) -> dict[str, Any]:
    return next((level for level in levels if kw <= exact(level[name])), levels[-1])


def _once(kind: str, fee: float | None) -> _Item:
    return _Item(kind, "session", Fraction(1), exact(fee))


def _minutes(minutes: int, price: float) -> _Item:
    return _Item("power_levels_time", "minute", Fraction(minutes), exact(price))


def _rounded(items: Iterable[_Item]) -> Iterator[Part]:
    """Yield what belongs together, rounded so that it adds up to what it is together."""
    exactly, so_far = Fraction(0), Decimal(0)
    for item in items:
        if not item.amount and item.type != "energy":
            continue
        exactly += item.amount
        price = cents(exactly) - so_far
        so_far += price
        yield Part(item.type, item.unit, _decimal(item.quantity), _decimal(item.each), price)


def _decimal(number: Fraction) -> Decimal:
    return round(Decimal(number.numerator) / Decimal(number.denominator), 6)
