"""What the prices of a tariff are: by session, energy, time, power and period of the day."""

import re
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Self

from upstream.readers import (
    Payload,
    Table,
    clock,
    decimal_number,
    flag,
    objects,
    plain_text,
    read_fields,
    section,
    whole_number,
)

# From when until when, such as “22:00” and “06:00”; an end that is no later is on the next day.
Span = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """What counts from one amount to the next: kWh, or units of time that have begun.

    `fee` is for each, `flat_fee` is once. Without `last` it goes on for ever.
    """

    first: Decimal
    last: Decimal | None
    fee: Decimal | None
    flat_fee: Decimal | None


@dataclass(frozen=True, slots=True)
class PowerLevel:
    """What a minute costs up to a power in kW; `excess` after the regular period is over."""

    up_to_kw: Decimal
    per_minute: Decimal
    excess: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PeriodFees:
    """Fees by period of the day, in the order of the tariff's `time_periods`.

    Where there are none of a kind it is empty; what cannot be read is None.
    """

    connection: tuple[Decimal | None, ...] = ()
    energy: tuple[Decimal | None, ...] = ()
    duration: tuple[Decimal | None, ...] = ()
    idle: tuple[Decimal | None, ...] = ()

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read fees by period as AMPECO gives them."""
        return cls(
            **{name: _fees(payload, key) for name, key in _PERIOD_KEYS.items()},
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what `from_payload` reads."""
        return {
            key: {"fee": [None if fee is None else str(fee) for fee in getattr(self, name)]}
            for name, key in _PERIOD_KEYS.items()
            if getattr(self, name)
        }


@dataclass(frozen=True, slots=True)
class DayPrices:
    """What goes on some days instead: weekdays by their name, or dates.

    What is None is as on all other days.
    """

    name: str
    dates: tuple[date, ...]
    fees: PeriodFees
    period_minutes: int | None
    idle_period_minutes: int | None
    idle_grace_minutes: Decimal | None
    duration_grace_minutes: int | None
    connection_minimum_minutes: int | None
    connection_minimum_kwh: Decimal | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read the prices of some days as AMPECO gives them."""
        return cls(
            name=plain_text(payload.get("name")),
            dates=_dates(payload.get("specialDates")),
            fees=PeriodFees.from_payload(section(payload, "pricePeriods")),
            **read_fields(payload, _DAY_FIELDS, required=()),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what `from_payload` reads."""
        return {
            "name": self.name,
            "specialDates": [day.isoformat() for day in self.dates],
            "pricePeriods": self.fees.to_payload(),
            **_written(self, _DAY_FIELDS),
        }


