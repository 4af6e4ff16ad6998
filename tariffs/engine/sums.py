"""What the parts of a charge cost by a tariff, exact, before anything is rounded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from ampeco.types import Tariff
from ampeco.types.pricing import DayPrices, PowerLevel, PriceLevel
from ampeco.types.tariffs import (
    AVERAGE_POWER,
    DAY_NIGHT,
    ENERGY_TOU,
    FLAT,
    PEAK_POWER,
    STANDARD,
    STANDARD_TOD,
)
from tariffs.engine import rates
from tariffs.engine.wall import MINUTE, Stretch, begun, stretches
from tariffs.estimates import Component

# What the one lock for all of a tariff holds; the locks of each kind are of `STANDARD_TOD` alone.
LOCKED_WITH_ALL: dict[str, frozenset[str]] = {
    DAY_NIGHT: frozenset({"energy", "duration"}),
    ENERGY_TOU: frozenset({"energy"}),
}
# The contract's unit where a tariff names none.
USUAL_PERIOD_MINUTES = 15
HOUR = timedelta(hours=1)
MICRO = timedelta(microseconds=1)
Value = TypeVar("Value")
Price = Callable[[Tariff, Stretch], Decimal | None]
Sums = dict[Component, Fraction]


@dataclass(frozen=True, slots=True)
class Charge:
    """A charge as it is reckoned with: from `start` on, full at `full_at`, unplugged at `end`."""

    start: datetime
    full_at: datetime
    end: datetime
    kwh: Fraction
    kw: Decimal
    zone: tzinfo


def sums_of(tariff: Tariff, charge: Charge) -> Sums:
    """Return what each part costs, those of nothing left out. Raises rates.Untold.

    What is lacking of the least price is not among them: that is known once they are rounded.
    """
    if tariff.type == FLAT:
        found = {Component.FLAT: _exact(tariff.pricing.per_session)}
    elif tariff.type in {AVERAGE_POWER, PEAK_POWER}:
        found = {Component.START: _start(tariff, charge), Component.TIME: _power(tariff, charge)}
    else:
        found = {
            Component.START: _start(tariff, charge),
            Component.ENERGY: _energy(tariff, charge),
            Component.TIME: _time(tariff, charge),
            Component.IDLE: _idle(tariff, charge),
        }
    return {component: amount for component, amount in found.items() if amount}


def kwh_within(levels: Sequence[PriceLevel], kwh: Fraction) -> Fraction:
    """Return what so much energy costs where each level has a price for what falls into it."""
    total = Fraction(0)
    for level in levels:
        first, last = Fraction(level.first), kwh if level.last is None else Fraction(level.last)
        inside = min(kwh, last) - first
        if inside > 0:
            total += inside * _exact(level.fee) + _exact(level.flat_fee)
    return total


def _start(tariff: Tariff, charge: Charge) -> Fraction:
    """Return what it costs to begin; nothing for a charge too short, or of too little energy."""
    pricing = tariff.pricing
    first = _first(tariff, charge)
    special = _special(tariff, first)
    minutes = _instead(special, "connection_minimum_minutes", pricing.connection_minimum_minutes)
    least_kwh = _instead(special, "connection_minimum_kwh", pricing.connection_minimum_kwh)
    if charge.end - charge.start < (minutes or 0) * MINUTE or charge.kwh < (least_kwh or 0):
        return Fraction(0)
    return _exact(rates.connection_price(tariff, first))


def _energy(tariff: Tariff, charge: Charge) -> Fraction:
    if tariff.type == STANDARD and tariff.pricing.kwh_levels:
        return kwh_within(tariff.pricing.kwh_levels, charge.kwh)
    if not charge.kwh:
        return Fraction(0)
    price = _price_of(tariff, charge, "energy", rates.energy_price)
    length = charge.full_at - charge.start
    return sum(
        (
            _exact(price(each)) * charge.kwh * Fraction(each.length // MICRO, length // MICRO)
            for each in _cut(tariff, charge.start, charge.full_at, charge)
        ),
        Fraction(0),
    )


def _time(tariff: Tariff, charge: Charge) -> Fraction:
    """Return what the time costs while the vehicle charges, by the period that begins."""
    pricing = tariff.pricing
    special = _special(tariff, _first(tariff, charge))
    minutes = _instead(special, "period_minutes", pricing.period_minutes)
    period = (minutes or USUAL_PERIOD_MINUTES) * MINUTE
    grace = _instead(special, "duration_grace_minutes", pricing.duration_grace_minutes) or 0
    counted_from = charge.start + grace * MINUTE
    # A price that is locked is not asked for outside these hours either.
    parts = [
        each
        for each in _cut(tariff, counted_from, charge.full_at, charge)
        if not rates.is_outside_duration_hours(tariff, each)
    ]
    if tariff.type == STANDARD and pricing.duration_levels:
        total = _within_levels(pricing.duration_levels, counted_from, period, parts)
    else:
        price = _price_of(tariff, charge, "duration", rates.duration_price)
        total = _by_unit(price, counted_from, period, parts)
    return _at_most(total, pricing.duration_limit)


def _idle(tariff: Tariff, charge: Charge) -> Fraction:
    """Return what it costs that the vehicle stands there when it is full."""
    if charge.full_at >= charge.end:
        return Fraction(0)
    pricing = tariff.pricing
    special = _special(tariff, _cut(tariff, charge.full_at, charge.end, charge)[0])
    grace = _instead(special, "idle_grace_minutes", pricing.idle_grace_minutes) or 0
    counted_from = charge.full_at + timedelta(minutes=max(0.0, float(grace)))
    parts = [
        each
        for each in _cut(tariff, counted_from, charge.end, charge)
        if not rates.is_outside_idle_hours(tariff, each)
    ]
    minutes = _instead(special, "idle_period_minutes", pricing.idle_period_minutes)
    if tariff.type == STANDARD and pricing.idle_levels:
        total = _within_levels(
            pricing.idle_levels,
            counted_from,
            (minutes or pricing.period_minutes or USUAL_PERIOD_MINUTES) * MINUTE,
            parts,
        )
    else:
        price = _price_of(tariff, charge, "idle", rates.idle_price)
        if rates.has_fees(tariff, "idle"):
            minutes, times = minutes or USUAL_PERIOD_MINUTES, 1
        else:
            # A fee by the minute, of which so many are counted together.
            minutes = times = minutes or 1
        total = times * _by_unit(price, counted_from, minutes * MINUTE, parts)
    return _at_most(total, pricing.idle_limit)


def _power(tariff: Tariff, charge: Charge) -> Fraction:
    """Return what the minutes cost by how much power there is: on average, or at most.

    All minutes count until the vehicle is unplugged.
    """
    pricing = tariff.pricing
    minutes = begun(MINUTE, charge.start, charge.end)
    if tariff.type == AVERAGE_POWER:
        hours = Fraction((charge.end - charge.start) // MICRO, HOUR // MICRO)
        level = level_for(pricing.average_power_levels, charge.kwh / hours if hours else Fraction())
        return minutes * _exact(level.per_minute)
    level = level_for(pricing.peak_power_levels, Fraction(charge.kw if charge.kwh else 0))
    regular = minutes
    if pricing.regular_use_minutes is not None:
        regular = min(minutes, int(pricing.regular_use_minutes))
    excess = level.per_minute if level.excess is None else level.excess
    return regular * _exact(level.per_minute) + (minutes - regular) * _exact(excess)


def level_for(levels: Sequence[PowerLevel], kw: Fraction) -> PowerLevel:
    """Return the level of a power; above the last it is that one. Raises Untold without any."""
    for level in levels:
        if kw <= level.up_to_kw:
            return level
    if not levels:
        raise rates.Untold
    return levels[-1]


def _by_unit(
    price: Callable[[Stretch], Decimal | None],
    counted_from: datetime,
    unit: timedelta,
    parts: Sequence[Stretch],
) -> Fraction:
    """Return what units of time cost, each at the price of when it begins, and whole."""
    total = Fraction(0)
    for each in parts:
        units = begun(unit, counted_from, each.ends) - begun(unit, counted_from, each.begins)
        if units:
            total += units * _exact(price(each))
    return total


def _within_levels(
    levels: Sequence[PriceLevel], counted_from: datetime, unit: timedelta, parts: Sequence[Stretch]
) -> Fraction:
    """Return what units of time cost by their number, the first being 1."""
    total = Fraction(0)
    for level in levels:
        inside = 0
        for each in parts:
            first = max(begun(unit, counted_from, each.begins) + 1, int(level.first))
            last = begun(unit, counted_from, each.ends)
            if level.last is not None:
                last = min(last, int(level.last))
            inside += max(0, last - first + 1)
        if inside:
            total += inside * _exact(level.fee) + _exact(level.flat_fee)
    return total


def _price_of(
    tariff: Tariff, charge: Charge, kind: str, price: Price
) -> Callable[[Stretch], Decimal | None]:
    """Return what tells the price of a kind: of then, or of the beginning where that is locked."""
    locks = tariff.pricing.locks
    locked = LOCKED_WITH_ALL.get(tariff.type, frozenset()) if "all" in locks else frozenset()
    if kind in locked or (tariff.type == STANDARD_TOD and kind in locks):
        first = _first(tariff, charge)
        return lambda _at: price(tariff, first)
    return lambda at: price(tariff, at)


def _cut(tariff: Tariff, start: datetime, end: datetime, charge: Charge) -> list[Stretch]:
    return stretches(start, end, charge.zone, rates.marks_of(tariff)) if start < end else []


def _first(tariff: Tariff, charge: Charge) -> Stretch:
    return _cut(tariff, charge.start, charge.start + MINUTE, charge)[0]


def _special(tariff: Tariff, at: Stretch) -> DayPrices | None:
    return rates.prices_of(tariff.pricing, at.day) if tariff.type in rates.BY_PERIOD else None


def _instead(special: DayPrices | None, name: str, usual: Value) -> Value:
    found: Value | None = getattr(special, name) if special else None
    return usual if found is None else found


def _at_most(amount: Fraction, limit: Decimal | None) -> Fraction:
    # A limit of nothing is none, as forms send it.
    return min(amount, Fraction(limit)) if limit else amount


def _exact(price: Decimal | None) -> Fraction:
    return Fraction(price) if price is not None else Fraction(0)
