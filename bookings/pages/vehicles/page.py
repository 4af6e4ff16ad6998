"""The page of a vehicle: its facts, what is assumed, its bookings, where it found room."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.selectors import bookings_of_vehicle
from drivers.permissions import FleetRequest, member_required
from shell.viewer import viewer_zone
from sites.facts import connector_label
from vehicles.assumptions import assumptions_about, hints_about
from vehicles.bay_memory import memories_of, verdict_text
from vehicles.facts import consumption_text, power_text
from vehicles.pages.views import vehicle_or_404


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a vehicle with what is to come for it, and what has been last."""
    vehicle = vehicle_or_404(request, pk)
    now = timezone.now()
    coming, past = bookings_of_vehicle(vehicle, now=now)
    context = {
        "vehicle": vehicle,
        "plugs": ", ".join(connector_label(plug) for plug in vehicle.plugs),
        "power": power_text(vehicle),
        "consumption": consumption_text(vehicle),
        "assumptions": assumptions_about(vehicle),
        "hints": hints_about(vehicle),
        "memories": [(memory, verdict_text(memory)) for memory in memories_of(vehicle)],
        "coming": coming,
        "past": past,
        "now": now,
        "zone": viewer_zone(request),
    }
    return render(request, "vehicles/detail.html", context)
