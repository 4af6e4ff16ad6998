"""The page that asks for a booking, also for one that replaces another: a move."""

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.actions.candidate import (
    SLOT_RULES,
    BookingRefused,
    Candidate,
    Slot,
    access_needed,
    first_refusal,
)
from bookings.actions.create import submit_booking_request
from bookings.actions.limits import notes_on
from bookings.models import Booking
from bookings.pages.change import booking_or_404, refused
from bookings.pages.forms import (
    BookingForm,
    SlotForm,
    candidate_or_404,
    location_or_404,
    slot_params,
    slot_url,
)
from bookings.pages.prices import slot_price
from bookings.pages.vehicles.choice import misfit_key, offer_for, put_in, vehicle_or_404
from drivers.models import Driver
from drivers.permissions import (
    FleetRequest,
    driver_of,
    manager_required,
    offer_drivers,
    private_partner_ids,
)
from shell.keys import read_key
from shell.viewer import viewer_zone
from sites.facts import trouble_of, what_is_stale
from sites.models import Location
from sites.pages.picker import picker_for
from sites.selectors import bookable_evses
from sites.slots.picker.form import DRAFT, criteria_params, draft_params
from sites.slots.prices.reading import payer_in
from vehicles.selectors import current_vehicles


@manager_required
def new(request: FleetRequest) -> HttpResponse:
    """Show the form for a picked slot; on POST save the request and show its page.

    With `move` the new booking replaces the one named so. One that may not be moved is refused
    with the reason (409).
    """
    given = request.POST if request.method == "POST" else request.GET
    old = moved_booking(request, given)
    slot_form = SlotForm(given)
    if not slot_form.is_valid():
        location = location_or_404(slot_form, request.fleet)
        return _offer_slots(request, location, old, message=slot_form.sentence())
    candidate = candidate_or_404(slot_form, request.fleet, moved=old)
    if request.method == "GET":
        named = vehicle_or_404(given, request.fleet)
        if named and not named.is_retired:
            put_in(candidate, named)
    if request.method == "POST" and "find" not in request.POST:
        return _send(request, candidate)
    if old and not old.can_move():
        return refused(request, old)
    return _show(request, candidate, _unsent_form(given, candidate))


def moved_booking(request: FleetRequest, given: QueryDict) -> Booking | None:
    """Return the booking that is to be moved, if one is; any that is not the fleet's is a 404."""
    text = given.get("move", "")
    if not text:
        return None
    pk = read_key(text)
    if pk is None:
        raise Http404
    return booking_or_404(request, pk)


def _send(request: FleetRequest, candidate: Candidate) -> HttpResponse:
    """Ask for the booking; what keeps it from being asked for is said beside what was typed."""
    form = BookingForm(request.POST)
    fleet = request.fleet
    if not form.is_valid():
        return _show(request, candidate, form)
    data = form.cleaned_data
    try:
        driver = driver_of(fleet, data["driver"])
    except Driver.DoesNotExist:
        form.add_error("driver", _("This driver is not in your fleet. Please pick another one."))
        return _show(request, candidate, form)
    candidate.driver, candidate.driver_is_current = driver, True
    candidate.confirmed_overlap = data["confirmed_overlap"]
    if data["vehicle"]:
        vehicle = current_vehicles(fleet).filter(pk=data["vehicle"]).first()
        if vehicle is None:
            text = _("This vehicle is not in your fleet. Please pick another one.")
            form.add_error("vehicle", text)
            return _show(request, candidate, form)
        put_in(candidate, vehicle)
        candidate.confirmed_misfit = data["confirmed_misfit"] == misfit_key(candidate)
    try:
        submission = submit_booking_request(
            candidate,
            user=request.user,  # type: ignore[arg-type]
            reference=data["reference"],
            submission_key=data["submission_key"],
            seen_version=_seen_version(form),
        )
    except BookingRefused as refusal:
        return _say(request, candidate, form, refusal)
    if not submission.is_new:
        messages.info(request, _("You have already requested this slot. Here is that request."))
    return redirect("bookings:detail", pk=submission.request.booking_id)


def _seen_version(form: BookingForm) -> int:
    """Return the version that the person looked at; a form without one saw none that there is."""
    version: int | None = form.cleaned_data["version"]
    return -1 if version is None else version


def _say(
    request: FleetRequest, candidate: Candidate, form: BookingForm, refusal: BookingRefused
) -> HttpResponse:
    old = candidate.previous
    problem = refusal.message
    if refusal.field in {"driver", "vehicle"}:
        form.add_error(refusal.field, problem)
        return _show(request, candidate, form)
    if refusal.field == "misfit":
        return _show(request, candidate, form, misfit=problem)
    if refusal.field == "overlap":
        overlaps, key = candidate.overlapping_bookings, candidate.overlap_key
        return _show(request, candidate, form, problem=problem, overlaps=overlaps, overlap_key=key)
    if refusal.field == "booking" and old:
        old = candidate.previous = booking_or_404(request, old.pk)
        if not old.can_move():
            return refused(request, old)
        return _show(request, candidate, form, problem=problem, seen_version=old.version)
    return _show(request, candidate, form, problem=problem, offer_slots=refusal.offer_slots)


