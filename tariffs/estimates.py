"""What a charge is likely to cost, as pages show it."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Component(StrEnum):
    """What a price is made of."""

    FLAT = "flat"
    START = "start"
    ENERGY = "energy"
    TIME = "time"
    IDLE = "idle"
    MINIMUM = "minimum"


@dataclass(frozen=True, slots=True)
class Need:
    """What a vehicle takes: energy in kWh, and at how much power (kW) at most.

    `is_assumed` says that nobody knows the vehicle's own need.
    """

    energy_kwh: Decimal
    power_kw: Decimal
    is_assumed: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an estimate, with tax, rounded to the minor unit of the currency."""

    component: Component
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a slot costs at a charger.

    `total` is with tax and the sum of its parts; None where it cannot be estimated: then
    `why_not` says why in a sentence and `terms` are what is known. `terms` are sentences, such as
    “0.39 EUR per kWh”; `assumptions` say what was assumed, such as “30 kWh at 11 kW”. `kwh` is the
    energy that is charged in the slot, which may be less than what the vehicle needs.
    """

    total: Decimal | None
    currency: str
    parts: tuple[Part, ...] = ()
    tax: Decimal | None = None
    assumptions: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    why_not: str = ""
    may_not_charge: bool = False
    kwh: Decimal | None = field(default=None, compare=False)
