"""Where the place is that somebody typed: as coordinates, by a geocoder, or among the sites."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from mirror.search import search_key
from sites.finding.coordinates import Point, is_link, read_coordinates
from sites.finding.geocoder import GeocoderAway, ask_geocoder, is_on_the_globe
from sites.models import Location
from upstream.readers import is_nowhere

# Links to maps may be longer.
MOST_LETTERS = 200
# More sites than these say nothing of where a place is.
MOST_SITES = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the globe, and what it is called."""

    latitude: float
    longitude: float
    name: str

    @property
    def point(self) -> Point:
        return self.latitude, self.longitude


class PlaceNotFound(Exception):
    """No place was found; the message is for the person who typed it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def find_place(text: str, *, sites: QuerySet[Location]) -> Place:
    """Return the place that a text names. Raises PlaceNotFound.

    `sites` are those that may be known by town, post code, name or address where no geocoder is
    set up, or where it knows no such place.
    """
    text = " ".join(text.split())
    if point := read_coordinates(text):
        return _typed(*point)
    if is_link(text):
        raise PlaceNotFound(
            _("This link does not say where the place is. Please paste its coordinates or address.")
        )
    if len(text) > MOST_LETTERS:
        raise PlaceNotFound(_("Please describe the place in at most 200 characters."))
    place = (_of_geocoder(text) if settings.GEOCODER_URL else None) or _of_sites(text, sites)
    if place is None:
        raise _unknown()
    return place


def centre_of(points: Iterable[Point]) -> Point:
    """Return the middle of points on the globe, also of such on both sides of 180°."""
    x = y = z = 0.0
    for latitude, longitude in points:
        lat, lon = radians(latitude), radians(longitude)
        x, y, z = x + cos(lat) * cos(lon), y + cos(lat) * sin(lon), z + sin(lat)
    return degrees(atan2(z, hypot(x, y))), degrees(atan2(y, x))


def _typed(latitude: float, longitude: float) -> Place:
    if not is_on_the_globe(latitude, longitude):
        raise PlaceNotFound(
            _("A latitude is from −90 to 90, a longitude from −180 to 180. They are ignored.")
        )
    if is_nowhere(latitude, longitude):
        raise _unknown()
    return Place(latitude, longitude, f"{round(latitude, 5):.9g}, {round(longitude, 5):.9g}")


def _unknown() -> PlaceNotFound:
    return PlaceNotFound(
        _("We could not find this place. Try a town or a postcode. The sites are sorted by name.")
    )


def _of_geocoder(text: str) -> Place | None:
    try:
        answer = ask_geocoder(text)
    except GeocoderAway:
        raise PlaceNotFound(
            _("Places cannot be looked up at the moment. The sites are sorted by name.")
        ) from None
    if answer is None:
        return None
    latitude, longitude, name = answer
    return Place(latitude, longitude, name or text)


def _of_sites(text: str, sites: QuerySet[Location]) -> Place | None:
    wanted = search_key(text)
    if not wanted:
        return None
    there = sites.filter(latitude__isnull=False, longitude__isnull=False).order_by()
    columns = ("latitude", "longitude", "city", "post_code", "name")
    by_code = there.filter(post_code__iexact=text.replace("\0", ""))
    matching = there
    for word in wanted.split():
        matching = matching.filter(search_text__contains=word)
    rows = [
        *by_code.values_list(*columns)[:MOST_SITES],
        *matching.values_list(*columns)[:MOST_SITES],
    ]
    ranks = [
        [row for row in rows if search_key(row[2]) == wanted],
        [row for row in rows if search_key(row[3]) == wanted],
        [row for row in rows if search_key(row[4]) == wanted],
        rows,
    ]
    best = next((found for found in ranks if found), [])
    if not best:
        return None
    latitude, longitude = centre_of((row[0], row[1]) for row in best)
    return Place(latitude, longitude, best[0][2] if best is ranks[0] else text)
