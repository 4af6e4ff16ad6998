"""How much power the operator's sites may draw, and what electricity costs there."""

from dataclasses import dataclass, field
from math import sqrt
from typing import Any

from sandbox.world.holdings import Holdings
from sandbox.world.records import Location

# Of what all chargers of a site could draw together.
SHARE = 0.6
VOLTS = {"US": 480}
USUAL_VOLTS = 400
EUROPE, AMERICA = 1, 2


@dataclass(slots=True)
class Circuit:
    """A three-phase circuit with the charge points that share it."""

    id: int
    name: str
    max_voltage: str
    max_current: float
    charge_point_ids: list[int]
    parent_id: int | None = None
    limited_elsewhere: int | None = None


@dataclass(slots=True)
class Rate:
    """What a kWh costs, by weekday or date; times are the site's own."""

    id: int
    name: str
    default_price: float
    days: list[dict[str, Any]] = field(default_factory=list)
    type: str = "admin_defined"


def add_power(world: Holdings) -> None:
    """Give each site a circuit that is too small for all at once, and prices by time of day."""
    night = {"startsAt": "22:00", "endsAt": "06:00"}
    evening = {"startsAt": "16:00", "endsAt": "20:00"}
    for pk, name, usual, low, high in (
        (EUROPE, "Industrie HT/NT", 0.24, 0.17, 0.31),
        (AMERICA, "General service, time of use", 0.16, 0.09, 0.28),
    ):
        day = {"weekDay": "any", "periods": [night | {"price": low}, evening | {"price": high}]}
        world.rates[pk] = Rate(pk, name, usual, [day])
    for location in world.locations.values():
        kw = sum(evse.power_kw for evse in world.evses_at(location))
        if kw:
            _wire(world, location, kw * SHARE)


def _wire(world: Holdings, location: Location, kw: float) -> None:
    volts = VOLTS.get(location.country, USUAL_VOLTS)
    pk = 700 + len(world.circuits) + 1
    world.circuits[pk] = Circuit(
        id=pk,
        name=f"{location.name['en']}, main switchboard",
        max_voltage=str(volts),
        max_current=float(round(kw * 1000 / (sqrt(3) * volts))),
        charge_point_ids=list(location.charge_point_ids),
    )
    for charge_point in location.charge_point_ids:
        world.charge_points[charge_point].rate_id = AMERICA if location.country == "US" else EUROPE
