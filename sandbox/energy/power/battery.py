"""How batteries fill: power by state of charge, and what is lost on the way."""

from typing import Protocol

LOSSES = {"ac": 0.88, "dc": 0.95}  # what arrives in the battery of what the meter counts
# Up to this share of the battery, this share of the peak.
CURVE = ((0.1, 0.5), (0.5, 1.0), (0.8, 0.75), (0.9, 0.35), (1.0, 0.2))


class Fillable(Protocol):
    """A vehicle, as far as charging it is concerned."""

    @property
    def battery_kwh(self) -> float: ...
    @property
    def ac_kw(self) -> float: ...
    @property
    def dc_kw(self) -> float: ...


def peak_share(filled: float) -> float:
    """Return which share of its peak a battery takes that is filled to a share of 0 to 1."""
    return next((share for until, share in CURVE if filled < until), 0.0)


def most_kw(car: Fillable, stored_kwh: float, *, current: str, evse_kw: float) -> float:
    """Return the most that the meter can show now, in kW."""
    if stored_kwh >= car.battery_kwh:
        return 0.0
    on_board = car.ac_kw if current == "ac" else car.dc_kw
    curve = peak_share(stored_kwh / car.battery_kwh) * max(car.dc_kw, car.ac_kw)
    return min(evse_kw, on_board, curve / LOSSES[current])


def fill(car: Fillable, stored_kwh: float, *, current: str, kw: float, hours: float) -> float:
    """Return what the meter counts, in kWh, when a battery is charged so; never over its brim."""
    room = (car.battery_kwh - stored_kwh) / LOSSES[current]
    return max(0.0, min(kw * hours, room))
