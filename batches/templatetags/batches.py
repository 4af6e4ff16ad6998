"""What pages of other rooms show of tables."""

from collections.abc import Iterable

from django import template

from batches.models import Batch
from batches.selectors import home_sites, latest_drafts_of
from drivers.permissions import FleetRequest
from sites.models import Location

register = template.Library()
MOST_SITES = 6


@register.simple_tag
def latest_drafts(request: FleetRequest) -> list[Batch]:
    """Return the tables of a fleet that are not sent, the latest first."""
    return latest_drafts_of(request.fleet)


@register.simple_tag
def sites_for_many(request: FleetRequest, favourites: Iterable[Location]) -> list[Location]:
    """Return where a fleet books many: its vehicles' homes, then somebody's favourites."""
    found = dict.fromkeys([*home_sites(request.fleet, limit=MOST_SITES), *favourites])
    return list(found)[:MOST_SITES]
