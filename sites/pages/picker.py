"""The slot picker by itself, for htmx; a site's page holds the same fragment."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required
from drivers.selectors import private_partner_ids
from shell.viewer import viewer_zone
from sites.selectors import asked_for, bookable_evses, visible_locations
from sites.slots.picker.page import build_picker


@member_required
@require_safe
@never_cache
def availability(request: FleetRequest, pk: int) -> HttpResponse:
    """Show the picker for other choices; the address bar gets the page that shows the same."""
    partner_ids = private_partner_ids(request.fleet)
    location = get_object_or_404(visible_locations(partner_ids=partner_ids), pk=pk)
    now = timezone.now()
    picker = build_picker(
        location=location,
        evses=list(bookable_evses(location, partner_ids=partner_ids)),
        params=request.GET,
        viewer_zone=viewer_zone(request),
        now=now,
        asked=asked_for(location, fleet_pk=request.fleet.pk, now=now),
    )
    response = render(request, "sites/slots/_picker.html", {"location": location, "picker": picker})
    response["HX-Push-Url"] = f"{picker.page_url}?{picker.here}"
    return response
