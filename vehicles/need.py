"""What a vehicle takes when it charges, as long as nobody knows how full it comes."""

from decimal import Decimal

from django.utils.translation import gettext as _

from sites.slots.prices.appetite import ASSUMED_AC_KW, ASSUMED_DC_KW, Appetite
from vehicles.models import Vehicle

ASSUMED_START, ASSUMED_END = 20, 80
# Which share of what is metered gets into the battery.
METER_TO_BATTERY = {"AC": Decimal("0.88"), "DC": Decimal("0.95")}


def appetite_of(vehicle: Vehicle | None) -> Appetite:
    """Return what a vehicle is assumed to charge; without one what vans do as a rule."""
    if vehicle is None:
        return Appetite()
    ac_kw = ASSUMED_AC_KW if vehicle.ac_kw is None else vehicle.ac_kw
    dc_kw = ASSUMED_DC_KW if vehicle.dc_kw is None else vehicle.dc_kw
    if not vehicle.battery_kwh:
        return Appetite(ac_kw=ac_kw, dc_kw=dc_kw)
    kwh = vehicle.battery_kwh * (ASSUMED_END - ASSUMED_START) / 100
    return Appetite(
        ac_kwh=kwh / METER_TO_BATTERY["AC"],
        dc_kwh=kwh / METER_TO_BATTERY["DC"],
        ac_kw=ac_kw,
        dc_kw=dc_kw,
        is_assumed=False,
        basis=_("%(vehicle)s is charged from %(start)d %% to %(end)d %%.")
        % {"vehicle": vehicle.name, "start": ASSUMED_START, "end": ASSUMED_END},
    )
