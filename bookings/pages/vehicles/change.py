"""The page on which a booking gets another vehicle."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.actions.candidate import BookingRefused
from bookings.actions.vehicle import doubt_key, may_name_vehicle, name_vehicle
from bookings.models import Booking
from bookings.pages.change import booking_or_404
from bookings.pages.vehicles.choice import LONGEST_QUERY, offer_for
from drivers.permissions import FleetRequest, manager_required
from shell.kept_forms import typed
from shell.plain_text import OneLines
from shell.viewer import viewer_zone
from vehicles.selectors import current_vehicles


class BookingVehicleForm(OneLines, forms.Form):
    """Which vehicle, none if it is empty."""

    vehicle = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    vehicle_query = forms.CharField(max_length=LONGEST_QUERY, required=False)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    confirmed_misfit = forms.CharField(max_length=100, required=False)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def booking_vehicle(request: FleetRequest, pk: int) -> HttpResponse:
    """Let a booking be for another vehicle, at once; or say what keeps it from that."""
    booking = booking_or_404(request, pk)
    if not may_name_vehicle(booking):
        messages.info(request, _("This booking is over. Its vehicle stays as it was."))
        return redirect("bookings:detail", pk=pk)
    data = typed(request)
    form = BookingVehicleForm(data)
    if request.method != "POST" or "find" in request.POST:
        return _show(request, booking, form)
    if not form.is_valid():
        return _show(request, booking, form, problem=_("Please pick a vehicle from the list."))
    wanted, vehicle = form.cleaned_data["vehicle"], None
    if wanted:
        vehicle = current_vehicles(request.fleet).filter(pk=wanted).first()
        if vehicle is None and wanted != booking.vehicle_id:
            text = _("This vehicle is not in your fleet. Please pick another one.")
            return _show(request, booking, form, problem=text)
        vehicle = vehicle or booking.vehicle
    try:
        name_vehicle(
            booking,
            vehicle,
            user=request.user,  # type: ignore[arg-type]
            seen_version=form.cleaned_data["version"],
            confirmed=form.cleaned_data["confirmed_misfit"],
        )
    except BookingRefused as refusal:
        current = booking_or_404(request, pk)
        if refusal.field == "misfit":
            key = doubt_key(vehicle, refusal.message)
            return _show(request, current, form, misfit=refusal.message, misfit_key=key)
        has_changed = refusal.field == "booking"
        return _show(request, current, form, problem=refusal.message, tells_how_it_is=has_changed)
    messages.success(request, _("The booking's vehicle is saved."))
    return redirect("bookings:detail", pk=pk)


def _show(
    request: FleetRequest,
    booking: Booking,
    form: BookingVehicleForm,
    *,
    problem: str = "",
    misfit: str = "",
    misfit_key: str = "",
    tells_how_it_is: bool = False,
) -> HttpResponse:
    """Render the form; the version stays the one that was seen until the page tells of another."""
    keeps = form.is_bound and not tells_how_it_is
    chosen = form["vehicle"].value() if form.is_bound else booking.vehicle_id
    context = {
        "booking": booking,
        "location": booking.location,
        "problem": problem,
        "misfit": misfit,
        "misfit_key": misfit_key,
        "seen_version": form["version"].value() if keeps else str(booking.version),
        "vehicles": offer_for(
            request.fleet,
            str(form["vehicle_query"].value() or "")[:LONGEST_QUERY],
            chosen=str(chosen or ""),
            driver=str(booking.driver_id),
            evses=[booking.evse] if booking.evse else [],
        ),
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/change/vehicle.html", context)
