"""What people call things: vehicles, drivers, sites and chargers by any name that a fleet uses.

A name that several have is said to be one, and what tells them apart.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TypeVar

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from drivers.models import Driver, Fleet
from drivers.permissions import current_drivers, private_partner_ids
from mirror.search import search_key
from sites.models import Evse, Location
from sites.selectors import all_bookable_evses, visible_locations
from spreadsheets.spellings import Spellings
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

Thing = TypeVar("Thing", Vehicle, Driver, Location, Evse)
Index = dict[str, list[Thing]]

# How people of four languages say that the charger does not matter.
ANY = {
    search_key(word)
    for word in (
        *("any", "any charger", "any that fits", "egal", "beliebig", "beliebige", "irgendeine"),
        *(
            "n'importe",
            "n'importe lequel",
            "indifférent",
            "willekeurig",
            "maakt niet uit",
            "*",
            "-",
        ),
    )
}
MOST_NAMED = 3
VEHICLE_NAMES = ("number", "plate", "vin", "name")
# No two plates differ by a dash between digits alone.
DENSE = frozenset({"plate"})


class UnknownName(Exception):
    """What a name does not mean, or does not mean alone; `message` is a sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Names:
    """The names of all that a fleet may book with; each kind is read once, when first asked for."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def vehicle(self, text: str) -> Vehicle:
        """Return a vehicle by number, plate or VIN. Raises UnknownName."""
        found = self._called(text, self.spellings.exactly)
        return _the_one(
            found or self._called(text, self.spellings.otherwise),
            none=_("No vehicle of your fleet has the number, plate or VIN “%(name)s”."),
            several=_("Several vehicles are called “%(name)s”: %(found)s. Please use the VIN."),
            text=text,
            told_by=lambda vehicle: vehicle.name,
        )

    def driver(self, text: str) -> Driver:
        """Return a driver by e-mail or name, in either order. Raises UnknownName."""
        return _the_one(
            self._drivers.get(search_key(text), []),
            none=_("No driver of your fleet has the name or e-mail “%(name)s”."),
            several=_(
                "Several drivers are called “%(name)s”: %(found)s. Please use the e-mail address."
            ),
            text=text,
            told_by=lambda driver: driver.email,
        )

    def site(self, text: str) -> Location:
        """Return a site by name or by the operator's number. Raises UnknownName."""
        return _the_one(
            self._sites.get(search_key(text), []),
            none=_("You can see no site called “%(name)s”."),
            several=_(
                "Several sites are called “%(name)s”: %(found)s. Please use the operator's number."
            ),
            text=text,
            told_by=lambda site: f"{site.city or site.address} ({site.ampeco_id})",
        )

    def charger(self, text: str, site: Location) -> Evse | None:
        """Return a bookable charger of a site by any of its names; None where any will do.

        Raises UnknownName.
        """
        if not text.strip() or search_key(text) in ANY:
            return None
        return _the_one(
            self._chargers_at(site).get(search_key(text), []),
            none=_("No charger called “%(name)s” can be booked at %(site)s."),
            several=_(
                "Several chargers at %(site)s are called “%(name)s”: %(found)s. Please use the"
                " reference."
            ),
            text=text,
            told_by=lambda evse: evse.physical_reference or evse.network_id or str(evse.ampeco_id),
            site=site.name,
        )

    def usual_driver(self, vehicle: Vehicle) -> Driver | None:
        """Return who usually drives a vehicle, where the fleet still has them."""
        return self._enabled_drivers.get(vehicle.usual_driver_id or 0)

    @cached_property
    def vehicles(self) -> list[Vehicle]:
        return list(current_vehicles(self.fleet))

    @cached_property
    def drivers(self) -> list[Driver]:
        return list(current_drivers(self.fleet).order_by("last_name", "first_name", "pk"))

    @cached_property
    def sites(self) -> list[Location]:
        return list(visible_locations(partner_ids=self._partners).order_by("name", "pk"))

    def chargers(self, site: Location) -> list[Evse]:
        """Return the chargers of a site that the fleet may book; all sites' are read at once."""
        return self._chargers.get(site.pk, [])

    @cached_property
    def _partners(self) -> frozenset[int]:
        return private_partner_ids(self.fleet)

    @cached_property
    def _enabled_drivers(self) -> dict[int, Driver]:
        return {each.pk: each for each in self.drivers if each.status == Driver.Status.ENABLED}

    @cached_property
    def spellings(self) -> Spellings[Vehicle]:
        """The fleet's vehicles by how their names may be written."""
        spellings = Spellings[Vehicle](dense=DENSE)
        for vehicle in self.vehicles:
            for kind in VEHICLE_NAMES:
                spellings.add(kind, getattr(vehicle, kind), vehicle)
        return spellings

    def _called(self, text: str, look: Callable[[str, str], list[Vehicle]]) -> list[Vehicle]:
        return list(dict.fromkeys(each for kind in VEHICLE_NAMES for each in look(kind, text)))

    @cached_property
    def _drivers(self) -> "Index[Driver]":
        return _index(
            self.drivers,
            lambda each: [
                search_key(each.email),
                search_key(each.first_name, each.last_name),
                search_key(each.last_name, each.first_name),
                search_key(f"{each.last_name}, {each.first_name}"),
            ],
        )

    @cached_property
    def _sites(self) -> "Index[Location]":
        return _index(self.sites, lambda each: [search_key(each.name), str(each.ampeco_id)])

    @cached_property
    def _chargers(self) -> dict[int, list[Evse]]:
        found: dict[int, list[Evse]] = defaultdict(list)
        evses = all_bookable_evses(partner_ids=self._partners)
        for evse in evses.select_related("charge_point__location").order_by("pk"):
            found[evse.charge_point.location_id].append(evse)
        return found

    def _chargers_at(self, site: Location) -> "Index[Evse]":
        return _index(self.chargers(site), _names_of_charger)


def _names_of_charger(evse: Evse) -> list[str]:
    point = evse.charge_point.name
    names = (evse.name, evse.label, evse.physical_reference, evse.network_id, str(evse.ampeco_id))
    return [search_key(name) for name in names] + [search_key(point, evse.label)]


def _index(
    things: Iterable[Thing], names: Callable[[Thing], Iterable[str]]
) -> dict[str, list[Thing]]:
    index: dict[str, list[Thing]] = defaultdict(list)
    for thing in things:
        for name in set(names(thing)) - {""}:
            index[name].append(thing)
    return index


def _the_one(
    found: Sequence[Thing],
    *,
    none: str,
    several: str,
    text: str,
    told_by: Callable[[Thing], str],
    **words: str,
) -> Thing:
    if len(found) == 1:
        return found[0]
    words["name"] = text.strip()[:60]
    if not found:
        raise UnknownName(none % words)
    named = [told_by(each) for each in found[:MOST_NAMED]]
    words["found"] = str(get_text_list(named, _("and")))
    raise UnknownName(several % words)
