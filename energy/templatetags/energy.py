"""What pages of other rooms show of smart charging; nothing where nobody told of it."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString

from energy.pages.power_facts import summary_of
from energy.pages.sessions import listed_sessions
from energy.pages.vehicle_panel import panel_html
from shell.viewer import viewer_zone
from sites.models import Location
from vehicles.models import Vehicle

register = template.Library()


@register.simple_tag(takes_context=True)
def vehicle_now(context: RequestContext, vehicle: Vehicle | None) -> SafeString:
    """Draw what is known of one of the fleet's vehicles now, as a panel that keeps up."""
    request = context["request"]
    if vehicle is None or vehicle.fleet_id != request.fleet.pk:
        return SafeString()
    return panel_html(request.fleet, vehicle, zone=viewer_zone(request))[0]


@register.inclusion_tag("energy/_sessions.html", takes_context=True)
def vehicle_sessions(context: RequestContext, vehicle: Vehicle) -> dict[str, Any]:
    """Show what a vehicle charged last, the newest with its course."""
    zone = viewer_zone(context["request"])
    return {"vehicle": vehicle, "sessions": listed_sessions(vehicle, zone=zone)}


@register.inclusion_tag("energy/_power_summary.html")
def site_power(location: Location) -> dict[str, Any]:
    """Show in a line what the operator tells of a site's power, with a link to all of it."""
    return {"location": location, "summary": summary_of(location)}
