"""The list of vehicles, and the forms about one. Its page, which shows bookings, is with those."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from drivers.permissions import FleetRequest, manager_required, member_required
from shell.kept_forms import retyped, typed
from vehicles.actions import (
    ChangedMeanwhile,
    VehicleRefused,
    bring_back,
    retire,
    save_vehicle,
)
from vehicles.assumptions import hints_about
from vehicles.models import Vehicle
from vehicles.pages.columns import Cell, Columns, columns_for
from vehicles.pages.forms import VehicleForm, VehicleSearchForm
from vehicles.selectors import BY_NUMBER, matching_vehicles, vehicle_of

PAGE_SIZE = 50
# By what the list can be sorted: the heading, and the columns.
SORTS: dict[str, tuple[Promise, tuple[Any, ...]]] = {
    "number": (gettext_lazy("Number"), BY_NUMBER),
    "plate": (gettext_lazy("Plate"), ("plate", *BY_NUMBER)),
    "kind": (gettext_lazy("Kind"), ("ampeco_type", *BY_NUMBER)),
    "site": (gettext_lazy("Home site"), ("home_site__name", *BY_NUMBER)),
    "driver": (
        gettext_lazy("Usual driver"),
        ("usual_driver__last_name", "usual_driver__first_name", *BY_NUMBER),
    ),
}


@member_required
@require_safe
@vary_on_headers("HX-Request")
def vehicle_list(request: FleetRequest) -> HttpResponse:
    """Show the fleet's vehicles; htmx gets the results alone."""
    form = VehicleSearchForm(request.GET)
    query, retired = form.query(), form.wants_retired()
    # Of a retired vehicle nobody tells anything any more.
    more = [] if retired else columns_for(request.fleet)
    headings = [heading for columns in more for heading in columns.headings]
    sorts = SORTS | {each.sort: (each.text, each.order_by) for each in headings if each.sort}
    sort = request.GET.get("sort", "")
    sort = sort if sort in sorts else "number"
    vehicles = matching_vehicles(request.fleet, query, retired=retired)
    page = Paginator(vehicles.order_by(*sorts[sort][1]), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    context = {
        "form": form,
        "query": query,
        "retired": retired,
        "page": page,
        "rows": _rows(list(page.object_list), more),
        "sort": sort,
        "headings": [
            *((name, heading) for name, (heading, _columns) in SORTS.items()),
            *((each.sort, each.text) for each in headings),
        ],
    }
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, "vehicles/list.html", context)
    response = render(request, "vehicles/_list.html", context)
    names = ("q", "retired", "sort", "page")
    stated = [(name, request.GET[name]) for name in names if request.GET.get(name)]
    response["HX-Replace-Url"] = f"{request.path}?{urlencode(stated)}" if stated else request.path
    return response


@manager_required
def add(request: FleetRequest) -> HttpResponse:
    """Add a vehicle and show its page; or say beside the fields what is wrong."""
    return _form_page(request, Vehicle(fleet=request.fleet))


@manager_required
def change(request: FleetRequest, pk: int) -> HttpResponse:
    """Change a vehicle's facts and show its page; or say beside the fields what is wrong."""
    return _form_page(request, vehicle_or_404(request, pk))


@manager_required
@require_POST
def retire_or_bring_back(request: FleetRequest, pk: int) -> HttpResponse:
    """Retire a vehicle, or with `back` let it be picked again."""
    vehicle = vehicle_or_404(request, pk)
    if "back" not in request.POST:
        retire(vehicle)
        text = _("%(vehicle)s is retired. It can no longer be picked; its bookings stay.")
        messages.success(request, text % {"vehicle": vehicle.number})
        return redirect("vehicles:detail", pk=pk)
    try:
        bring_back(vehicle)
    except VehicleRefused as refusal:
        messages.error(request, refusal.message)
    else:
        text = _("%(vehicle)s can be picked again.")
        messages.success(request, text % {"vehicle": vehicle.number})
    return redirect("vehicles:detail", pk=pk)


def _rows(
    vehicles: list[Vehicle], more: list[Columns]
) -> list[tuple[Vehicle, list[tuple[Promise, Cell]]]]:
    """Return vehicles with what the columns of other rooms have of each, under their headings."""
    found = [(columns, columns.cells(vehicles)) for columns in more]
    return [
        (
            vehicle,
            [
                (heading.text, cell)
                for columns, cells in found
                for heading, cell in zip(columns.headings, cells[vehicle.pk], strict=True)
            ],
        )
        for vehicle in vehicles
    ]


def vehicle_or_404(request: FleetRequest, pk: int) -> Vehicle:
    """Return one of the fleet's vehicles; any other is a 404."""
    try:
        return vehicle_of(request.fleet, pk)
    except Vehicle.DoesNotExist:
        raise Http404 from None


def _form_page(request: FleetRequest, vehicle: Vehicle) -> HttpResponse:
    name = vehicle.number
    data = typed(request)
    form = VehicleForm(data, instance=vehicle, fleet=request.fleet)
    if request.method == "POST" and form.is_valid():
        saved = form.save(commit=False)
        try:
            save_vehicle(
                saved,
                user=request.user,  # type: ignore[arg-type]
                seen_version=form.cleaned_data["version"],
            )
        except VehicleRefused as refusal:
            form.add_error(refusal.field or None, refusal.message)
            if isinstance(refusal, ChangedMeanwhile):
                # What is there now has been told of: sent again, the entries take its place.
                form.data = retyped(request.POST, version=str(refusal.version))
        else:
            text = _("%(vehicle)s is saved.")
            messages.success(request, text % {"vehicle": saved.number})
            for hint in hints_about(saved):
                messages.warning(request, hint)
            return redirect("vehicles:detail", pk=saved.pk)
    back = reverse("vehicles:detail", args=[vehicle.pk]) if vehicle.pk else reverse("vehicles:list")
    context = {"form": form, "vehicle": vehicle, "name": name, "back": back}
    return render(request, "vehicles/form.html", context)
