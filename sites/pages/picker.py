"""The slot picker of a site for the fleet that asks, in a page or by itself for htmx."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required, private_partner_ids
from drivers.shared_fragments import KEPT_SECONDS, do_not_share, renew_marks, shared_fragment
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
    """Return the picker for those of a fleet who see the same; see `build_picker` for what it asks.

    One that was asked for anew, or could not be, is for this request alone.
    """
    now = timezone.now()
    fit = fit_of(params, fleet_pk=request.fleet.pk, evses=evses)
    left = charger_to_leave(read_move(params), fleet_pk=request.fleet.pk)
    picker = build_picker(
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
    if not _may_be_shown_again(picker, now):
        do_not_share(request)
    if picker.choices.fresh:
        # What was asked for anew is shown from now on, whatever is chosen next.
        renew_marks([request.fleet.pk])
    return picker


def _may_be_shown_again(picker: Picker, now: datetime) -> bool:
    """Return whether a picker will do for others: a failure will not, nor what is soon too old."""
    if picker.problem or picker.choices.fresh:
        return False
    if picker.availability is None:
        return True
    left = settings.AVAILABILITY_CACHE_SECONDS - (now - picker.availability.read_at).total_seconds()
    return left >= KEPT_SECONDS


@member_required
@require_safe
@never_cache
@shared_fragment
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
