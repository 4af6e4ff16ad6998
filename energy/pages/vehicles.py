"""What other pages take of a vehicle's charging: the panel that keeps up."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from drivers.permissions import FleetRequest, member_required
from energy.pages.vehicle_panel import panel_html
from shell.viewer import viewer_zone
from vehicles.pages.views import vehicle_or_404


@member_required
@require_safe
def vehicle_now(request: FleetRequest, pk: int) -> HttpResponse:
    """Draw what is known of a vehicle now; 204 where the page shows that already (`seen`).

    Nothing, where nothing is known any more: the panel goes.
    """
    vehicle = vehicle_or_404(request, pk)
    content, seen = panel_html(request.fleet, vehicle, zone=viewer_zone(request))
    if seen and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return HttpResponse(content)
