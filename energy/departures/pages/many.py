"""The table by which many vehicles get a departure in one go, each with its own outcome."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.models import User
from drivers.permissions import FleetRequest, manager_required
from energy.departures.actions import DepartureRefused, set_departure
from energy.departures.pages.departures import where_it_is
from energy.departures.pages.forms import DepartureForm, today_in
from energy.departures.weekly import zone_of
from shell.kept_forms import typed
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

MOST = 200
# What the row above the table fills in for all.
FOR_ALL = ("day", "time", "target_percent", "distance_km")


@dataclass(slots=True)
class Row:
    """A vehicle of the table, its form, and whether its departure is set by now."""

    vehicle: Vehicle
    form: DepartureForm
    is_set: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wanted for it: a row without a time is passed over."""
        return not str(self.form["time"].value() or "").strip()


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
@where_it_is
def set_many(request: FleetRequest) -> HttpResponse:
    """Show the table for the vehicles that were ticked, and set what is sent of it."""
    data = typed(request)
    given = request.GET if data is None else data
    vehicles = _vehicles(request, given)
    fills = "fill" in given
    rows = [_row(each, None if fills else data, given) for each in vehicles]
    if request.method == "POST" and not fills:
        _set_all(request, rows)
        if rows and all(row.is_set or row.is_empty for row in rows):
            return redirect("vehicles:list")
    for_all = {name: given.get(f"all-{name}", "") for name in FOR_ALL}
    form = _narrowed(DepartureForm(initial=for_all, zone=zone_of(Vehicle()), prefix="all"))
    context = {"rows": rows, "for_all": form}
    return render(request, "energy/departures/many.html", context)


def _vehicles(request: FleetRequest, given: QueryDict) -> list[Vehicle]:
    """Return those of the fleet's vehicles that are named; what is no number names none."""
    named = [
        int(text)
        for text in given.getlist("vehicle")[:MOST]
        if text.isascii() and text.isdecimal() and len(text) <= 18
    ]
    return list(current_vehicles(request.fleet).filter(pk__in=named))


def _row(vehicle: Vehicle, data: QueryDict | None, given: QueryDict) -> Row:
    zone = zone_of(vehicle)
    initial: dict[str, Any] = {"day": today_in(zone) + timedelta(days=1)}
    initial |= {name: given[f"all-{name}"] for name in FOR_ALL if given.get(f"all-{name}")}
    form = DepartureForm(data, zone=zone, prefix=f"v{vehicle.pk}", initial=initial)
    for field in form.fields.values():
        # A row of a table has no labels but its headings.
        field.widget.attrs["aria-label"] = f"{vehicle.name}: {field.label}"
    return Row(vehicle, _narrowed(form))


def _narrowed(form: DepartureForm) -> DepartureForm:
    for name in set(form.fields) - set(FOR_ALL):
        del form.fields[name]
    return form


def _set_all(request: FleetRequest, rows: list[Row]) -> None:
    """Set each row by itself: one that is wrong does not keep the others."""
    assert isinstance(request.user, User)
    for row in rows:
        if row.is_empty or not row.form.is_valid():
            continue
        try:
            set_departure(row.vehicle, row.form.plan, user=request.user)
        except DepartureRefused as refusal:
            row.form.add_error(refusal.field or None, refusal.message)
        else:
            row.is_set = True
    number = sum(row.is_set for row in rows)
    if number:
        text = ngettext("%(number)d departure is set.", "%(number)d departures are set.", number)
        messages.success(request, text % {"number": number})
    elif all(row.is_empty for row in rows):
        messages.info(request, _("Please enter a time for at least one vehicle."))
