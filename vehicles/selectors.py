"""What a fleet may read of its vehicles. Every read starts at the fleet."""

from django.db.models import QuerySet

from drivers.models import Fleet
from mirror.search import with_words
from vehicles.models import Vehicle

BY_NUMBER = ("number_key", "number", "pk")
# What tells whether the usual driver may charge somewhere.
ACCESS = "usual_driver__private_access"


def current_vehicles(fleet: Fleet) -> QuerySet[Vehicle]:
    """Return the vehicles that are not retired, by number, with what `vehicles.fitting` asks."""
    return vehicles_of(fleet).filter(retired_at=None)


def vehicles_of(fleet: Fleet) -> QuerySet[Vehicle]:
    """Return all of a fleet's vehicles, the retired ones too, by number."""
    return (
        Vehicle.objects.filter(fleet=fleet)
        .select_related("usual_driver", "home_site")
        .prefetch_related(ACCESS)
        .order_by(*BY_NUMBER)
    )


def vehicle_of(fleet: Fleet, pk: int) -> Vehicle:
    """Return one of a fleet's vehicles, retired or not. Raises Vehicle.DoesNotExist."""
    return vehicles_of(fleet).get(pk=pk)


def matching_vehicles(fleet: Fleet, query: str, *, retired: bool = False) -> QuerySet[Vehicle]:
    """Return the current (or the retired) vehicles in which each word of a query occurs.

    A word may also be of the usual driver's name or e-mail.
    """
    vehicles = vehicles_of(fleet).filter(retired_at__isnull=not retired)
    return with_words(vehicles, query, also="usual_driver__search_text")
