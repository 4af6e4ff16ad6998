"""A fleet's cost centres, and what vehicles say of them.

A vehicle has a code and no key of a cost centre: vehicles stand below this room, come from files
that know codes only, and may have one that nobody has put on the list yet.
"""

from django.db.models import Count, QuerySet
from django.db.models.functions import Upper

from charging.models import CostCentre
from drivers.models import Fleet
from vehicles.models import Vehicle


def cost_centres_of(fleet: Fleet) -> QuerySet[CostCentre]:
    """Return all of a fleet's cost centres, the retired ones too, by code."""
    return CostCentre.objects.filter(fleet=fleet).order_by("code", "pk")


def current_cost_centres(fleet: Fleet) -> QuerySet[CostCentre]:
    return cost_centres_of(fleet).filter(retired_at=None)


def cost_centre_coded(fleet: Fleet, code: str) -> CostCentre | None:
    """Return the cost centre with a code, in whatever case it is written."""
    return cost_centres_of(fleet).filter(code__iexact=code).first() if code else None


def vehicles_by_code(fleet: Fleet) -> dict[str, tuple[str, int]]:
    """Return the codes that current vehicles have, by themselves in capitals, and of how many."""
    rows = (
        Vehicle.objects.filter(fleet=fleet, retired_at=None)
        .exclude(cost_centre="")
        .annotate(key=Upper("cost_centre"))
        .values_list("key", "cost_centre")
        .annotate(number=Count("pk"))
        .order_by("key", "cost_centre")
    )
    found: dict[str, tuple[str, int]] = {}
    for key, code, number in rows:
        first, before = found.get(key, (code, 0))
        found[key] = (first, before + number)
    return found
