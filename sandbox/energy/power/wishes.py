"""What those who are plugged in want, as far as Ampcontrol knows."""

from datetime import datetime

from sandbox.energy.charges import car_departure, target_of
from sandbox.energy.depots import TARGET, Depots
from sandbox.energy.power.battery import most_kw
from sandbox.energy.power.sharing import Taker
from sandbox.energy.records import Charge
from sandbox.energy.routine import Whereabouts


def taker_of(
    depots: Depots,
    charge: Charge,
    at: datetime,
    stored_kwh: float,
    where: Whereabouts | None = None,
) -> Taker:
    """Return what a charge wants with so much in its battery; `where` spares finding that out.

    Who is linked to no vehicle wants all that there is, and is not planned for. A departure that is
    past counts as the first: nobody cleared it.
    """
    vehicle = depots.vehicles.get(charge.vehicle_id or "")
    if depots.is_on("unlinked_tags", at):
        vehicle = None
    priority = charge.plug.priority
    for since, told in charge.priorities:
        priority = told if since <= at else priority
    filled = stored_kwh / charge.car.battery_kwh * 100
    return Taker(
        key=charge.key,
        most_kw=most_of(depots, charge, at, stored_kwh),
        wants=filled < (target_of(vehicle, at) if vehicle else TARGET),
        planned=vehicle is not None,
        departs_at=car_departure(depots, vehicle, at, where) if vehicle else None,
        priority=priority,
    )


def most_of(depots: Depots, charge: Charge, at: datetime, stored_kwh: float) -> float:
    """Return the most that a charge can take with so much in its battery, in kW."""
    evse = depots.world.evses.get(charge.plug.evse_id or 0)
    if evse is not None and evse.status != "enabled" and evse.updated_at <= at:
        return 0.0
    current, evse_kw = charge.plug.current, charge.plug.max_kw
    return most_kw(charge.car, stored_kwh, current=current, evse_kw=evse_kw)
