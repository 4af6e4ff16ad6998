"""Which sites lie close to another one, as the crow flies."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from django.db.models import Q, QuerySet

from sites.models import Evse, Location

EARTH_RADIUS_KM = 6371.0
KM_PER_DEGREE = 111.2
# Closer to a pole than this, every longitude is near.
LEAST_COSINE = 0.01


@dataclass(frozen=True, slots=True)
class Nearby:
    """A site by its primary key, and how far away it is."""

    location_pk: int
    km: float


def nearest_sites(
    location: Location, *, evses: QuerySet[Evse], within_km: float, limit: int
) -> list[Nearby]:
    """Return the other sites that have one of these chargers, the nearest first; one query.

    None where it is not known where the site lies.
    """
    if location.latitude is None or location.longitude is None:
        return []
    place = "charge_point__location"
    found = (
        evses.filter(_box(location.latitude, location.longitude, within_km))
        .exclude(**{place: location})
        .values_list(f"{place}_id", f"{place}__latitude", f"{place}__longitude")
        .order_by()
        .distinct()
    )
    here = (location.latitude, location.longitude)
    sites = (Nearby(pk, distance_km(here, (lat, lon))) for pk, lat, lon in found)
    within = [site for site in sites if site.km <= within_km]
    return sorted(within, key=lambda site: (site.km, site.location_pk))[:limit]


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the way over the globe between two points, given as latitude and longitude."""
    (lat, lon), (other_lat, other_lon) = ([radians(angle) for angle in at] for at in (one, other))
    half = (
        sin((other_lat - lat) / 2) ** 2
        + cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def _box(latitude: float, longitude: float, km: float) -> Q:
    place = "charge_point__location"
    up = km / KM_PER_DEGREE
    rows = Q(**{f"{place}__latitude__range": (latitude - up, latitude + up)})
    narrowest = min(cos(radians(min(90.0, abs(latitude) + up))), 1.0)
    if narrowest < LEAST_COSINE:
        return rows & Q(**{f"{place}__longitude__isnull": False})
    west, east = longitude - up / narrowest, longitude + up / narrowest
    columns = Q(**{f"{place}__longitude__range": (west, east)})
    if west < -180:
        columns |= Q(**{f"{place}__longitude__gte": west + 360})
    if east > 180:
        columns |= Q(**{f"{place}__longitude__lte": east - 360})
    return rows & columns
