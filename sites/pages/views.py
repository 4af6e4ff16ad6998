"""The list of sites and a page per site."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from drivers.models import Driver
from drivers.permissions import FleetRequest, driver_of, member_required, private_partner_ids
from drivers.shared_fragments import shared
from shell.keys import read_key
from shell.middleware import allow_pictures_from
from shell.remembered import remembered
from sites.facts import BOOKABLE, Charger, charger_of, facts_of, what_is_stale
from sites.favourites import favourites_of
from sites.finding.search import find_near, page_of_rows, read_search
from sites.models import ChargePoint
from sites.pages.map_data import map_of
from sites.pages.picker import picker_for
from sites.selectors import read_visible_evses, visible_location
from sites.slots.picker.form import WHOLE_NUMBER, draft_params, read_move
from sites.slots.picker.page import Picker

# What the list hands on to the slot picker of a site while a booking is moved, besides a draft.
PASSED_ALONG = ("day", "from", "minutes", "vehicle")
# How long it may take until a fleet that got chargers of its own sees the way to them.
OWNS_SECONDS = 300


@member_required
@require_safe
@vary_on_headers("HX-Request")
def site_list(request: FleetRequest) -> HttpResponse:
    """Show the sites where the fleet's drivers can charge; htmx gets the results alone."""
    search = read_search(request)
    place = find_near(search)
    page, rows = shared(
        request,
        "rows",
        lambda: page_of_rows(search, place, request.GET.get("page")),
        search.favourites,
        place,
    )
    moving = passed_along(request.GET)
    query = request.GET.urlencode()
    context = {
        "form": search.form,
        "page": page,
        "now": timezone.now(),
        "rows": rows,
        "place": place,
        "has_favourites": bool(search.favourites),
        "map": map_of(search, place),
        "back": f"{request.path}?{query}" if query else request.path,
        "moving": moving,
        "moving_query": f"?{urlencode(moving)}" if moving else "",
        "drives": _driver_of_draft(request, moving),
        "owns_chargers": _owns_chargers(request.fleet.ampeco_partner_id),
    }
    if not request.htmx or request.htmx.history_restore_request:
        response = render(request, "sites/list.html", context)
        allow_pictures_from(response, settings.MAP_TILES_ORIGIN)
        return response
    response = render(request, "sites/_list_update.html", context)
    stated = [(name, value) for name, value in request.GET.items() if value]
    response["HX-Replace-Url"] = f"{request.path}?{urlencode(stated)}" if stated else request.path
    return response


def passed_along(params: QueryDict) -> dict[str, str]:
    """Return what the list hands on to a site's slot picker.

    That is a booking to be moved, a vehicle, and what was filled in before.
    """
    draft = draft_params(params) if params.get("draft") == "1" else {}
    move = read_move(params)
    vehicle = params.get("vehicle", "")
    if not move:
        return draft | ({"vehicle": vehicle} if WHOLE_NUMBER.fullmatch(vehicle) else {})
    given = {name: str(params.get(name, "")) for name in PASSED_ALONG}
    return {"move": move} | {name: value for name, value in given.items() if value} | draft


@remembered(seconds=OWNS_SECONDS)
def _owns_chargers(partner_id: int) -> bool:
    """Return whether any charge point belongs to a fleet's company; that changes seldom."""
    return ChargePoint.objects.filter(ampeco_partner_id=partner_id, retired_at=None).exists()


def _driver_of_draft(request: FleetRequest, passed: dict[str, str]) -> Driver | None:
    """Return for whom a site is picked, where that is settled already."""
    pk = read_key(passed.get("driver", ""))
    if "move" in passed or pk is None:
        return None
    try:
        return driver_of(request.fleet, pk)
    except Driver.DoesNotExist:
        return None


@member_required
@require_safe
def site_detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show what a driver needs to know of a site, its chargers, and the slots to pick from."""
    partner_ids = private_partner_ids(request.fleet)
    location = visible_location(pk, partner_ids=partner_ids)
    if location is None:
        raise Http404

    def read_chargers() -> list[Charger]:
        evses = read_visible_evses(location, partner_ids=partner_ids)
        return [charger_of(evse) for evse in evses]

    def read_picker() -> Picker | None:
        if location.is_roaming:
            return None
        bookable = [charger.evse for charger in chargers if charger.state == BOOKABLE]
        return picker_for(request, location, bookable, request.GET)

    # Read when they are drawn: most of the page is drawn once for many.
    chargers: Any = SimpleLazyObject(read_chargers)
    context = {
        "location": location,
        "now": timezone.now(),
        "facts": SimpleLazyObject(partial(facts_of, location)),
        "back": request.path,
        "is_favourite": location.pk in favourites_of(request.user.pk),
        "chargers": chargers,
        "stale": SimpleLazyObject(what_is_stale),
        "picker": SimpleLazyObject(read_picker),
    }
    return render(request, "sites/detail.html", context)
