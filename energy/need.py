"""What a trip needs and what a charger gives, in percent of a battery. Pure; kW, kWh, km, hours.

What is not known is assumed and named, so that a promise can say what it rests on; where a battery
or a consumption is missing there is no promise at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from vehicles.need import ASSUMED_START, METER_TO_BATTERY

# From the meter to the battery.
EFFICIENCY = {current: float(share) for current, share in METER_TO_BATTERY.items()}
# A typical curve: up to which state of charge (%) which share of its DC peak a battery takes.
CURVE = ((10, 0.50), (50, 1.00), (80, 0.75), (90, 0.35), (100, 0.20))
# What chargers give of what they are built for, as long as nobody has learnt it.
ASSUMED_FACTOR = 0.95
ASSUMED_RESERVE = 10
FULL = 100.0


class Assumed(StrEnum):
    """What is taken for granted."""

    START = "start"  # what is in the battery
    RESERVE = "reserve"
    VEHICLE_POWER = "vehicle-power"
    CHARGER_POWER = "charger-power"


@dataclass(frozen=True, slots=True)
class Battery:
    """What a vehicle is. None is what nobody has told; a power of 0 says that it takes none."""

    kwh: float | None
    kwh_per_km: float | None = None
    reserve_percent: float | None = None
    ac_kw: float | None = None
    dc_kw: float | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """What is asked of a battery at a departure."""

    target_percent: float | None = None
    distance_km: float | None = None
    energy_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Charger:
    """What a charger is built for; `current` is “AC” or “DC”."""

    kw: float | None
    current: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A state of charge (%) and what it rests on."""

    percent: float
    assumed: tuple[Assumed, ...] = ()


def needed(battery: Battery, trip: Trip) -> Figure | None:
    """Return what is to be in the battery at the departure; None where it cannot be told.

    The most of the target, and of what the trip takes with the reserve on top. It may be more than
    a full battery.
    """
    found = [] if trip.target_percent is None else [trip.target_percent]
    assumed: tuple[Assumed, ...] = ()
    kwh = _trip_kwh(battery, trip)
    if kwh and battery.kwh:
        reserve = battery.reserve_percent
        if reserve is None:
            reserve, assumed = ASSUMED_RESERVE, (Assumed.RESERVE,)
        found.append(reserve + kwh / battery.kwh * FULL)
    if not found:
        return None
    most = max(found)
    return Figure(most, assumed if most != trip.target_percent else ())


def reached(battery: Battery, charger: Charger, *, start: float | None, hours: float) -> Figure:
    """Return what should be in the battery after so many hours at a charger.

    Without a battery of a known size nothing is gained. `start` is None where it is not known.
    """
    assumed = []
    if start is None:
        start = float(ASSUMED_START)
        assumed.append(Assumed.START)
    limit = battery.ac_kw if charger.current == "AC" else battery.dc_kw
    if limit is None:
        assumed.append(Assumed.VEHICLE_POWER)
    if charger.kw is None:
        assumed.append(Assumed.CHARGER_POWER)
    percent = start
    if battery.kwh and hours > 0:
        percent = _charged(battery, charger, start=start, hours=hours, limit=limit)
    return Figure(percent, tuple(assumed))


def power_into(battery: Battery, charger: Charger, *, at_percent: float) -> float:
    """Return the power (kW) that gets into a battery at a state of charge."""
    share = next((share for until, share in CURVE if at_percent < until), CURVE[-1][1])
    return min(_limits(battery, charger, share=share), default=0.0)


def as_float(number: Decimal | int | None) -> float | None:
    return None if number is None else float(number)


def _trip_kwh(battery: Battery, trip: Trip) -> float | None:
    """Return what a trip takes out of a battery; the most where distance and energy are told."""
    found = [] if trip.energy_kwh is None else [trip.energy_kwh]
    if trip.distance_km is not None and battery.kwh_per_km is not None:
        found.append(trip.distance_km * battery.kwh_per_km)
    return max(found, default=None)


def _limits(battery: Battery, charger: Charger, *, share: float) -> Iterable[float]:
    """Yield what limits the power into a battery of which the curve allows a share of the peak."""
    is_ac = charger.current == "AC"
    efficiency = EFFICIENCY["AC" if is_ac else "DC"]
    limit = battery.ac_kw if is_ac else battery.dc_kw
    if charger.kw is not None:
        yield charger.kw * ASSUMED_FACTOR * efficiency
    if limit is not None:
        yield limit * ASSUMED_FACTOR * efficiency
    # Which peak the curve is a share of: the battery's own, else what the charger would give.
    peak = battery.dc_kw or (None if is_ac else charger.kw)
    if peak is not None:
        yield peak * share


def _charged(
    battery: Battery, charger: Charger, *, start: float, hours: float, limit: float | None
) -> float:
    """Go through the bands of the curve, each with one power, until the time is over."""
    if limit == 0 or battery.kwh is None:
        return start
    percent, left = start, hours
    for until, _share in CURVE:
        if percent >= until:
            continue
        power = power_into(battery, charger, at_percent=percent)
        if power <= 0:
            return percent
        takes = (until - percent) / FULL * battery.kwh / power
        if takes >= left:
            return percent + left * power / battery.kwh * FULL
        percent, left = float(until), left - takes
    return percent