@dataclass(frozen=True, slots=True)
class Pricing:
    """All prices of a tariff; which of them count depends on its type. None is not told.

    `locks` are what keeps the price of when the session began: “all”, “energy”, “duration”, “idle”.
    """

    per_session: Decimal | None
    connection_fee: Decimal | None
    connection_minimum_minutes: int | None
    connection_minimum_kwh: Decimal | None
    per_kwh: Decimal | None
    day_per_kwh: Decimal | None
    night_per_kwh: Decimal | None
    period_minutes: int | None
    per_period: Decimal | None
    day_per_period: Decimal | None
    night_per_period: Decimal | None
    duration_limit: Decimal | None
    duration_grace_minutes: int | None
    duration_from: str | None
    duration_to: str | None
    idle_per_minute: Decimal | None
    day_idle_per_minute: Decimal | None
    night_idle_per_minute: Decimal | None
    idle_grace_minutes: Decimal | None
    idle_period_minutes: int | None
    idle_from: str | None
    idle_to: str | None
    idle_limit: Decimal | None
    min_price: Decimal | None
    pre_authorised: Decimal | None
    tax_id: int | None
    uses_charge_point_rate: bool | None
    electricity_rate_id: int | None
    markup_percent: Decimal | None
    markup_per_kwh: Decimal | None
    regular_use_minutes: Decimal | None
    threshold_per_kwh: Decimal | None
    optimised_per_kwh: Decimal | None
    kwh_levels: tuple[PriceLevel, ...]
    duration_levels: tuple[PriceLevel, ...]
    idle_levels: tuple[PriceLevel, ...]
    average_power_levels: tuple[PowerLevel, ...]
    peak_power_levels: tuple[PowerLevel, ...]
    time_periods: tuple[Span, ...]
    fees: PeriodFees
    days: tuple[DayPrices, ...]
    locks: frozenset[str]

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read the pricing of a tariff as AMPECO gives it."""
        return cls(
            **read_fields(payload, _PRICING_FIELDS, required=()),
            kwh_levels=_levels(payload.get("multiPricePerKwh"), "Kwh"),
            duration_levels=_levels(payload.get("multiPricePerDuration"), "Unit"),
            idle_levels=_levels(payload.get("multiIdleFee"), "Unit"),
            average_power_levels=_power_levels(payload.get("averagePowerLevels"), _AVERAGE),
            peak_power_levels=_power_levels(payload.get("peakPowerLevels"), _PEAK),
            time_periods=_time_periods(payload.get("timePeriods")),
            fees=PeriodFees.from_payload(section(payload, "pricePeriods")),
            days=tuple(map(DayPrices.from_payload, objects(payload.get("daysWhenApplied")))),
            locks=frozenset(name for name, key in _LOCKS.items() if flag(payload.get(key))),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what `from_payload` reads, as JSON can hold it."""
        written = {
            "multiPricePerKwh": _written_levels(self.kwh_levels, "Kwh"),
            "multiPricePerDuration": _written_levels(self.duration_levels, "Unit"),
            "multiIdleFee": _written_levels(self.idle_levels, "Unit"),
            "averagePowerLevels": _written_powers(self.average_power_levels, _AVERAGE),
            "peakPowerLevels": _written_powers(self.peak_power_levels, _PEAK),
            "timePeriods": [
                {"startTime": begin, "endTime": end} for begin, end in self.time_periods
            ],
            "pricePeriods": self.fees.to_payload(),
            "daysWhenApplied": [day.to_payload() for day in self.days],
            **{_LOCKS[name]: True for name in sorted(self.locks)},
        }
        return _written(self, _PRICING_FIELDS) | {
            key: value for key, value in written.items() if value
        }


_PRICING_FIELDS: Table = {
    "per_session": ("pricePerSession", decimal_number),
    "connection_fee": ("connectionFee", decimal_number),
    "connection_minimum_minutes": ("connectionFeeMinimumSessionDuration", whole_number),
    "connection_minimum_kwh": ("connectionFeeMinimumSessionEnergy", decimal_number),
    "per_kwh": ("pricePerKwh", decimal_number),
    "day_per_kwh": ("dayPricePerKwh", decimal_number),
    "night_per_kwh": ("nightPricePerKwh", decimal_number),
    "period_minutes": ("pricePeriodInMinutes", whole_number),
    "per_period": ("pricePerPeriod", decimal_number),
    "day_per_period": ("dayPricePerPeriod", decimal_number),
    "night_per_period": ("nightPricePerPeriod", decimal_number),
    "duration_limit": ("durationFeeLimit", decimal_number),
    "duration_grace_minutes": ("durationFeeGracePeriod", whole_number),
    "duration_from": ("durationFeeFrom", clock),
    "duration_to": ("durationFeeTo", clock),
    "idle_per_minute": ("idleFeePerMinute", decimal_number),
    "day_idle_per_minute": ("dayIdleFeePerMinute", decimal_number),
    "night_idle_per_minute": ("nightIdleFeePerMinute", decimal_number),
    "idle_grace_minutes": ("idleFeeGracePeriodMinutes", decimal_number),
    "idle_period_minutes": ("idlePricingPeriodInMinutes", whole_number),
    "idle_from": ("idleFeePeriodStart", clock),
    "idle_to": ("idleFeePeriodEnd", clock),
    "idle_limit": ("idleFeeLimit", decimal_number),
    "min_price": ("minPrice", decimal_number),
    "pre_authorised": ("preAuthorizeAmount", decimal_number),
    "tax_id": ("taxID", whole_number),
    "uses_charge_point_rate": ("chargePointElectricityRate", flag),
    "electricity_rate_id": ("fallbackElectricityRateId", whole_number),
    "markup_percent": ("markupPercentagePerKwh", decimal_number),
    "markup_per_kwh": ("markupFixedFeePerKwh", decimal_number),
    "regular_use_minutes": ("regularUsePeriod", decimal_number),
    "threshold_per_kwh": ("thresholdPriceForEnergy", decimal_number),
    "optimised_per_kwh": ("priceForEnergyWhenOptimized", decimal_number),
}
_DAY_FIELDS: Table = {
    "period_minutes": ("pricePeriodInMinutes", whole_number),
    "idle_period_minutes": ("idlePricingPeriodInMinutes", whole_number),
    "idle_grace_minutes": ("idleFeeGracePeriodMinutes", decimal_number),
    "duration_grace_minutes": ("durationFeeGracePeriod", whole_number),
    "connection_minimum_minutes": ("connectionFeeMinimumSessionDuration", whole_number),
    "connection_minimum_kwh": ("connectionFeeMinimumSessionEnergy", decimal_number),
}
_PERIOD_KEYS = {
    "connection": "connectionFeePeriods",
    "energy": "energyFeePeriods",
    "duration": "durationFeePeriods",
    "idle": "idleFeePeriods",
}
_LOCKS = {
    "all": "lockPriceOnSessionStart",
    "energy": "lockEnergyPriceOnSessionStart",
    "duration": "lockDurationPriceOnSessionStart",
    "idle": "lockIdlePriceOnSessionStart",
}
_AVERAGE = ("averagePowerUpToKw", "pricePerMinute", "")
_PEAK = ("peakPowerUpToKw", "regularPricePerMinute", "excessUsePricePerMin")


