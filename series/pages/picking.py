"""What the form of a series lets people pick: vehicles and chargers, what does not fit last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from batches.proposing import chargers_of
from bookings.pages.vehicles.choice import LONGEST_QUERY, offer_for
from drivers.models import Driver, Fleet
from imports.names import Names, UnknownName
from shell.keys import read_key
from sites.models import Evse, Location
from vehicles.choices import Choices, charger_choices
from vehicles.models import Vehicle
from vehicles.pages.offer import VehicleOffer
from vehicles.selectors import current_vehicles

LONGEST_NAME = 255

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Picks:
    """What a form has so far, as far as it means something; `evses` are the chargers of the site.

    What somebody typed in search of a vehicle may mean one: that is `sought`.
    """

    fleet: Fleet
    site: Location | None
    evses: list[Evse]
    charger: Evse | None
    vehicle: Vehicle | None
    sought: Vehicle | None
    driver: Driver | None
    query: str

    @classmethod
    def of(cls, given: Mapping[str, Any], names: Names) -> "Picks":
        """Read what was typed or picked; names serve as well as the keys that the form sends."""

        def text(name: str) -> str:
            return str(given.get(name) or "").strip()[:LONGEST_NAME]

        site = _meant(names.site, text("site"))
        evses = chargers_of(names.fleet, site) if site else []
        vehicle, query = text("vehicle"), text("vehicle_query")[:LONGEST_QUERY]
        picked = _vehicle(names, vehicle)
        if vehicle and not picked and read_key(vehicle) is None:
            query = query or vehicle[:LONGEST_QUERY]
        return cls(
            fleet=names.fleet,
            site=site,
            evses=evses,
            charger=_charger(names, text("charger"), site, evses),
            vehicle=picked,
            sought=_meant(names.vehicle, query),
            driver=_meant(names.driver, text("driver")),
            query=query,
        )

    def filled_in(self, given: Any) -> Any:
        """Return what was given as the form sends it: with keys for what was named."""
        changed = given.copy()
        vehicle = str(given.get("vehicle") or "").strip()
        changed["vehicle"] = str(self.vehicle.pk) if self.vehicle else vehicle
        if not self.vehicle and read_key(vehicle) is None:
            changed["vehicle"] = ""
        changed["vehicle_query"] = self.query
        if self.charger:
            changed["charger"] = str(self.charger.pk)
        return changed

    def charger_choices(self, typed: str) -> Choices:
        """Return the chargers of the site for the vehicle, and a name that means none."""
        vehicle = self.vehicle or self.sought
        choices = charger_choices(vehicle, self.evses, any_label=_("Any charger that fits"))
        if typed and not self.charger and read_key(typed) is None:
            choices.insert(1, (typed, typed))
        return choices

    def vehicles(self) -> VehicleOffer:
        """Return the vehicles for the charger, or for any at the site, that the search finds."""
        return offer_for(
            self.fleet,
            self.query,
            chosen=str(self.vehicle.pk) if self.vehicle else "",
            driver=str(self.driver.pk) if self.driver else "",
            evses=[self.charger] if self.charger else self.evses,
        )


def _meant(find: Callable[[str], Found], text: str) -> Found | None:
    try:
        return find(text) if text else None
    except UnknownName:
        return None


def _vehicle(names: Names, text: str) -> Vehicle | None:
    picked = None
    if (pk := read_key(text)) is not None:
        picked = current_vehicles(names.fleet).filter(pk=pk).first()
    return picked or _meant(names.vehicle, text)


def _charger(names: Names, text: str, site: Location | None, evses: list[Evse]) -> Evse | None:
    by_key = {str(evse.pk): evse for evse in evses}
    if site is None or not text or text in by_key:
        return by_key.get(text)
    named = _meant(lambda name: names.charger(name, site), text)
    return by_key.get(str(named.pk)) if named else None
