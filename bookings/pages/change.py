"""The page that asks for another time or another driver."""

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from bookings.actions.candidate import BookingRefused, access_needed
from bookings.actions.change import change_candidate, request_change, why_not
from bookings.actions.limits import notes_on
from bookings.models import Booking
from bookings.pages.change_form import ChangeForm, typed_change
from bookings.pages.change_times import ChargerTimes, charger_times
from bookings.selectors import booking_of
from drivers.models import Driver
from drivers.permissions import (
    DriverOffer,
    FleetRequest,
    driver_of,
    manager_required,
    offer_drivers,
)
from shell.kept_forms import typed
from shell.viewer import viewer_zone
from sites.facts import trouble_of, what_is_stale
from sites.periods import start_of_day
from sites.slots.limits import Note
from sites.slots.prices.costs import Costs, costs_for
from sites.slots.prices.price import Price
from sites.slots.prices.reading import payer_in
from vehicles.need import appetite_of

# Buttons that fill in the form and send nothing.
FILLS_IN = frozenset({"show", "pick", "find"})


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Show the booking with the form; on POST ask for the change and show the booking's page.

    A booking that may not be changed is refused with the reason (409).
    """
    booking = booking_or_404(request, pk)
    posted = request.method == "POST"
    filled_in = typed(request)
    given = filled_in or request.GET
    changed = typed_change(booking, given, sent=filled_in is not None)
    form = ChangeForm(changed, booking=booking)
    form.is_valid()
    if posted and not FILLS_IN & given.keys():
        return _send(request, booking, form)
    if not booking.can_change():
        return refused(request, booking)
    return _show(request, booking, form)


def booking_or_404(request: FleetRequest, pk: int) -> Booking:
    """Return one of the fleet's bookings; any other is a 404."""
    try:
        return booking_of(request.fleet, pk)
    except Booking.DoesNotExist:
        raise Http404 from None


