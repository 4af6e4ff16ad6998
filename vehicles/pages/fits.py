"""How chargers fit a vehicle that an address names, for the pages that let people pick one."""

from collections.abc import Sequence

from django.db.models import prefetch_related_objects
from django.http import QueryDict

from drivers.models import Fleet
from shell.keys import read_key
from sites import parking
from sites.models import Evse
from sites.slots.fit import Fit
from vehicles.criteria import criteria_of
from vehicles.fitting import why_not
from vehicles.models import Vehicle
from vehicles.need import appetite_of
from vehicles.selectors import vehicle_of

PARAMETER = "vehicle"


def read_fit(params: QueryDict, fleet_pk: int, evses: Sequence[Evse]) -> Fit | None:
    """Return how chargers fit the vehicle that `vehicle` names, if it names one.

    Raises LookupError for what is no vehicle of the fleet.
    """
    vehicle = named_vehicle(params, fleet_pk)
    if vehicle is None:
        return None
    prefetch_related_objects(list(evses), "connectors", *parking.PREFETCH)
    reasons = {evse.pk: why_not(vehicle, evse) for evse in evses}
    return Fit(
        name=vehicle.name,
        params={PARAMETER: str(vehicle.pk)},
        misfits={pk: misfit.text for pk, misfit in reasons.items() if misfit},
        certain=frozenset(pk for pk, misfit in reasons.items() if misfit and misfit.is_certain),
        criteria=criteria_of(vehicle, evses),
        appetite=appetite_of(vehicle),
        driver=vehicle.usual_driver_id,
    )


def named_vehicle(params: QueryDict, fleet_pk: int) -> Vehicle | None:
    """Return the vehicle that is named, None if none is. Raises LookupError for another's."""
    text = params.get(PARAMETER, "").strip()
    if not text:
        return None
    pk = read_key(text)
    if pk is None:
        raise LookupError
    try:
        return vehicle_of(Fleet(pk=fleet_pk), pk)
    except Vehicle.DoesNotExist:
        raise LookupError from None
