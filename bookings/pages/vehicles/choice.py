"""The choice of a vehicle in the forms about bookings."""

from collections.abc import Sequence
from dataclasses import replace

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.actions.candidate import Candidate
from bookings.pages.forms import SlotForm, candidate_or_404
from bookings.selectors import recent_vehicles
from drivers.models import Fleet
from drivers.permissions import FleetRequest, manager_required
from shell.formats import instant
from shell.keys import read_key
from sites import parking
from sites.models import Evse
from vehicles.fitting import parking_needs
from vehicles.models import Vehicle
from vehicles.pages.fits import named_vehicle
from vehicles.pages.offer import VehicleOffer, offer_vehicles

LONGEST_QUERY = 100


@manager_required
@require_safe
def vehicle_options(request: FleetRequest) -> HttpResponse:
    """Show vehicles to pick one from, for the form that asks for a booking."""
    form = SlotForm(request.GET)
    if not form.is_valid():
        raise Http404
    candidate = candidate_or_404(form, request.fleet)
    offer = offer_for(
        request.fleet,
        request.GET.get("vehicle_query", "")[:LONGEST_QUERY],
        chosen=request.GET.get("vehicle", ""),
        driver=request.GET.get("driver", ""),
        evses=candidate.chargers,
    )
    return render(request, "vehicles/_options.html", {"vehicles": offer})


def offer_for(
    fleet: Fleet, query: str, *, chosen: str, driver: str, evses: Sequence[Evse]
) -> VehicleOffer:
    """Return the vehicles to pick from: the driver's usual ones first, recent ones next."""
    pk = read_key(driver)
    return offer_vehicles(
        fleet,
        query,
        chosen=chosen,
        driver=pk,
        recent=recent_vehicles(fleet, driver=pk),
        evses=evses,
    )


def vehicle_or_404(given: QueryDict, fleet: Fleet) -> Vehicle | None:
    """Return the vehicle that an address names, if it does; another fleet's is a 404."""
    try:
        return named_vehicle(given, fleet.pk)
    except LookupError:
        raise Http404 from None


def put_in(candidate: Candidate, vehicle: Vehicle) -> None:
    """Let a candidate be for a vehicle; any charger that will do then has to have room for it."""
    candidate.vehicle = vehicle
    chargers = candidate.chargers
    prefetch_related_objects(chargers, "connectors", *parking.PREFETCH)
    slot = candidate.slot
    if slot.evse is None and any(evse.parking_spaces.all() for evse in chargers):
        criteria = replace(slot.criteria, parking=parking_needs(vehicle))
        candidate.slot = replace(slot, criteria=criteria)
        candidate.chargers = [evse for evse in chargers if criteria.fits(evse)]


def misfit_key(candidate: Candidate) -> str:
    """Return what a form sends back to say that it is meant all the same."""
    slot, vehicle = candidate.slot, candidate.vehicle
    place = slot.evse.pk if slot.evse else "any"
    return f"{vehicle.pk if vehicle else ''}|{place}|{instant(slot.start_at)}"
