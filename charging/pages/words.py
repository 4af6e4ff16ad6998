"""What AMPECO's words about sessions and prices mean, in sentences and headings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

PRICE_PARTS: Mapping[str, Promise] = {
    "flat": _("Flat price"),
    "connection": _("Start fee"),
    "energy": _("Energy"),
    "charging_time": _("Charging time"),
    "idle_time": _("Idle time"),
    "power_levels_time": _("Time at a level of power"),
    "min_price": _("Up to the minimum price"),
    "service_fee": _("Service fee"),
    "energy_flat_fee": _("Flat fee for energy"),
    "duration_flat_fee": _("Flat fee for time"),
    "idle_flat_fee": _("Flat fee for idle time"),
}
# The usual reasons; of the others the code is shown.
REASONS: Mapping[str, Promise] = {
    "standard_stop": _("Stopped as usual"),
    "local": _("Stopped at the charger"),
    "remote": _("Stopped from afar"),
    "force_stop": _("Stopped by the operator"),
    "system_force_stop": _("Stopped by the operator’s system"),
    "evdisconnected": _("The vehicle was unplugged"),
    "stoppedbyev": _("The vehicle ended it"),
    "soclimitreached": _("The battery had reached its limit"),
    "energylimitreached": _("The energy agreed on was delivered"),
    "energy_exceeded": _("The energy agreed on was delivered"),
    "schedule_completed": _("The plan was fulfilled"),
    "timeout": _("It took too long"),
    "time_limit": _("The time allowed was over"),
    "timeoutlimitreached": _("The time allowed was over"),
    "working_hours_exceeded": _("The site closed"),
    "deauthorized": _("The authorisation was withdrawn"),
    "balance_exceeded": _("The balance was used up"),
    "localoutofcredit": _("The balance was used up"),
    "authorization_amount_reached": _("The amount authorised was used up"),
    "emergencystop": _("Emergency stop"),
    "powerloss": _("The power failed"),
    "powerquality": _("The power was not good enough"),
    "groundfault": _("Ground fault"),
    "overcurrentfault": _("Overcurrent"),
    "reboot": _("The charger restarted"),
    "hardreset": _("The charger restarted"),
    "softreset": _("The charger restarted"),
    "immediatereset": _("The charger restarted"),
    "unlockcommand": _("The connector was unlocked"),
    "charge_point_timeout": _("The charger did not answer"),
    "no_ev_connected": _("No vehicle was plugged in"),
    "ev_not_connected_to_evse": _("No vehicle was plugged in"),
}


def price_part(code: str) -> str:
    return str(PRICE_PARTS.get(code, "")) or code.replace("_", " ") or gettext("Other")


def reason(code: str) -> str:
    """Return why a session ended; "" where nobody says."""
    return str(REASONS.get(code.lower(), "")) or code.replace("_", " ")


def quantity(value: Any, unit: str) -> str:
    """Return how much of something a price is for, such as “31.2 kWh”."""
    number = plain_number(value)
    if number is None:
        return ""
    words = {"number": trimmed(number)}
    if unit == "kwh":
        return gettext("%(number)s kWh") % words
    if unit == "minute":
        return gettext("%(number)s min") % words
    return "" if number == 1 else words["number"]


def plain_number(value: Any) -> Decimal | None:
    """Return a number of the price breakdown, which has them as texts; None for what is none."""
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def trimmed(number: Decimal) -> str:
    """Return a number as the reader writes it, with three decimals at most."""
    return number_format(f"{number.quantize(Decimal('0.001')).normalize():f}")


def percent(value: Any) -> str:
    """Return a share in percent, which may be a fraction of one; "" where it is not known."""
    number = plain_number(value)
    return "" if number is None else f"{trimmed(number)} %"
