"""Whether a vehicle fits a charger, and if not, why: what is not known, fits.

Nothing here reads the database where `for_fitting` has read the chargers and `vehicles.selectors`
the vehicle.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ampeco.types import ParkingSpaceCriteria
from sites import parking
from sites.facts import connector_label
from sites.models import Evse
from vehicles.models import Vehicle

# The plugs that go into a socket besides its own: the combined ones take the smaller one, too.
TAKES = {
    "ccs2": frozenset({"ccs2", "type2"}),
    "ccs1": frozenset({"ccs1", "type1", "j1772"}),
    "type1": frozenset({"type1", "j1772"}),
    "j1772": frozenset({"type1", "j1772"}),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a vehicle does not fit a charger, in a sentence.

    It is certain where no driver and no goodwill could help: no plug, no such current. The rest,
    what is said of parking spaces, is told as people measured it. What `is_about_driver` is so only
    as long as the vehicle's usual driver drives.
    """

    text: str
    is_certain: bool = False
    is_about_driver: bool = False


def for_fitting(evses: QuerySet[Evse]) -> QuerySet[Evse]:
    """Let a query of chargers read all that fitting asks: as many queries for 40 as for one."""
    return evses.select_related("charge_point__location").prefetch_related(
        "connectors", *parking.PREFETCH
    )


def misfit(vehicle: Vehicle, evse: Evse) -> str:
    """Return in a sentence why a vehicle does not fit a charger; "" where it does."""
    found = why_not(vehicle, evse)
    return found.text if found else ""


def misfit_of_all(vehicle: Vehicle, evses: Iterable[Evse]) -> str:
    """Return why a vehicle fits none of some chargers, as of the first; "" where one does."""
    first = ""
    for evse in evses:
        reason = misfit(vehicle, evse)
        if not reason:
            return ""
        first = first or reason
    return first


def why_not(vehicle: Vehicle, evse: Evse) -> Misfit | None:
    """Return the first reason why a vehicle does not fit a charger, the certain ones first."""
    return next(_reasons(vehicle, evse), None)


def _reasons(vehicle: Vehicle, evse: Evse) -> Iterator[Misfit]:
    if reason := _no_plug(vehicle, evse) or _no_current(vehicle, evse):
        yield Misfit(reason, is_certain=True)
    if reason := parking.why_no_room(parking_needs(vehicle), evse):
        yield Misfit(reason)
    if reason := _no_access(vehicle, evse):
        yield Misfit(reason, is_about_driver=True)


def plugs_taken(vehicle: Vehicle) -> frozenset[str]:
    """Return the plugs of chargers that go into a vehicle; none where that is not known."""
    taken = (TAKES.get(plug, frozenset({plug})) for plug in vehicle.plugs)
    return frozenset[str]().union(*taken)


def parking_needs(vehicle: Vehicle) -> ParkingSpaceCriteria:
    """Return what a vehicle needs of a parking space, in AMPECO's eight words."""
    return ParkingSpaceCriteria(
        weight_kg=vehicle.weight_kg,
        height_cm=vehicle.height_cm,
        length_cm=vehicle.length_cm,
        width_cm=vehicle.width_cm,
        vehicle_type=vehicle.ampeco_type,
        drive_through=vehicle.needs_drive_through,
        refrigeration_outlet=vehicle.needs_refrigeration,
        dangerous_goods=vehicle.carries_dangerous_goods,
    )


def _no_plug(vehicle: Vehicle, evse: Evse) -> str:
    taken, offered = plugs_taken(vehicle), evse.plug_types - {"unknown"}
    if not taken or not offered or taken & offered:
        return ""
    return _("This charger has %(offered)s, the vehicle takes %(taken)s.") % {
        "offered": _plugs_text(offered),
        "taken": _plugs_text(vehicle.plugs),
    }


def _no_current(vehicle: Vehicle, evse: Evse) -> str:
    """Return why a current is of no use: a power of 0 says that the vehicle does not take it."""
    if evse.current_type == Evse.CurrentType.AC and vehicle.ac_kw == 0:
        return _("This charger gives AC, which the vehicle does not take.")
    if evse.current_type == Evse.CurrentType.DC and vehicle.dc_kw == 0:
        return _("This charger gives DC, which the vehicle does not take.")
    return ""


def _no_access(vehicle: Vehicle, evse: Evse) -> str:
    driver, point = vehicle.usual_driver, evse.charge_point
    if driver is None or point.is_open_to_all:
        return ""
    if any(
        access.ampeco_partner_id == point.ampeco_partner_id
        for access in driver.private_access.all()
    ):
        return ""
    return _("%(driver)s, who usually drives it, has no access to this private charger.") % {
        "driver": driver.display_name
    }


def _plugs_text(plugs: Iterable[str]) -> str:
    return ", ".join(connector_label(plug) for plug in sorted(plugs))
