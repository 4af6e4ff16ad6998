"""What pages of other rooms show of vehicles."""

from typing import Any

from django import template
from django.template.context import RequestContext

from sites.models import Location
from vehicles.bay_memory import memories_at, names_by_key, verdict_text
from vehicles.selectors import current_vehicles

register = template.Library()


@register.inclusion_tag("vehicles/_site_memory.html", takes_context=True)
def bay_memory(context: RequestContext, location: Location) -> dict[str, Any]:
    """Show what the operator made of the fleet's vehicles at a site; nothing where nothing was."""
    fleet = context["request"].fleet
    memories = memories_at(fleet, location)
    names = names_by_key(current_vehicles(fleet)) if memories else {}
    told = [
        (names[memory.needs_key], verdict_text(memory))
        for memory in memories
        if memory.needs_key in names
    ]
    return {"told": told}
