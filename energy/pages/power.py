"""The page about a site's power and prices."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required, private_partners
from energy.pages.power_facts import read_power
from sites.selectors import visible_locations


@member_required
@require_safe
def site_power(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a site's power over the day; 404 where the operator tells nothing of it."""
    visible = visible_locations(partner_ids=private_partners(request.fleet))
    location = get_object_or_404(visible, pk=pk)
    now = timezone.now()
    power = read_power(location, now=now)
    if power is None:
        raise Http404
    return render(request, "energy/power.html", {"location": location, "power": power, "now": now})
