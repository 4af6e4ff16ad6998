"""When vehicles leave next. Whose vehicles they are, whoever asks has decided."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from energy.models import Departure
from vehicles.models import Vehicle


def next_departures(
    vehicles: Iterable[Vehicle], *, now: datetime | None = None
) -> dict[int, Departure]:
    """Return the next departure of each vehicle that has one, by the vehicle's key; one query."""
    keys = [vehicle.pk for vehicle in vehicles]
    if not keys:
        return {}
    first = (
        coming(now or timezone.now())
        .filter(vehicle=OuterRef("pk"))
        .order_by("leaves_at", "pk")
        .values("pk")[:1]
    )
    firsts = Vehicle.objects.filter(pk__in=keys).values(first=Subquery(first))
    return {each.vehicle_id: each for each in Departure.objects.filter(pk__in=firsts)}


def coming(now: datetime) -> QuerySet[Departure]:
    """Return all departures that are still to come and not cancelled."""
    return Departure.objects.filter(leaves_at__gt=now, cancelled_at=None)
