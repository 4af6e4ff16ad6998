"""What the list of sites and the map beside it show: the sites that match, in order."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.utils.translation import ngettext

from drivers.permissions import FleetRequest, private_partner_ids
from shell.remembered import remembered
from sites.facts import connector_label, distance_text
from sites.favourites import favourites_of
from sites.finding.forms import SiteSearchForm
from sites.finding.nearby import distance_km
from sites.finding.places import Place, PlaceNotFound, find_place
from sites.models import Location
from sites.selectors import (
    Offer,
    all_bookable_evses,
    offered_connectors,
    offers_at,
    search_locations,
    visible_locations,
)

PAGE_SIZE = 25
# Searches whose order is kept in mind, with eight bytes for each site.
MOST_KEPT = 32

# A site for the map: primary key, latitude, longitude, name, chargers that can be booked.
MapSite = tuple[int, float, float, str, int]


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site in the list, with what the fleet can book there, and how far away it is."""

    location: Location
    chargers: int
    connectors: str
    max_power_kw: Decimal | None
    is_favourite: bool
    distance: str


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody searches for; `criteria` leave out whether only favourites are wanted."""

    form: SiteSearchForm
    criteria: dict[str, Any]
    partner_ids: frozenset[int]
    favourites: frozenset[int]

    @property
    def locations(self) -> QuerySet[Location]:
        """All sites that match, by name."""
        locations = search_locations(partner_ids=self.partner_ids, **self.criteria)
        if self.form.only_favourites:
            return locations.filter(pk__in=self.favourites)
        return locations


def read_search(request: FleetRequest) -> Search:
    """Return what the query string asks for. Wrong values are left out; the form says which."""
    partner_ids = private_partner_ids(request.fleet)
    form = SiteSearchForm(request.GET, connectors=_connectors(partner_ids))
    return Search(form, form.criteria(), partner_ids, favourites_of(request.user.pk))


@remembered(seconds=60)
def _connectors(partner_ids: frozenset[int]) -> Sequence[str]:
    """Return what the list can be narrowed down to: to know it, all connectors are read."""
    return offered_connectors(partner_ids=partner_ids)


def find_near(search: Search) -> Place | None:
    """Return the place near which sites are wanted; what cannot be found is said by the form."""
    text = search.form.wanted_place
    if not text:
        return None
    try:
        return find_place(text, sites=visible_locations(partner_ids=search.partner_ids))
    except PlaceNotFound as problem:
        search.form.add_error("near", problem.message)
        return None


def page_of_rows(
    search: Search, place: Place | None, number: str | None
) -> tuple[Page[Any], list[SiteRow]]:
    """Return a page of the list: the nearest first, or else favourites first and then by name.

    Which sites there are may be a minute old; none that the fleet may not see any more is shown.
    """
    far = dict(by_distance(search.locations, place)) if place else {}
    keys = list(far) if place else favourites_first(search)
    page: Page[Any] = Paginator(keys, PAGE_SIZE).get_page(number)
    known = search.locations.in_bulk(page.object_list)
    sites = [
        (known[pk], distance_text(far[pk]) if place else "")
        for pk in page.object_list
        if pk in known
    ]
    offers = offers_at([location for location, _far in sites], partner_ids=search.partner_ids)
    return page, [
        site_row(location, offers[location.pk], search.favourites, distance=far)
        for location, far in sites
    ]


def favourites_first(search: Search) -> Sequence[int]:
    """Return the sites' primary keys."""
    keys = _keys_by_name(search.partner_ids, **search.criteria)
    first = [pk for pk in keys if pk in search.favourites] if search.favourites else []
    if search.form.only_favourites:
        return first
    return [*first, *(pk for pk in keys if pk not in search.favourites)] if first else keys


@remembered(seconds=60, most=MOST_KEPT)
def _keys_by_name(partner_ids: frozenset[int], **criteria: Any) -> Sequence[int]:
    """Return all sites that match: to count them, or to come to the last, takes as long."""
    found = search_locations(partner_ids=partner_ids, **criteria)
    return array("q", found.values_list("pk", flat=True))


def by_distance(locations: QuerySet[Location], place: Place) -> list[tuple[int, float | None]]:
    """Return the sites' primary keys with the way there in km, the nearest first.

    Of equally near ones the order stays; those whose place is not known come last.
    """
    far = [
        (pk, None if lat is None or lon is None else distance_km(place.point, (lat, lon)))
        for pk, lat, lon in locations.values_list("pk", "latitude", "longitude")
    ]
    return sorted(far, key=lambda each: inf if each[1] is None else each[1])


def site_row(
    location: Location, offer: Offer, favourites: frozenset[int], *, distance: str
) -> SiteRow:
    return SiteRow(
        location=location,
        chargers=offer.chargers,
        connectors=", ".join(connector_label(kind) for kind in offer.connectors),
        max_power_kw=offer.max_power_kw,
        is_favourite=location.pk in favourites,
        distance=distance,
    )


def sites_on_map(search: Search) -> tuple[list[MapSite], int]:
    """Return all sites that match, for the map, and how many are nowhere on it; two queries."""
    columns = ("pk", "latitude", "longitude", "name")
    rows = list(search.locations.values_list(*columns))
    counted = (
        all_bookable_evses(partner_ids=search.partner_ids)
        .order_by()
        .values_list("charge_point__location_id")
        .annotate(Count("pk"))
    )
    chargers = dict(counted)
    shown = [
        (pk, round(lat, 5), round(lon, 5), name, chargers.get(pk, 0))
        for pk, lat, lon, name in rows
        if lat is not None and lon is not None
    ]
    return shown, len(rows) - len(shown)


def left_out_text(number: int) -> str:
    if not number:
        return ""
    text = ngettext(
        "%(number)d site is not on the map: the operator does not say where it is.",
        "%(number)d sites are not on the map: the operator does not say where they are.",
        number,
    )
    return text % {"number": number}
