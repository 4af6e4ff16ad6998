"""What a vehicle can do, put into words; and its identification number (VIN, ISO 3779)."""

import re
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from shell.formats import kw
from vehicles.models import Vehicle

VIN_LENGTH = 17
# Neither I, O nor Q, which look like digits.
VIN_SHAPE = re.compile(r"[A-HJ-NPR-Z0-9]{1,17}", re.ASCII)
SIGNS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
VALUES = dict(zip(SIGNS, map(int, "012345678912345678123457923456789"), strict=True))
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CHECK_DIGIT = 8


def power_text(vehicle: Vehicle) -> str:
    """Return what a vehicle takes, such as “AC 11 kW · DC 100 kW”; "" where it is not known."""
    parts = []
    if vehicle.ac_kw is not None:
        text = _("AC %(power)s") if vehicle.ac_kw else _("no AC")
        parts.append(text % {"power": kw(vehicle.ac_kw)})
    if vehicle.dc_kw is not None:
        text = _("DC %(power)s") if vehicle.dc_kw else _("no DC")
        parts.append(text % {"power": kw(vehicle.dc_kw)})
    return " · ".join(parts)


def consumption_text(vehicle: Vehicle) -> str:
    if vehicle.kwh_per_km is None:
        return ""
    plain = number_format(Decimal(f"{vehicle.kwh_per_km.normalize():f}"))
    return _("%(energy)s kWh per km") % {"energy": plain}


def is_odd_vin(vin: str) -> bool:
    """Return whether a number's length or its check digit (the ninth) is not as it should be.

    Only North American and Chinese makers must have one: this is a hint, never a refusal.
    """
    if len(vin) != VIN_LENGTH or not VIN_SHAPE.fullmatch(vin):
        return True
    rest = sum(VALUES[sign] * weight for sign, weight in zip(vin, WEIGHTS, strict=True)) % 11
    return vin[CHECK_DIGIT] != ("X" if rest == 10 else str(rest))
