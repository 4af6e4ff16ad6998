"""The page of a vehicle's departures: those to come, the form for one, the weekly rule."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from ampcontrol.connection import is_on
from drivers.permissions import FleetRequest, manager_required, member_required
from energy.departures.actions import (
    ChangedMeanwhile,
    DepartureRefused,
    cancel_departure,
    change_departure,
    let_replace,
    mark_of,
    set_departure,
    set_week,
    week_of,
)
from energy.departures.pages.forms import DepartureForm, WeekForm, initial_of
from energy.departures.pages.reading import needs_text, read_departures, route_text
from energy.departures.weekly import zone_of
from energy.models import Departure
from shell.kept_forms import retyped, typed
from vehicles.models import Vehicle
from vehicles.pages.views import vehicle_or_404

View = Callable[..., HttpResponse]


def where_it_is(view: View) -> View:
    """Let there be no such page where the operator has no smart charging."""

    @wraps(view)
    def inner(request: FleetRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_on():
            raise Http404
        return view(request, *args, **kwargs)

    return inner


@member_required
@require_safe
@where_it_is
def show(request: FleetRequest, pk: int) -> HttpResponse:
    """Show a vehicle's departures; who manages also gets the forms."""
    return _show(request, vehicle_or_404(request, pk))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@where_it_is
def add(request: FleetRequest, pk: int) -> HttpResponse:
    """Let the vehicle leave once; or say beside the fields what is wrong."""
    vehicle = _current(request, pk)
    data = typed(request)
    if data is None:
        return redirect("departures:show", pk=pk)
    form = DepartureForm(data, zone=zone_of(vehicle))
    if request.method == "POST" and form.is_valid():
        try:
            set_departure(vehicle, form.plan, user=_user(request))
        except DepartureRefused as refusal:
            form.add_error(refusal.field or None, refusal.message)
        else:
            messages.success(request, _("The departure is set."))
            return redirect("departures:show", pk=pk)
    return _show(request, vehicle, form=form)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@where_it_is
def week(request: FleetRequest, pk: int) -> HttpResponse:
    """Set when the vehicle leaves on weekdays; or say beside the fields what is wrong."""
    vehicle = _current(request, pk)
    data = typed(request)
    if data is None:
        return redirect("departures:show", pk=pk)
    there = week_of(vehicle)
    form = WeekForm(data, week=there, seen=mark_of(there))
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"]
        try:
            set_week(vehicle, form.week, seen=seen, user=_user(request))
        except DepartureRefused as refusal:
            form.add_error(None, refusal.message)
            # What is there now has been told of: sent again, the entries take its place.
            form.data = retyped(data, seen=mark_of(there))
        else:
            messages.success(request, _("The weekly departures are saved."))
            return redirect("departures:show", pk=pk)
    return _show(request, vehicle, week_form=form)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@where_it_is
def change(request: FleetRequest, pk: int, departure_pk: int) -> HttpResponse:
    """Change one departure; or say beside the fields what is wrong."""
    vehicle = _current(request, pk)
    row = _departure(vehicle, departure_pk)
    zone = zone_of(vehicle)
    data = typed(request)
    form = DepartureForm(data, zone=zone, initial=initial_of(row, zone))
    if data is not None and request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["version"] or 0
        try:
            change_departure(row, form.plan, seen_version=seen, user=_user(request))
        except DepartureRefused as refusal:
            form.add_error(refusal.field or None, refusal.message)
            row = _departure(vehicle, departure_pk)
            if isinstance(refusal, ChangedMeanwhile):
                # As it is now: that has been told of.
                form.data = retyped(data, version=str(row.version))
        else:
            messages.success(request, _("The departure is changed."))
            return redirect("departures:show", pk=pk)
    context = {"vehicle": vehicle, "row": row, "form": form, "zone": zone}
    return render(request, "energy/departures/change.html", context)


@manager_required
@require_POST
@where_it_is
def cancel(request: FleetRequest, pk: int, departure_pk: int) -> HttpResponse:
    """Call one departure off."""
    vehicle = vehicle_or_404(request, pk)
    row = _departure(vehicle, departure_pk)
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else -1
    try:
        cancel_departure(row, seen_version=seen, user=_user(request))
    except DepartureRefused as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, _("The departure is called off."))
    return redirect("departures:show", pk=pk)


@manager_required
@require_POST
@where_it_is
def replace(request: FleetRequest, pk: int) -> HttpResponse:
    """Let our departure take the place of somebody else's in Ampcontrol."""
    vehicle = _current(request, pk)
    if let_replace(vehicle, seen=request.POST.get("seen", "")):
        messages.success(request, _("Ours takes its place."))
    else:
        messages.info(request, _("This has changed meanwhile. Here is how it is now."))
    return redirect("departures:show", pk=pk)


def _show(
    request: FleetRequest,
    vehicle: Vehicle,
    *,
    form: DepartureForm | None = None,
    week_form: WeekForm | None = None,
) -> HttpResponse:
    read = read_departures(vehicle)
    there = week_of(vehicle)
    context = {
        "vehicle": vehicle,
        "read": read,
        "rows": [(row, needs_text(row), route_text(row)) for row in read.rows],
        "form": form or DepartureForm(zone=read.zone),
        "week_form": week_form or WeekForm(week=there, seen=mark_of(there)),
        "may_set": request.membership.can_book and not vehicle.is_retired,
    }
    return render(request, "energy/departures/show.html", context)


def _current(request: FleetRequest, pk: int) -> Vehicle:
    """Return one of the fleet's vehicles that is not retired; any other is a 404."""
    vehicle = vehicle_or_404(request, pk)
    if vehicle.is_retired:
        raise Http404
    return vehicle


def _departure(vehicle: Vehicle, pk: int) -> Departure:
    try:
        return Departure.objects.select_related("changed_by").get(vehicle=vehicle, pk=pk)
    except Departure.DoesNotExist:
        raise Http404 from None


def _user(request: FleetRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
