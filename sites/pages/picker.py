"""The slot picker of a site for the fleet that asks, in a page or by itself for htmx."""

from collections.abc import Sequence

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required, private_partner_ids
from shell.viewer import viewer_zone
from sites.models import Evse, Location
from sites.selectors import charger_to_leave, held_at, read_bookable_evses, visible_location
from sites.slots.fit import fit_of
from sites.slots.limits import own_limits_of
from sites.slots.picker.costs import read_costs
from sites.slots.picker.form import read_move
from sites.slots.picker.page import Picker, build_picker


def picker_for(
    request: FleetRequest, location: Location, evses: Sequence[Evse], params: QueryDict
) -> Picker:
    now = timezone.now()
    fit = fit_of(params, fleet_pk=request.fleet.pk, evses=evses)
    left = charger_to_leave(read_move(params), fleet_pk=request.fleet.pk)
    return build_picker(
        location=location,
        evses=evses,
        left=left,
        params=params,
        viewer_zone=viewer_zone(request),
        now=now,
        held=held_at(location, fleet_pk=request.fleet.pk, now=now),
        fit=fit,
        own=own_limits_of(request.fleet, location, evses, now),
        costs=read_costs(request.fleet, evses, params, fit),
    )


@member_required
@require_safe
@never_cache
def availability(request: FleetRequest, pk: int) -> HttpResponse:
    """Show the picker for other choices; the address bar gets the page that shows the same."""
    partner_ids = private_partner_ids(request.fleet)
    location = visible_location(pk, partner_ids=partner_ids)
    if location is None:
        raise Http404
    evses = read_bookable_evses(location, partner_ids=partner_ids)
    picker = picker_for(request, location, evses, request.GET)
    response = render(request, "sites/slots/_picker.html", {"location": location, "picker": picker})
    response["HX-Push-Url"] = f"{picker.page_url}?{picker.here}"
    return response
