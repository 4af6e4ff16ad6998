"""How much power places may draw, and what a kWh costs the operator."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

from upstream.readers import (
    Payload,
    UnreadablePayload,
    choice,
    clock,
    decimal_number,
    objects,
    plain_text,
    required_id,
    section,
    whole_number,
)

PHASES = frozenset({"single_phase", "three_phase", "split_phase"})
CONFIGURATIONS = frozenset({"star", "delta"})
RATE_TYPES = frozenset({"admin_defined", "octopus_go", "agile_octopus", "nord_pool"})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ANY_DAY = "any"
CHARGE_POINTS = "chargePointPriorities"


@dataclass(frozen=True, slots=True)
class Circuit:
    """A circuit that charge points share; amperes for each phase.

    `max_voltage` is a text, and may be a range such as “220-240”. `limited_elsewhere` says that
    somebody else's system gives the limits.
    """

    id: int
    name: str
    parent_id: int | None
    phases: str
    configuration: str
    max_voltage: str
    max_current: Decimal | None
    limited_elsewhere: bool
    charge_point_ids: tuple[int, ...]

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a circuit as AMPECO gives it, with the charge points that were asked for."""
        found = [whole_number(entry.get("id")) for entry in objects(payload.get(CHARGE_POINTS))]
        elsewhere = section(payload, "loadBalancingIntegration").get("id")
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("name")),
            parent_id=whole_number(payload.get("parentCircuitId")),
            phases=choice(payload.get("phases"), PHASES, field="phases"),
            configuration=choice(
                payload.get("electricalConfiguration"),
                CONFIGURATIONS,
                field="electrical configuration",
                absent="star",
            ),
            max_voltage=plain_text(payload.get("maxVoltage")),
            max_current=decimal_number(payload.get("maxCurrent")),
            limited_elsewhere=elsewhere is not None,
            charge_point_ids=tuple(dict.fromkeys(one for one in found if one is not None)),
        )


@dataclass(frozen=True, slots=True)
class ElectricityRate:
    """What electricity costs the operator; `default_price` where no period says another.

    Prices are per kWh with tax; AMPECO does not say in which currency.
    """

    id: int
    name: str
    type: str
    default_price: Decimal | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an electricity rate as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("name")),
            type=choice(payload.get("type"), RATE_TYPES, field="electricity rate type"),
            default_price=decimal_number(payload.get("defaultPrice")),
        )


@dataclass(frozen=True, slots=True)
class PricePeriod:
    """A price from one time of day until another, such as “22:00” and “24:00”, on the site's clock.

    An end at or before the start is on the next day.
    """

    starts_at: str
    ends_at: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceDay:
    """The prices of a weekday (`mon` … `sun`, or `any`), or of a date, which goes before those."""

    weekday: str
    date: date | None
    periods: tuple[PricePeriod, ...]

    @property
    def id(self) -> str:
        return self.date.isoformat() if self.date else self.weekday

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a day's prices; a period that cannot be read is left out.

        Raises UnreadablePayload for a day that is neither a date nor a weekday.
        """
        weekday = plain_text(payload.get("weekDay"))
        day = _date(payload.get("date"))
        if day is None and weekday not in {*WEEKDAYS, ANY_DAY}:
            raise UnreadablePayload("“weekDay” or “date” is missing or cannot be read.")
        periods = []
        for entry in objects(payload.get("periods")):
            start, end = clock(entry.get("startsAt")), clock(entry.get("endsAt"))
            price = decimal_number(entry.get("price"))
            if start and end and price is not None:
                periods.append(PricePeriod(start, end, price))
        return cls(weekday="" if day else weekday, date=day, periods=tuple(periods))


def _date(value: object) -> date | None:
    text = plain_text(value)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
