"""What a departure asks of its vehicle's battery."""

import math

from energy.models import Departure
from energy.need import Battery, Trip, as_float, needed
from vehicles.models import Vehicle


def target_of(departure: Departure) -> int | None:
    """Return what Ampcontrol is told to charge to, in percent; None where nobody can tell.

    What was typed; without it what the trip takes, as far as the vehicle's facts are known.
    """
    if departure.target_percent is not None:
        return departure.target_percent
    need = needed(battery_of(departure.vehicle), trip_of(departure))
    return None if need is None else min(math.ceil(need.percent), 100)


def battery_of(vehicle: Vehicle) -> Battery:
    return Battery(
        kwh=as_float(vehicle.battery_kwh),
        kwh_per_km=as_float(vehicle.kwh_per_km),
        reserve_percent=as_float(vehicle.reserve_percent),
        ac_kw=as_float(vehicle.ac_kw),
        dc_kw=as_float(vehicle.dc_kw),
    )


def trip_of(departure: Departure) -> Trip:
    return Trip(
        target_percent=as_float(departure.target_percent),
        distance_km=as_float(departure.distance_km),
        energy_kwh=as_float(departure.energy_kwh),
    )
