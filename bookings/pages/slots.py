"""The slot that an address or a form names, as far as the fleet may see it."""

from typing import Any

from django.http import Http404

from bookings.actions.eligibility import Slot
from bookings.pages.forms import SlotForm
from shell.formats import instant
from sites.models import Location
from sites.selectors import visible_evses, visible_locations
from sites.slots.criteria import Criteria
from sites.slots.picker.form import criteria_params


def location_or_404(form: SlotForm, *, partner_ids: frozenset[int]) -> Location:
    """Return the site that the form names, if this fleet can see it; anything else is a 404."""
    form.is_valid()
    pk = form.cleaned_data.get("site")
    location = visible_locations(partner_ids=partner_ids).filter(pk=pk).first() if pk else None
    if location is None:
        raise Http404
    return location


def slot_of(location: Location, form: SlotForm, *, partner_ids: frozenset[int]) -> Slot:
    """Return the slot that a valid form names; a charger of another site is a 404."""
    data = form.cleaned_data
    evse = None
    if data["evse"]:
        evse = visible_evses(location, partner_ids=partner_ids).filter(pk=data["evse"]).first()
        if evse is None:
            raise Http404
    criteria = (
        Criteria()
        if evse
        else Criteria(data["current"], data["connector"], data["min_power"] or None)
    )
    return Slot(location, evse, criteria, data["start"], data["end"])


def slot_params(slot: Slot) -> dict[str, Any]:
    """Return the query parameters by which addresses name a slot."""
    place: dict[str, Any] = {"evse": slot.evse.pk} if slot.evse else criteria_params(slot.criteria)
    return {
        "site": slot.location.pk,
        **place,
        "start": instant(slot.start_at),
        "minutes": slot.minutes,
    }
