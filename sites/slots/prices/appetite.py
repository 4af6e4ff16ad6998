"""What is to be charged in a slot, as far as that is known: what estimates of its price rest on."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from sites.models import Evse
from tariffs.estimates import Need

# A van that comes in half empty, and what it takes.
ASSUMED_KWH = Decimal(30)
ASSUMED_AC_KW = Decimal(11)
ASSUMED_DC_KW = Decimal(50)
# No AC charger has more, where nobody says which current it gives.
MOST_AC_KW = Decimal(43)
TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Appetite:
    """What something takes: kWh at the meter, and kW at most, by current; 0 kW is none at all.

    `is_assumed` says that nobody knows it, `basis` in a sentence what else it rests on.
    """

    ac_kwh: Decimal = ASSUMED_KWH
    dc_kwh: Decimal = ASSUMED_KWH
    ac_kw: Decimal = ASSUMED_AC_KW
    dc_kw: Decimal = ASSUMED_DC_KW
    is_assumed: bool = True
    basis: str = ""

    def at(self, evse: Evse) -> Need | None:
        """Return what is taken at a charger: no more power than it has; None where nothing is."""
        is_dc = evse.current_type == Evse.CurrentType.DC or (
            evse.current_type == Evse.CurrentType.UNKNOWN and (evse.max_power_kw or 0) > MOST_AC_KW
        )
        kwh, kw = (self.dc_kwh, self.dc_kw) if is_dc else (self.ac_kwh, self.ac_kw)
        if evse.max_power_kw:
            kw = min(kw, evse.max_power_kw)
        if kwh <= 0 or kw <= 0:
            return None
        return Need(
            kwh.quantize(TENTH, ROUND_HALF_UP), kw.quantize(TENTH, ROUND_HALF_UP), self.is_assumed
        )


def share_charged(need: Need, length: timedelta) -> Decimal:
    """Return how much of what is needed is charged in a time, 1 at most."""
    minutes = length // timedelta(minutes=1)
    return min(Decimal(1), need.power_kw * minutes / 60 / need.energy_kwh)
