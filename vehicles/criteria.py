"""What any charger must offer to a vehicle: what “any charger that fits” means."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ampeco.types import ParkingSpaceCriteria
from sites.models import Evse
from sites.selectors import Criteria
from vehicles.fitting import parking_needs, plugs_taken, why_not
from vehicles.models import Vehicle

AC, DC = Evse.CurrentType.AC, Evse.CurrentType.DC
DC_PLUGS = frozenset({"ccs2", "ccs1", "chademo", "nacs", "chaoji", "gb-t-dc"})
# AC chargers of 22 kW and DC chargers of 150 kW are what there is most of, whoever charges there.
USUAL_KW: dict[str, Decimal] = {AC: Decimal(22), DC: Decimal(150)}
TENTH = Decimal("0.1")


def criteria_of(vehicle: Vehicle, evses: Sequence[Evse] = ()) -> Criteria:
    """Return what any charger must offer to a vehicle, at a site if its chargers are given.

    Least power: half of what the vehicle takes, since a weaker charger would need more than twice
    the time that a manager reckons with. Most power: twice what it takes, or the usual size of
    chargers where that is more, since a stronger one gives the vehicle nothing, costs more and
    keeps a truck from it. AMPECO takes one connector: the one that most of the site's chargers have
    among those that fit, else the vehicle's own for DC, then for AC. Where no charger of the site
    lies within these powers, those that fit count whatever their power. Of parking spaces nothing
    is asked at a site where none is known: an operator who knows none could only refuse.
    """
    fitting = [evse for evse in evses if why_not(vehicle, evse) is None]
    connector, current = _plug_for(vehicle, fitting)
    criteria = Criteria(
        current_type=current,
        connector_type=connector,
        **_powers(vehicle, current),
        parking=parking_needs(vehicle),
    )
    if not evses:
        return criteria
    if not any(evse.parking_spaces.all() for evse in evses):
        criteria = replace(criteria, parking=ParkingSpaceCriteria())
    if fitting and not any(criteria.fits(evse) for evse in fitting):
        criteria = replace(criteria, min_power_kw=None, max_power_kw=None)
    return criteria


def _plug_for(vehicle: Vehicle, fitting: Sequence[Evse]) -> tuple[str, str]:
    """Return the connector to ask for and its current; nothing where the plugs are not known."""
    taken = plugs_taken(vehicle)
    found = Counter(
        (plug, evse.current_type if evse.current_type in USUAL_KW else "")
        for evse in fitting
        for plug in evse.plug_types & taken
    )
    if found:
        (plug, current), _count = max(
            found.items(), key=lambda each: (each[1], each[0][1] == DC, each[0][0])
        )
        return plug, current
    if fitting:
        # They fit as far as is known, and their plugs are not.
        return "", ""
    own = [plug for plug in sorted(vehicle.plugs) if _takes(vehicle, _current_of(plug))]
    own.sort(key=lambda plug: plug not in DC_PLUGS)
    return (own[0], _current_of(own[0])) if own else ("", "")


def _current_of(plug: str) -> str:
    return DC if plug in DC_PLUGS else AC


def _takes(vehicle: Vehicle, current: str) -> bool:
    return (vehicle.dc_kw if current == DC else vehicle.ac_kw) != 0


def _powers(vehicle: Vehicle, current: str) -> dict[str, Decimal | None]:
    takes = vehicle.dc_kw if current == DC else vehicle.ac_kw
    if not current or not takes:
        return {"min_power_kw": None, "max_power_kw": None}
    return {
        "min_power_kw": (takes / 2).quantize(TENTH),
        "max_power_kw": max(2 * takes, USUAL_KW[current]).quantize(TENTH),
    }
