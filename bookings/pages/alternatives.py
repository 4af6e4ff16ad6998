"""Other slots instead of one that did not work out: a fragment for htmx, or a page of its own."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.actions.alternatives import Alternatives, alternatives_for, criteria_of
from bookings.actions.candidate import Candidate, Slot
from bookings.models import Booking
from bookings.pages.change import booking_or_404, refused
from bookings.pages.forms import FILLED_IN, SlotForm, candidate_or_404, slot_params, slot_url
from bookings.pages.history.record import read_history
from bookings.pages.history.status import moves_on
from bookings.pages.vehicles.choice import vehicle_or_404
from drivers.models import Driver, Fleet
from drivers.permissions import FleetRequest, driver_of, manager_required
from shell.keys import read_key
from shell.viewer import viewer_zone
from sites.facts import trouble_of, what_is_stale
from sites.slots.prices.costs import Costs, costs_for
from sites.slots.prices.price import Price
from sites.slots.prices.reading import payer_of
from vehicles.fitting import misfit
from vehicles.models import Vehicle
from vehicles.need import appetite_of


@dataclass(frozen=True, slots=True)
class Choice:
    """A slot to pick, with the address of the form that is filled in with it."""

    slot: Slot
    url: str
    km: float | None = None
    vehicle: Vehicle | None = None
    price: Price | None = None

    @property
    def misfit(self) -> str:
        return misfit(self.vehicle, self.slot.evse) if self.vehicle and self.slot.evse else ""

    @property
    def trouble(self) -> str:
        return trouble_of(self.slot.evse) if self.slot.evse else ""


@manager_required
@require_safe
@never_cache
def booking_alternatives(request: FleetRequest, pk: int) -> HttpResponse:
    """Show what could be had instead of a booking; with `move`, where it could be moved to."""
    booking = booking_or_404(request, pk)
    moving = "move" in request.GET
    if moving and not booking.can_change():
        return refused(request, booking)
    slot = Slot(
        booking.location, booking.evse, criteria_of(booking), booking.start_at, booking.end_at
    )
    driver, vehicle = _driver(request.fleet, booking.driver_id), booking.vehicle
    candidate = Candidate(request.fleet, slot, driver, vehicle=vehicle)
    found = alternatives_for(candidate, with_times=not moving)
    filled_in = {
        "driver": booking.driver_id,
        "reference": booking.reference,
        "vehicle": booking.vehicle_id,
        "move": booking.pk if moving else moves_on(read_history(booking), now=timezone.now()),
    }
    return _show(
        request,
        found,
        filled_in=filled_in,
        booking=booking,
        moving=moving,
        driver=driver,
        vehicle=vehicle,
    )


@manager_required
@require_safe
@never_cache
def slot_alternatives(request: FleetRequest) -> HttpResponse:
    """Show what could be had instead of a slot that is named as the form for it names it."""
    form = SlotForm(request.GET)
    if not form.is_valid():
        raise Http404
    candidate = candidate_or_404(form, request.fleet)
    filled_in = {name: request.GET.get(name, "") for name in FILLED_IN}
    candidate.driver = _driver(request.fleet, filled_in["driver"])
    candidate.vehicle = vehicle_or_404(request.GET, request.fleet)
    found = alternatives_for(candidate, with_times=not filled_in["move"])
    return _show(
        request,
        found,
        filled_in=filled_in,
        booking=None,
        moving=bool(filled_in["move"]),
        driver=candidate.driver,
        vehicle=candidate.vehicle,
    )


def choices_of(
    found: Alternatives,
    filled_in: dict[str, Any],
    *,
    payer: Driver | None,
    is_named: bool,
    vehicle: Vehicle | None,
) -> dict[str, Any]:
    """Return what pages show of alternatives, by the names that their templates know.

    That is three lists of choices, and for whom their prices are: `is_named` says that somebody
    has picked who pays. A slot where any charger will do has none: which ones may be given is not
    read here.
    """
    kinds: dict[str, list[tuple[Slot, float | None]]] = {
        "other_times": [(slot, None) for slot in found.other_times],
        "other_chargers": [(slot, None) for slot in found.other_chargers],
        "other_sites": [(offer.slot, offer.km) for offer in found.other_sites],
    }
    every = [slot for slots in kinds.values() for slot, _km in slots]
    evses = [slot.evse for slot in every if slot.evse]
    costs = costs_for(evses, payer, is_named=is_named, appetite=appetite_of(vehicle))
    shown: dict[str, Any] = {
        kind: [
            Choice(slot, slot_url("bookings:new", slot, filled_in), km, vehicle, _cost(costs, slot))
            for slot, km in slots
        ]
        for kind, slots in kinds.items()
    }
    return shown | {"costs": costs}


def _cost(costs: Costs, slot: Slot) -> Price | None:
    if not slot.evse:
        return None
    return costs.of([slot.evse], slot.start_at, slot.duration, zone=slot.location.zone)


def _wait_url(slot: Slot, booking: Booking | None, filled_in: dict[str, Any]) -> str:
    """Return where a slot is put on the waiting list."""
    params = {"booking": booking.pk} if booking else slot_params(slot) | filled_in
    known = {name: value for name, value in params.items() if value}
    return f"{reverse('waiting:new')}?{urlencode(known)}"


def _driver(fleet: Fleet, pk: int | str) -> Driver | None:
    """Return the driver, if the fleet still has them; else what is found is for whoever comes."""
    key = read_key(str(pk))
    if key is None:
        return None
    try:
        return driver_of(fleet, key)
    except Driver.DoesNotExist:
        return None


def _show(
    request: FleetRequest,
    found: Alternatives,
    *,
    filled_in: dict[str, Any],
    booking: Booking | None,
    moving: bool,
    driver: Driver | None,
    vehicle: Vehicle | None,
) -> HttpResponse:
    payer = driver or payer_of(request.fleet)
    is_named = driver is not None
    offers = choices_of(found, filled_in, payer=payer, is_named=is_named, vehicle=vehicle)
    whole = not request.htmx or request.htmx.history_restore_request
    # On the page of a booking they stand below the heading that tells its status.
    within = booking is not None and not moving and not whole
    context = {
        "found": found,
        "location": found.wanted.location,
        "booking": booking,
        "moving": moving,
        "move": filled_in["move"],
        "vehicle": vehicle,
        **offers,
        "heading": "h3" if within else "h2",
        "lesser_heading": "h4" if within else "h3",
        "wait_url": "" if moving else _wait_url(found.wanted, booking, filled_in),
        "trouble": trouble_of(found.wanted.evse) if found.wanted.evse else "",
        "stale": what_is_stale(),
        "viewer_zone": viewer_zone(request),
    }
    name = "alternatives" if whole else "_alternatives"
    response = render(request, f"bookings/alternatives/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
