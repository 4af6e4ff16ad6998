"""What vehicles tell of themselves: with gaps, and now and then 0 % that means nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sandbox.energy.cast import RED_HOOK, Car
from sandbox.energy.charges import chance_of
from sandbox.energy.physics import Physics
from sandbox.energy.power.batteries import STEP, Told, number_of, time_of
from sandbox.energy.records import Network, Vehicle

GAP_SHARE = 0.05
ZERO_SHARE = 0.01
STANDING_EVERY = 5  # steps; who drives or charges tells at each
HOUR_STEPS = 20


@dataclass(frozen=True, slots=True)
class Message:
    """What a vehicle told at an instant."""

    at: datetime
    percent: float
    odometer: float
    plugged: bool
    on_road: bool
    kw: float


def messages(physics: Physics, vehicle: Vehicle, start: datetime, end: datetime) -> list[Message]:
    """Return what a vehicle told within a window, the earliest first."""
    if vehicle.car is None or not vehicle.car.telematics:
        return []
    known = physics.told.get(vehicle.car.key, {})
    first, last = (
        max(number_of(start), min(known, default=0)),
        min(number_of(end), max(known, default=0)),
    )
    found = (
        _message(physics, vehicle.car, n, known[n]) for n in range(first, last + 1) if n in known
    )
    return [each for each in found if each is not None and start <= each.at <= end]


def last_message(physics: Physics, vehicle: Vehicle) -> Message | None:
    """Return the last that a vehicle told."""
    if vehicle.car is None or not vehicle.car.telematics:
        return None
    known = physics.told.get(vehicle.car.key, {})
    found: Iterator[Message | None] = (
        _message(physics, vehicle.car, n, known[n]) for n in reversed(known)
    )
    return next((each for each in found if each is not None), None)


def _message(physics: Physics, car: Car, number: int, told: Told) -> Message | None:
    seed = physics.world.seed
    offset = int(chance_of(seed, car.key, "offset") * STANDING_EVERY)
    if not told.on_road and told.kw == 0 and number % STANDING_EVERY != offset:
        return None
    if chance_of(seed, car.key, "gap", number // HOUR_STEPS) < GAP_SHARE:
        return None
    zero = chance_of(seed, car.key, "zero", number) < ZERO_SHARE
    return Message(
        at=time_of(number) + STEP,
        percent=0.0 if zero else round(told.percent, 1),
        odometer=round(told.odometer, 1),
        plugged=told.plugged,
        on_road=told.on_road,
        kw=told.kw,
    )


def network_of(physics: Physics, vehicle: Vehicle) -> Network | None:
    """Return in which network's area a vehicle is."""
    if vehicle.car is None:
        return None
    now = physics.world.clock.now()
    for charge in physics.arrivals.active(now):
        if charge.car is vehicle.car and not charge.ghost:
            return charge.plug.charger.network
    told = physics.told.get(vehicle.car.key, {})
    last = told.get(number_of(physics.now.at - STEP))
    if last is None or last.on_road or last.plugged or "Hudson" not in vehicle.car.group:
        return None
    # Where Hudson's stand that nobody has plugged in.
    return next((n for n in physics.depots.networks.values() if n.site.key == RED_HOOK), None)
