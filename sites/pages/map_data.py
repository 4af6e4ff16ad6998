"""The map beside the list of sites: what the page says of it, and what it reads."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required
from sites.finding.places import Place
from sites.finding.search import Search, left_out_text, read_search, sites_on_map


@dataclass(frozen=True, slots=True)
class Map:
    """Where the map gets its tiles and its sites, and the place near which they are wanted."""

    tiles: str
    attribution: str
    is_openstreetmaps: bool
    sites: str
    near: str


def map_of(search: Search, place: Place | None) -> Map | None:
    """Return the map of what was found; None where no tiles are set up."""
    if not settings.MAP_TILES_URL:
        return None
    query = urlencode(search.form.narrowing())
    return Map(
        tiles=settings.MAP_TILES_URL,
        attribution=settings.MAP_ATTRIBUTION,
        is_openstreetmaps=settings.MAP_TILES_ARE_OPENSTREETMAPS,
        sites=reverse("sites:map") + (f"?{query}" if query else ""),
        near=f"{place.latitude:.5f},{place.longitude:.5f}" if place else "",
    )


@member_required
@require_safe
def sites_for_map(request: FleetRequest) -> HttpResponse:
    """Return all sites that match the filters of the list, as short as can be.

    Each is a list: primary key, latitude, longitude, name, chargers that can be booked.
    """
    shown, left_out = sites_on_map(read_search(request))
    return JsonResponse(
        {"sites": shown, "note": left_out_text(left_out)},
        json_dumps_params={"separators": (",", ":"), "ensure_ascii": False},
    )
