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

from bookings.actions.candidate import SLOT_RULES, BookingRefused, Candidate, Slot, first_refusal
from bookings.actions.create import submit_booking_request
from bookings.models import Booking
from bookings.pages.change import booking_or_404, refused
from bookings.pages.forms import (
    BookingForm,
    SlotForm,
    candidate_or_404,
    location_or_404,
    slot_params,
)
from drivers.models import Driver
from drivers.permissions import (
    FleetRequest,
    driver_of,
    manager_required,
    offer_drivers,
    private_partner_ids,
)
from shell.formats import instant
from shell.viewer import viewer_zone
from sites.models import Location
from sites.pages.picker import picker_for
from sites.selectors import bookable_evses

# Who picks another slot half-way finds the driver and the reference filled in again.
DRAFT_KEY = "booking_draft"
TYPED = ("driver", "driver_query", "reference")
LONGEST_KEY = 18


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
    if request.method == "POST" and "find" not in request.POST:
        return _send(request, candidate)
    if old and not old.can_change():
        return refused(request, old)
    return _show(request, candidate, _unsent_form(request, given, old))


def moved_booking(request: FleetRequest, given: QueryDict) -> Booking | None:
    """Return the booking that is to be moved, if one is; any that is not the fleet's is a 404."""
    pk = given.get("move", "")
    if not pk:
        return None
    if not (pk.isascii() and pk.isdecimal() and len(pk) <= LONGEST_KEY):
        raise Http404
    return booking_or_404(request, int(pk))


def _send(request: FleetRequest, candidate: Candidate) -> HttpResponse:
    """Ask for the booking; what keeps it from being asked for is said beside what was typed."""
    form = BookingForm(request.POST)
    fleet, slot = request.fleet, candidate.slot
    if request.POST.get("fleet", str(fleet.pk)) != str(fleet.pk):
        # Switched in another tab, while this form was for the other one.
        problem = _(
            "You are now booking for %(fleet)s. Please check the driver and send the request again."
        )
        return _show(request, candidate, form, problem=problem % {"fleet": fleet.name})
    if not form.is_valid():
        return _show(request, candidate, form)
    data = form.cleaned_data
    try:
        driver = driver_of(fleet, data["driver"])
    except Driver.DoesNotExist:
        form.add_error("driver", _("This driver is not in your fleet. Please pick another one."))
        return _show(request, candidate, form)
    candidate.driver, candidate.driver_is_current = driver, True
    candidate.confirmed_overlap = data["confirmed_overlap"] == overlap_key(driver, slot)
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
    request.session.pop(DRAFT_KEY, None)
    if not submission.is_new:
        messages.info(request, _("You have already requested this slot. Here is that request."))
    return redirect("bookings:detail", pk=submission.request.booking_id)


def _seen_version(form: BookingForm) -> int:
    """Return the version that the person looked at; a form without one saw none that there is."""
    version: int | None = form.cleaned_data["version"]
    return -1 if version is None else version


def overlap_key(driver: Driver, slot: Slot) -> str:
    return f"{driver.pk}|{instant(slot.start_at)}|{slot.minutes}"


def _say(
    request: FleetRequest, candidate: Candidate, form: BookingForm, refusal: BookingRefused
) -> HttpResponse:
    old = candidate.previous
    problem = refusal.message
    if refusal.field == "driver":
        form.add_error("driver", problem)
        return _show(request, candidate, form)
    if refusal.field == "overlap":
        assert candidate.driver is not None
        key = overlap_key(candidate.driver, candidate.slot)
        overlaps = candidate.overlapping_bookings
        return _show(request, candidate, form, problem=problem, overlaps=overlaps, overlap_key=key)
    if refusal.field == "booking" and old:
        old = candidate.previous = booking_or_404(request, old.pk)
        if not old.can_change():
            return refused(request, old)
        return _show(request, candidate, form, problem=problem, seen_version=old.version)
    return _show(request, candidate, form, problem=problem, offer_slots=refusal.offer_slots)


def _unsent_form(request: FleetRequest, given: QueryDict, old: Booking | None) -> BookingForm:
    initial: dict[str, Any] = {}
    if old:
        initial = {"driver": old.driver_id, "reference": old.reference, "version": old.version}
    draft = request.session.get(DRAFT_KEY, {})
    if draft.get("move", "") == _move(old):
        initial |= {name: draft[name] for name in TYPED if name in draft}
    initial |= {name: given[name] for name in (*TYPED, "version") if name in given}
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
    offer_slots: bool = False,
    overlaps: Sequence[Booking] = (),
    overlap_key: str = "",
    seen_version: int | None = None,
) -> HttpResponse:
    slot, old = candidate.slot, candidate.previous
    refusal = None if problem else first_refusal(candidate, SLOT_RULES)
    if refusal:
        problem, offer_slots = refusal.message, refusal.offer_slots
    offer = offer_drivers(request.fleet, _text(form, "driver_query"), chosen=_text(form, "driver"))
    if problem and offer_slots:
        _keep_draft(request, form, old)
    context = {
        "slot": slot,
        "form": form,
        "problem": problem,
        "overlaps": overlaps,
        "overlap_key": overlap_key,
        "old": old,
        "seen_version": _text(form, "version") if seen_version is None else seen_version,
        "drivers": offer.drivers,
        "more": offer.more,
        "query": offer.query,
        "chosen": offer.chosen,
        "picker": _picker(request, slot, old) if offer_slots else None,
        "alternatives_url": _alternatives_url(slot, form, old),
        "location": slot.location,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/new.html", context)


def _offer_slots(
    request: FleetRequest, location: Location, old: Booking | None, *, message: str
) -> HttpResponse:
    if request.method == "POST":
        _keep_draft(request, BookingForm(request.POST), old)
    messages.error(request, message)
    address = reverse("sites:detail", args=[location.pk])
    return redirect(f"{address}?{urlencode({'move': old.pk})}" if old else address)


def _keep_draft(request: FleetRequest, form: BookingForm, old: Booking | None) -> None:
    request.session[DRAFT_KEY] = {name: _text(form, name) for name in TYPED} | {"move": _move(old)}


def _alternatives_url(slot: Slot, form: BookingForm, old: Booking | None) -> str:
    typed = {"driver": _text(form, "driver"), "reference": _text(form, "reference")}
    params = slot_params(slot) | typed | {"move": _move(old)}
    return f"{reverse('bookings:slot_alternatives')}?{urlencode(params)}"


def _picker(request: FleetRequest, slot: Slot, old: Booking | None) -> object:
    params = request.GET.copy()
    params.clear()
    local = slot.start_at.astimezone(slot.location.zone)
    params["day"] = local.date().isoformat()
    params["from"] = f"{local:%H:%M}"
    params["minutes"] = str(int((slot.end_at - slot.start_at).total_seconds() // 60))
    params["move"] = _move(old)
    if slot.evse is None:
        params["any"] = "1"
        params["current"] = slot.criteria.current_type
        params["connector"] = slot.criteria.connector_type
        params["min_power"] = str(slot.criteria.min_power_kw or "")
    evses = bookable_evses(slot.location, partner_ids=private_partner_ids(request.fleet))
    return picker_for(request, slot.location, list(evses), params)


def _text(form: BookingForm, name: str) -> str:
    value = form[name].value()
    return "" if value is None else str(value)
