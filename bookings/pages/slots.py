"""The slot that an address or a form names, as far as the fleet may see it."""

from typing import Any

from django.http import Http404

from bookings.actions.candidate import Candidate, Slot, meant_chargers
from bookings.models import Booking
from bookings.pages.forms import SlotForm
from drivers.models import Fleet
from drivers.selectors import private_partners
from shell.formats import instant
from sites.models import Location
from sites.selectors import visible_evses, visible_locations
from sites.slots.criteria import Criteria
from sites.slots.picker.form import criteria_params


def location_or_404(form: SlotForm, fleet: Fleet) -> Location:
    """Return the site that the form names, if this fleet can see it; anything else is a 404."""
    form.is_valid()
    pk = form.cleaned_data.get("site")
    visible = visible_locations(partner_ids=private_partners(fleet))
    location = visible.filter(pk=pk).first() if pk else None
    if location is None:
        raise Http404
    return location


def candidate_or_404(form: SlotForm, fleet: Fleet, *, moved: Booking | None = None) -> Candidate:
    """Return what a valid form asks for, without a driver yet; `moved` is the booking to replace.

    What the fleet cannot see is a 404. Site and chargers come from one query, unless nothing there
    can be booked.
    """
    data = form.cleaned_data
    criteria = (
        Criteria()
        if data["evse"]
        else Criteria(data["current"], data["connector"], data["min_power"] or None)
    )
    chargers = meant_chargers(fleet, data["site"], data["evse"], criteria)
    location = chargers[0].charge_point.location if chargers else location_or_404(form, fleet)
    evse = None
    if data["evse"]:
        seen = visible_evses(location, partner_ids=private_partners(fleet))
        evse = chargers[0] if chargers else seen.filter(pk=data["evse"]).first()
        if evse is None:
            raise Http404
    slot = Slot(location, evse, criteria, data["start"], data["end"])
    candidate = Candidate(fleet, slot, previous=moved, moves=moved is not None)
    candidate.chargers = chargers
    return candidate


def slot_params(slot: Slot) -> dict[str, Any]:
    """Return the query parameters by which addresses name a slot."""
    place: dict[str, Any] = {"evse": slot.evse.pk} if slot.evse else criteria_params(slot.criteria)
    return {
        "site": slot.location.pk,
        **place,
        "start": instant(slot.start_at),
        "minutes": slot.minutes,
    }
