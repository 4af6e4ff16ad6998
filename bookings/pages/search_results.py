"""One search over all that a fleet may see: sites, drivers, vehicles, bookings."""

from dataclasses import dataclass

from bookings.models import Booking
from bookings.selectors import bookings_of, list_bookings
from drivers.models import Driver, Fleet
from drivers.permissions import matching_drivers, private_partner_ids
from sites.models import Location
from sites.selectors import search_locations
from vehicles.models import Vehicle
from vehicles.selectors import matching_vehicles

MOST_OF_A_KIND = 5
LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Found:
    """The first few of each kind that match; `text` is what was looked for."""

    text: str
    sites: list[Location]
    drivers: list[Driver]
    vehicles: list[Vehicle]
    bookings: list[Booking]

    @property
    def count(self) -> int:
        return len(self.sites) + len(self.drivers) + len(self.vehicles) + len(self.bookings)


def search(fleet: Fleet, text: str) -> Found:
    """Return what matches a text, all words of it; nothing for an empty one.

    A booking is found by its number, reference, site, driver or vehicle, the latest start first.
    """
    text = text.replace("\x00", "").strip()[:LONGEST_TEXT]
    if not text:
        return Found("", [], [], [], [])
    sites = search_locations(partner_ids=private_partner_ids(fleet), query=text)
    return Found(
        text=text,
        sites=list(sites[:MOST_OF_A_KIND]),
        drivers=list(matching_drivers(fleet, text)[:MOST_OF_A_KIND]),
        vehicles=list(matching_vehicles(fleet, text)[:MOST_OF_A_KIND]),
        bookings=_bookings(fleet, text),
    )


def _bookings(fleet: Fleet, text: str) -> list[Booking]:
    found = list_bookings(fleet, view="all", narrowed={"q": text}).bookings[:MOST_OF_A_KIND]
    number = text.removeprefix("#")
    if not (number.isascii() and number.isdecimal()) or len(number) > 18:
        return found
    named = bookings_of(fleet).filter(pk=int(number))
    others = [booking for booking in found if booking.pk != int(number)]
    return [*named, *others][:MOST_OF_A_KIND]
