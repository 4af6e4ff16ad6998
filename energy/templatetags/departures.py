"""What pages about vehicles show of departures."""

import uuid
from typing import Any

from django import template
from django.template import RequestContext

from ampcontrol.connection import is_on
from energy.departures.pages.reading import needs_text, read_departures, telling_text
from vehicles.models import Vehicle

register = template.Library()
MOST_ON_A_PANEL = 3


@register.inclusion_tag("energy/departures/_panel.html", takes_context=True)
def departures_panel(context: RequestContext, vehicle: Vehicle) -> dict[str, Any]:
    """Show a vehicle's next departures and what can be told of it; nothing without Ampcontrol."""
    if not is_on():
        return {"read": None}
    read = read_departures(vehicle, most=MOST_ON_A_PANEL)
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "vehicle": vehicle,
        "read": read,
        "rows": [(row, needs_text(row)) for row in read.rows],
        "told": [telling_text(row) for row in read.tellings],
        "may_set": context["request"].membership.can_book and not vehicle.is_retired,
        "key": uuid.uuid4(),
    }


@register.simple_tag
def knows_departures() -> bool:
    """Whether departures are of use: where the operator has smart charging."""
    return is_on()