def _unsent_form(given: QueryDict, candidate: Candidate) -> BookingForm:
    """Return the form as it opens: a named vehicle brings its usual driver along."""
    initial: dict[str, Any] = {}
    old = candidate.previous
    if candidate.vehicle:
        initial["driver"] = candidate.vehicle.usual_driver_id
    if old:
        initial = {
            "driver": old.driver_id,
            "vehicle": old.vehicle_id,
            "reference": old.reference,
            "version": old.version,
        }
    initial |= {name: given[name] for name in (*DRAFT, "version") if name in given}
    key = given.get("submission_key", "")
    return BookingForm(initial={**initial, "submission_key": key or uuid.uuid4()})


def _move(old: Booking | None) -> str:
    return str(old.pk) if old else ""


def _show(
    request: FleetRequest,
    candidate: Candidate,
    form: BookingForm,
    *,
    problem: str = "",
    misfit: str = "",
    offer_slots: bool = False,
    overlaps: Sequence[Booking] = (),
    overlap_key: str = "",
    seen_version: int | None = None,
) -> HttpResponse:
    slot, old = candidate.slot, candidate.previous
    refusal = None if problem or misfit else first_refusal(candidate, SLOT_RULES)
    if refusal:
        problem, offer_slots = refusal.message, refusal.offer_slots
    offer = offer_drivers(
        request.fleet,
        _text(form, "driver_query"),
        chosen=_text(form, "driver"),
        access=access_needed(candidate.chargers),
    )
    vehicles = offer_for(
        request.fleet,
        _text(form, "vehicle_query"),
        chosen=_text(form, "vehicle"),
        driver=_text(form, "driver"),
        evses=candidate.chargers,
    )
    draft = _draft(form)
    payer, is_named = payer_in(offer)
    was_typed = request.method == "POST" or "draft" in request.GET
    context = {
        "slot": slot,
        "form": form,
        "problem": problem,
        "overlaps": overlaps,
        "overlap_key": overlap_key or _text(form, "confirmed_overlap"),
        "misfit": misfit,
        "misfit_key": misfit_key(candidate) if misfit else _text(form, "confirmed_misfit"),
        "vehicles": vehicles,
        "slot_price": slot_price(
            candidate,
            payer=payer,
            is_named=is_named,
            vehicle=vehicles.picked,
            filled_in=draft | {"move": _move(old)},
        ),
        "old": old,
        "seen_version": _text(form, "version") if seen_version is None else seen_version,
        "offer": offer,
        "finds": "find" in request.POST,
        "picker": _picker(request, slot, old, draft) if offer_slots else None,
        "alternatives_url": _alternatives_url(slot, old, draft),
        "trouble": _trouble(candidate),
        "limit_notes": notes_on(request.fleet, slot.location, slot.local_day, now=candidate.now),
        "stale": what_is_stale(),
        "kept": _what_is_kept(draft) if was_typed else "",
        "clear_url": _without_draft(slot, old) if "draft" in request.GET and draft else "",
        "location": slot.location,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/new.html", context)


def _offer_slots(
    request: FleetRequest, location: Location, old: Booking | None, *, message: str
) -> HttpResponse:
    messages.error(request, message)
    params = {"move": _move(old)} if old else {}
    if request.method == "POST":
        params |= _draft(BookingForm(request.POST))
    address = reverse("sites:detail", args=[location.pk])
    return redirect(f"{address}?{urlencode(params)}" if params else address)


def _trouble(candidate: Candidate) -> str:
    """Return what is wrong now with the charger, or with each that would do."""
    troubles = [trouble_of(evse) for evse in candidate.chargers]
    if candidate.slot.evse:
        return next(iter(troubles), "")
    return _("None of the chargers that fit works now.") if troubles and all(troubles) else ""


def _draft(form: BookingForm) -> dict[str, str]:
    """Return what links to other slots carry, so that nothing has to be typed again."""
    return draft_params({name: _text(form, name) for name in DRAFT})


def _what_is_kept(draft: dict[str, str]) -> str:
    if draft.get("vehicle"):
        return _("What you entered is kept.")
    if draft.get("driver") and draft.get("reference"):
        return _("The driver and the reference that you entered are kept.")
    if draft.get("driver"):
        return _("The driver that you picked is kept.")
    return _("The reference that you entered is kept.") if draft.get("reference") else ""


def _without_draft(slot: Slot, old: Booking | None) -> str:
    return slot_url("bookings:new", slot, {"move": _move(old)})


def _alternatives_url(slot: Slot, old: Booking | None, draft: dict[str, str]) -> str:
    params = slot_params(slot) | draft | {"move": _move(old)}
    return f"{reverse('bookings:slot_alternatives')}?{urlencode(params)}"


def _picker(
    request: FleetRequest, slot: Slot, old: Booking | None, draft: dict[str, str]
) -> object:
    params = QueryDict(urlencode(draft), mutable=True)
    local = slot.start_at.astimezone(slot.location.zone)
    params["day"] = local.date().isoformat()
    params["from"] = f"{local:%H:%M}"
    params["minutes"] = str(int((slot.end_at - slot.start_at).total_seconds() // 60))
    params["move"] = _move(old)
    if slot.evse is None:
        for name, value in criteria_params(slot.criteria, whole=True).items():
            params[name] = value
    evses = bookable_evses(slot.location, partner_ids=private_partner_ids(request.fleet))
    return picker_for(request, slot.location, list(evses), params)


def _text(form: BookingForm, name: str) -> str:
    value = form[name].value()
    return "" if value is None else str(value)
