"""The list of sites and a page per site."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.viewer import viewer_zone
from drivers.permissions import FleetRequest, member_required
from drivers.selectors import private_partner_ids
from sites.facts import BOOKABLE, charger_of, facts_of, state_of
from sites.forms import SiteSearchForm
from sites.labels import connector_label
from sites.models import Location
from sites.picker import build_picker
from sites.picker_form import read_move
from sites.selectors import (
    Offer,
    asked_for,
    offered_connectors,
    offers_at,
    search_locations,
    visible_evses,
    visible_locations,
)

PAGE_SIZE = 25
# What the list hands on to the slot picker of a site while a booking is moved.
PASSED_ALONG = ("day", "from", "minutes")


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site in the list, with what the fleet can book there."""

    location: Location
    chargers: int
    connectors: str
    max_power_kw: Decimal | None


@member_required
@require_safe
@vary_on_headers("HX-Request")
def site_list(request: FleetRequest) -> HttpResponse:
    """Show the sites where the fleet's drivers can charge; htmx gets the results alone."""
    partner_ids = private_partner_ids(request.fleet)
    form = SiteSearchForm(request.GET, connectors=offered_connectors(partner_ids=partner_ids))
    locations = search_locations(partner_ids=partner_ids, **form.criteria())
    page = Paginator(locations, PAGE_SIZE).get_page(request.GET.get("page"))
    offers = offers_at(page.object_list, partner_ids=partner_ids)
    moving = passed_along(request.GET)
    context = {
        "form": form,
        "page": page,
        "now": timezone.now(),
        "rows": [site_row(location, offers[location.pk]) for location in page.object_list],
        "moving": moving,
        "moving_query": f"?{urlencode(moving)}" if moving else "",
    }
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, "sites/list.html", context)
    response = render(request, "sites/_list_update.html", context)
    stated = [(name, value) for name, value in request.GET.items() if value]
    response["HX-Replace-Url"] = f"{request.path}?{urlencode(stated)}" if stated else request.path
    return response


def passed_along(params: QueryDict) -> dict[str, str]:
    """Return what the list hands on to a site's slot picker: nothing unless a booking is moved."""
    move = read_move(params)
    if not move:
        return {}
    given = {name: str(params.get(name, "")) for name in PASSED_ALONG}
    return {"move": move} | {name: value for name, value in given.items() if value}


def site_row(location: Location, offer: Offer) -> SiteRow:
    """Return how the list shows a site."""
    return SiteRow(
        location=location,
        chargers=offer.chargers,
        connectors=", ".join(connector_label(kind) for kind in offer.connectors),
        max_power_kw=offer.max_power_kw,
    )


@member_required
@require_safe
def site_detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show what a driver needs to know of a site, its chargers, and the slots to pick from."""
    partner_ids = private_partner_ids(request.fleet)
    location = get_object_or_404(visible_locations(partner_ids=partner_ids), pk=pk)
    evses = list(visible_evses(location, partner_ids=partner_ids))
    now = timezone.now()
    zone = viewer_zone(request)
    context = {
        "location": location,
        "now": now,
        "facts": facts_of(location),
        "chargers": [charger_of(evse) for evse in evses],
        "picker": build_picker(
            location=location,
            evses=[evse for evse in evses if state_of(evse)[0] == BOOKABLE],
            params=request.GET,
            viewer_zone=zone.key if zone else None,
            now=now,
            asked=asked_for(location, fleet_pk=request.fleet.pk, now=now),
        ),
    }
    return render(request, "sites/detail.html", context)