def _written(record: object, table: Table) -> dict[str, Any]:
    """Return the fields of a table that are told, by AMPECO's names."""
    found = {key: as_json(getattr(record, name)) for name, (key, _read) in table.items()}
    return {key: value for key, value in found.items() if value is not None}


def as_json(value: Any) -> Any:
    """Return a value as JSON can hold it, so that it is read back as it was."""
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _fees(payload: Payload, key: str) -> tuple[Decimal | None, ...]:
    fees = section(payload, key).get("fee")
    return tuple(map(decimal_number, fees)) if isinstance(fees, list) else ()


def _levels(value: object, unit: str) -> tuple[PriceLevel, ...]:
    """Read price levels, in their order; one that does not say where it begins is left out."""
    found = []
    for entry in objects(value):
        first = decimal_number(entry.get(f"first{unit}"))
        if first is not None:
            found.append(
                PriceLevel(
                    first=first,
                    last=decimal_number(entry.get(f"last{unit}")),
                    fee=decimal_number(entry.get(f"feePer{unit}")),
                    flat_fee=decimal_number(entry.get("flatFee")),
                )
            )
    return tuple(sorted(found, key=lambda level: level.first))


def _written_levels(levels: tuple[PriceLevel, ...], unit: str) -> list[dict[str, Any]]:
    keys = (f"first{unit}", f"last{unit}", f"feePer{unit}", "flatFee")
    return [_row(level, keys) for level in levels]


def _power_levels(value: object, keys: tuple[str, str, str]) -> tuple[PowerLevel, ...]:
    found = []
    for entry in objects(value):
        up_to, per_minute = decimal_number(entry.get(keys[0])), decimal_number(entry.get(keys[1]))
        if up_to is not None and per_minute is not None:
            found.append(PowerLevel(up_to, per_minute, decimal_number(entry.get(keys[2]))))
    return tuple(sorted(found, key=lambda level: level.up_to_kw))


def _written_powers(
    levels: tuple[PowerLevel, ...], keys: tuple[str, str, str]
) -> list[dict[str, Any]]:
    return [_row(level, keys) for level in levels]


def _row(record: PriceLevel | PowerLevel, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return a record's fields by AMPECO's names for them, in the same order."""
    names = [each.name for each in fields(record)]
    row = {key: getattr(record, name) for name, key in zip(names, keys, strict=True)}
    return {key: as_json(value) for key, value in row.items() if key and value is not None}


def _time_periods(value: object) -> tuple[Span, ...]:
    """Read periods of the day. One that cannot be read is empty, since fees go by their number."""
    return tuple(
        (clock(entry.get("startTime")) or "", clock(entry.get("endTime")) or "")
        for entry in objects(value)
    )


def _dates(value: object) -> tuple[date, ...]:
    found = map(day_of, value) if isinstance(value, list) else ()
    return tuple(day for day in found if day is not None)


def day_of(value: object) -> date | None:
    """Return a date, or None where there is none or it cannot be read."""
    text = plain_text(value)[:10]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
