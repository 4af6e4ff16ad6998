"""The page that asks for a booking."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.viewer import viewer_zone
from bookings.eligibility import BookingRefused, Slot, check_slot
from bookings.forms import BookingForm, SlotForm
from bookings.services import submit_booking_request
from drivers.models import Driver, Fleet
from drivers.permissions import FleetRequest, manager_required
from drivers.selectors import driver_of, offer_drivers, private_partner_ids
from sites.criteria import Criteria
from sites.models import Location
from sites.picker import build_picker
from sites.selectors import bookable_evses, visible_evses, visible_locations

# Who picks another slot half-way finds the driver and the reference filled in again.
DRAFT_KEY = "booking_draft"


@manager_required
def new(request: FleetRequest) -> HttpResponse:
    """Show the form for a picked slot; on POST save the request and show its page."""
    slot_form = SlotForm(request.POST if request.method == "POST" else request.GET)
    partner_ids = private_partner_ids(request.fleet)
    location = _location(slot_form, partner_ids=partner_ids)
    if not slot_form.is_valid():
        return _offer_slots(request, location, message=slot_form.sentence())
    slot = _slot(location, slot_form, partner_ids=partner_ids)
    if request.method != "POST" or "find" in request.POST:
        return _show(request, slot, _unsent_form(request))
    form = BookingForm(request.POST)
    fleet = request.fleet
    if request.POST.get("fleet", str(fleet.pk)) != str(fleet.pk):
        # Switched in another tab, while this form was for the other one.
        problem = _("You now book for %(fleet)s. Please check the driver and send it again.")
        return _show(request, slot, form, problem=problem % {"fleet": fleet.name})
    if not form.is_valid():
        return _show(request, slot, form)
    driver = _driver(request.fleet, form)
    if driver is None:
        return _show(request, slot, form)
    try:
        submission = submit_booking_request(
            fleet=request.fleet,
            user=request.user,  # type: ignore[arg-type]
            driver=driver,
            slot=slot,
            reference=form.cleaned_data["reference"],
            submission_key=form.cleaned_data["submission_key"],
        )
    except BookingRefused as refusal:
        if refusal.field == "driver":
            form.add_error("driver", refusal.message)
            return _show(request, slot, form)
        return _show(request, slot, form, problem=refusal.message, offer_slots=refusal.offer_slots)
    request.session.pop(DRAFT_KEY, None)
    if not submission.is_new:
        messages.info(request, _("You have asked for this slot already. This is that request."))
    return redirect("bookings:detail", pk=submission.request.booking_id)


def _location(form: SlotForm, *, partner_ids: frozenset[int]) -> Location:
    """Return the site that the form names, if this fleet can see it; anything else is a 404."""
    form.is_valid()
    pk = form.cleaned_data.get("site")
    location = visible_locations(partner_ids=partner_ids).filter(pk=pk).first() if pk else None
    if location is None:
        raise Http404
    return location


def _slot(location: Location, form: SlotForm, *, partner_ids: frozenset[int]) -> Slot:
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


def _driver(fleet: Fleet, form: BookingForm) -> Driver | None:
    try:
        return driver_of(fleet, form.cleaned_data["driver"])
    except Driver.DoesNotExist:
        form.add_error("driver", _("This driver is not in your fleet. Please pick another one."))
        return None


def _unsent_form(request: FleetRequest) -> BookingForm:
    """Return the form as it is before it is sent: empty, searched, or taken up again."""
    draft: dict[str, Any] = dict(request.session.get(DRAFT_KEY, {}))
    typed = request.POST if request.method == "POST" else request.GET
    for name in ("driver", "driver_query", "reference"):
        if name in typed:
            draft[name] = typed[name]
    key = typed.get("submission_key", "")
    return BookingForm(initial={**draft, "submission_key": key or uuid.uuid4()})


def _show(
    request: FleetRequest,
    slot: Slot,
    form: BookingForm,
    *,
    problem: str = "",
    offer_slots: bool = False,
) -> HttpResponse:
    """Render the form. A slot that cannot be booked is said so, with fresh slots to pick from."""
    now = timezone.now()
    if not problem:
        try:
            check_slot(fleet=request.fleet, slot=slot, now=now)
        except BookingRefused as refusal:
            problem, offer_slots = refusal.message, refusal.offer_slots
    query = _text(form, "driver_query")
    offer = offer_drivers(request.fleet, query, chosen=_text(form, "driver"))
    if problem and offer_slots:
        _keep_draft(request, form)
    context = {
        "slot": slot,
        "form": form,
        "problem": problem,
        "drivers": offer.drivers,
        "more": offer.more,
        "query": offer.query,
        "chosen": offer.chosen,
        "picker": _picker(request, slot) if offer_slots else None,
        "location": slot.location,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/new.html", context)


def _offer_slots(request: FleetRequest, location: Location, *, message: str) -> HttpResponse:
    """Send a request that names no proper slot back to the site's slots, and say why."""
    if request.method == "POST":
        _keep_draft(request, BookingForm(request.POST))
    messages.error(request, message)
    return redirect("sites:detail", pk=location.pk)


def _keep_draft(request: FleetRequest, form: BookingForm) -> None:
    """Remember what was typed, for the form of the next slot that is picked."""
    request.session[DRAFT_KEY] = {
        name: _text(form, name) for name in ("driver", "driver_query", "reference")
    }


def _picker(request: FleetRequest, slot: Slot) -> object:
    """Return the slot picker around the slot that was asked for, read anew."""
    params = request.GET.copy()
    params.clear()
    local = slot.start_at.astimezone(slot.location.zone)
    params["day"] = local.date().isoformat()
    params["from"] = f"{local:%H:%M}"
    params["minutes"] = str(int((slot.end_at - slot.start_at).total_seconds() // 60))
    if slot.evse is None:
        params["any"] = "1"
        params["current"] = slot.criteria.current_type
        params["connector"] = slot.criteria.connector_type
        params["min_power"] = str(slot.criteria.min_power_kw or "")
    zone = viewer_zone(request)
    return build_picker(
        location=slot.location,
        evses=list(bookable_evses(slot.location, partner_ids=private_partner_ids(request.fleet))),
        params=params,
        viewer_zone=zone.key if zone else None,
        now=timezone.now(),
    )


def _text(form: BookingForm, name: str) -> str:
    value = form[name].value()
    return "" if value is None else str(value)
