"""What the list of sites and the map beside it show: the sites that match, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, QuerySet, Value, When
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
    """What somebody searches for, and all sites that match, by name."""

    form: SiteSearchForm
    locations: QuerySet[Location]
    partner_ids: frozenset[int]
    favourites: frozenset[int]


def read_search(request: FleetRequest) -> Search:
    """Return what the query string asks for. Wrong values are left out; the form says which."""
    partner_ids = private_partner_ids(request.fleet)
    form = SiteSearchForm(request.GET, connectors=_connectors(partner_ids))
    locations = search_locations(partner_ids=partner_ids, **form.criteria())
    favourites = favourites_of(request.user.pk)
    if form.only_favourites:
        locations = locations.filter(pk__in=favourites)
    return Search(form, locations, partner_ids, favourites)


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
    """Return a page of the list: the nearest first, or else favourites first and then by name."""
    page: Page[Any]
    if place is None:
        page = Paginator(favourites_first(search), PAGE_SIZE).get_page(number)
        sites = [(location, "") for location in page.object_list]
    else:
        page = Paginator(by_distance(search.locations, place), PAGE_SIZE).get_page(number)
        known = Location.objects.in_bulk([pk for pk, _km in page.object_list])
        sites = [(known[pk], distance_text(km)) for pk, km in page.object_list if pk in known]
    offers = offers_at([location for location, _far in sites], partner_ids=search.partner_ids)
    return page, [
        site_row(location, offers[location.pk], search.favourites, distance=far)
        for location, far in sites
    ]


def favourites_first(search: Search) -> QuerySet[Location]:
    if not search.favourites:
        return search.locations
    first = Case(When(pk__in=search.favourites, then=Value(0)), default=Value(1))
    return search.locations.order_by(first, "name", "pk")


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
