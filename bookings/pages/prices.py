"""What a slot costs, beside the form that asks for it; and what would cost less."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bookings.actions.candidate import Candidate, Slot
from bookings.actions.cheaper import cheaper_slot
from bookings.pages.forms import FILLED_IN, SlotForm, candidate_or_404, slot_url
from bookings.pages.vehicles.choice import vehicle_or_404
from drivers.models import Driver
from drivers.permissions import FleetRequest, manager_required
from shell.keys import read_key
from sites.slots.prices.costs import Costs, costs_for
from sites.slots.prices.price import Price
from sites.slots.prices.reading import payer_of
from vehicles.models import Vehicle
from vehicles.need import appetite_of


@dataclass(frozen=True, slots=True)
class SlotPrice:
    """What a slot costs, and for whom that is."""

    price: Price | None
    costs: Costs
    cheaper_url: str = ""


def slot_price(
    slot_of: Candidate,
    *,
    payer: Driver | None,
    is_named: bool,
    vehicle: Vehicle | None,
    filled_in: dict[str, Any],
) -> SlotPrice:
    """Return what a candidate's slot costs; asks the operator only for tariffs nobody has read.

    `is_named` says that somebody has picked who pays.
    """
    slot, chargers = slot_of.slot, slot_of.chargers
    costs = costs_for(chargers, payer, is_named=is_named, appetite=appetite_of(vehicle))
    price = costs.of(chargers, slot.start_at, slot.duration, zone=slot.location.zone)
    url = ""
    if price and price.is_known and not price.is_free:
        url = _url("bookings:cheaper", slot, filled_in)
    return SlotPrice(price, costs, url)


@manager_required
@require_safe
@never_cache
def price(request: FleetRequest) -> HttpResponse:
    """Show what a slot costs for the driver and the vehicle that a form names."""
    candidate, payer, is_named, filled_in = _asked(request)
    found = slot_price(
        candidate,
        payer=payer,
        is_named=is_named,
        vehicle=candidate.vehicle,
        filled_in=filled_in,
    )
    return render(request, "bookings/_slot_price.html", {"slot_price": found})


@manager_required
@require_safe
@never_cache
def cheaper(request: FleetRequest) -> HttpResponse:
    """Say what costs clearly less than a slot, with a link that picks it; nothing if nothing."""
    candidate, payer, _is_named, filled_in = _asked(request)
    found = cheaper_slot(candidate, payer=payer) if payer else None
    url = _url("bookings:new", found.slot, filled_in) if found else ""
    context = {"found": found, "slot": candidate.slot, "url": url}
    return render(request, "bookings/_cheaper.html", context)


def _asked(request: FleetRequest) -> tuple[Candidate, Driver | None, bool, dict[str, str]]:
    """Return the slot that an address names, who pays, whether they are named, and what is typed.

    What is not the fleet's is a 404.
    """
    form = SlotForm(request.GET)
    if not form.is_valid():
        raise Http404
    candidate = candidate_or_404(form, request.fleet)
    candidate.vehicle = vehicle_or_404(request.GET, request.fleet)
    filled_in = {name: request.GET.get(name, "") for name in FILLED_IN}
    named = read_key(filled_in["driver"])
    payer = payer_of(request.fleet, named)
    is_named = payer is not None and payer.pk == named
    if is_named:
        candidate.driver = payer
    return candidate, payer, is_named, filled_in


def _url(name: str, slot: Slot, filled_in: dict[str, Any]) -> str:
    known = {key: value for key, value in filled_in.items() if value}
    return slot_url(name, slot, {**known, "draft": "1"} if known else {})