def refused(request: FleetRequest, booking: Booking, *, to_cancel: bool = False) -> HttpResponse:
    """Say on a page of its own why a booking may not be changed or cancelled (409)."""
    if request.htmx:
        # A fragment could not say it: the whole page does.
        return HttpResponseClientRedirect(request.path)
    context = {
        "booking": booking,
        "location": booking.location,
        "reason": why_not(booking, reader=request.user, now=timezone.now()),  # type: ignore[arg-type]
        "to_cancel": to_cancel,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/change/refused.html", context, status=409)


def _send(request: FleetRequest, booking: Booking, form: ChangeForm) -> HttpResponse:
    """Ask for the change; what keeps it from being asked for is said beside what was typed."""
    driver = _driver(request, form)
    if driver is None or not form.is_valid():
        if not booking.can_change():
            return refused(request, booking)
        return _show(request, booking, form, sent=True)
    data = form.cleaned_data
    try:
        request_change(
            booking=booking,
            user=request.user,  # type: ignore[arg-type]
            driver=driver,
            start_at=data["start_at"],
            end_at=data["end_at"],
            seen_version=data["version"],
            submission_key=data["submission_key"],
            confirmed_overlap=data["confirmed_overlap"],
        )
    except BookingRefused as refusal:
        return _say(request, booking, form, refusal, driver=driver)
    return redirect("bookings:detail", pk=booking.pk)


def _driver(request: FleetRequest, form: ChangeForm) -> Driver | None:
    pk = form.cleaned_data.get("driver")
    try:
        return driver_of(request.fleet, pk) if pk else None
    except Driver.DoesNotExist:
        form.add_error("driver", _("This driver is not in your fleet. Please pick another one."))
        return None


def _say(
    request: FleetRequest,
    booking: Booking,
    form: ChangeForm,
    refusal: BookingRefused,
    *,
    driver: Driver,
) -> HttpResponse:
    booking = booking_or_404(request, booking.pk)
    if not booking.can_change() and not booking.open_change:
        return refused(request, booking)
    if refusal.field == "driver":
        form.add_error("driver", refusal.message)
        return _show(request, booking, form, sent=True)
    if refusal.field == "slot":
        form.add_error("time", refusal.message)
        return _show(request, booking, form, sent=True, offer_nearest=refusal.offer_slots)
    overlaps: list[Booking] = []
    key = ""
    if refusal.field == "overlap":
        data = form.cleaned_data
        candidate = change_candidate(booking, driver, data["start_at"], data["end_at"])
        overlaps, key = candidate.overlapping_bookings, candidate.overlap_key
    return _show(
        request, booking, form, problem=refusal.message, overlaps=overlaps, overlap_key=key
    )


def _show(
    request: FleetRequest,
    booking: Booking,
    form: ChangeForm,
    *,
    sent: bool = False,
    problem: str = "",
    overlaps: Sequence[Booking] = (),
    overlap_key: str = "",
    offer_nearest: bool = False,
) -> HttpResponse:
    """Render the form with the free times of its day; htmx gets the form alone.

    The version stays the one that was seen until the page has told of a conflict.
    """
    query = _text(form, "driver_query")
    offer = offer_drivers(
        request.fleet,
        query,
        chosen=_text(form, "driver"),
        access=access_needed([booking.evse] if booking.evse else []),
    )
    costs = _costs(booking, offer)
    context = {
        "booking": booking,
        "location": booking.location,
        "form": form,
        "sent": sent,
        "problem": problem,
        "overlaps": overlaps,
        "overlap_key": overlap_key,
        "offer_nearest": offer_nearest or form.names_no_time,
        "seen_version": booking.version if problem else _text(form, "version"),
        "times": _times(booking, form, viewer_zone=viewer_zone(request), costs=costs),
        "price": _price(booking, form, costs),
        "costs": costs,
        "trouble": trouble_of(booking.evse) if booking.evse else "",
        "limit_notes": _limit_notes(booking, form),
        "stale": what_is_stale(),
        "offer": offer,
        "finds": "find" in request.POST,
        "viewer_zone": viewer_zone(request),
    }
    whole = not request.htmx or request.htmx.history_restore_request
    return render(
        request, "bookings/change/change.html" if whole else "bookings/change/_form.html", context
    )


def _limit_notes(booking: Booking, form: ChangeForm) -> list[Note]:
    day = form.cleaned_data.get("day")
    return notes_on(booking.fleet, booking.location, day, now=timezone.now()) if day else []


def _costs(booking: Booking, offer: DriverOffer) -> Costs | None:
    """Return what the booking's charger costs for the driver that is picked, if that is known."""
    payer, is_named = payer_in(offer)
    if booking.evse is None or payer is None:
        return None
    appetite = appetite_of(booking.vehicle)
    return costs_for([booking.evse], payer, is_named=is_named, appetite=appetite) or None


def _price(booking: Booking, form: ChangeForm, costs: Costs | None) -> Price | None:
    minutes = form.cleaned_data.get("minutes")
    if costs is None or booking.evse is None or not form.start_at or not minutes:
        return None
    length = timedelta(minutes=minutes)
    return costs.of([booking.evse], form.start_at, length, zone=booking.zone)


def _times(
    booking: Booking, form: ChangeForm, *, viewer_zone: ZoneInfo | None, costs: Costs | None
) -> ChargerTimes | None:
    day, minutes = form.cleaned_data.get("day"), form.cleaned_data.get("minutes")
    if day is None or minutes is None:
        return None
    return charger_times(
        booking,
        day=day,
        minutes=minutes,
        wanted=form.start_at or form.wanted or start_of_day(day, booking.zone),
        viewer_zone=viewer_zone,
        now=timezone.now(),
        costs=costs,
    )


def _text(form: ChangeForm, name: str) -> str:
    value = form[name].value()
    return "" if value is None else str(value)
