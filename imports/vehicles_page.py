"""The page that takes a table of vehicles: what it would add and change, before it does."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from drivers.permissions import FleetRequest, manager_required
from imports.templates import answer_with
from imports.templates import vehicles_template as template_of_vehicles
from imports.upload import addresses, sent_form
from imports.vehicle_columns import COLUMNS
from imports.vehicles import MOST_ROWS, Kind, VehicleReading, read_vehicles, save_vehicles
from shell.uploads import takes_file
from spreadsheets.table import MOST_BYTES

SAVE = "save"
MOST_PROBLEMS = 5
URGENCY = {Kind.WRONG: 0, Kind.CHANGED: 1, Kind.NEW: 2, Kind.SAME: 3}
LABELS = {column.key: column.label for column in COLUMNS}


@takes_file(most_bytes=MOST_BYTES)
@manager_required
def vehicles(request: FleetRequest) -> HttpResponse:
    """Show what a table of vehicles would add and change; on the click that follows, do it."""
    context: dict[str, Any] = {"most_rows": MOST_ROWS, **addresses("vehicles")}
    form = sent_form(request, most_rows=MOST_ROWS, columns=COLUMNS)
    context["form"] = form
    if not form.is_bound or not form.is_valid() or form.table is None:
        return render(request, "imports/vehicles.html", context)
    reading = read_vehicles(form.table, fleet=request.fleet)
    if request.POST.get("action") == SAVE and not reading.missing:
        if request.POST.get("seen") == reading.mark:
            return _save_vehicles(request, reading)
        context["problem"] = _(
            "Something has changed since these rows were shown. Nothing was changed: please look"
            " once more."
        )
    header = form.table.header
    context |= {
        "reading": reading,
        "as_text": form.as_text,
        "understood": [
            (header[place], LABELS[key]) for key, place in reading.understood.places.items()
        ],
        "lines": sorted(reading.lines, key=lambda line: URGENCY[line.kind]),
    }
    return render(request, "imports/vehicles.html", context)


def _save_vehicles(request: FleetRequest, reading: VehicleReading) -> HttpResponse:
    saved, problems = save_vehicles(reading, user=request.user)  # type: ignore[arg-type]
    text = ngettext("%(count)d vehicle was saved.", "%(count)d vehicles were saved.", saved)
    messages.success(request, text % {"count": saved})
    for problem in problems[:MOST_PROBLEMS]:
        messages.warning(request, problem)
    return redirect("vehicles:list")


@manager_required
def template(request: FleetRequest, ending: str) -> HttpResponse:
    """Send the fleet's vehicles as a file to fill up, or an example."""
    header, rows = template_of_vehicles(request.fleet)
    return answer_with(header, rows, name=_("vehicles"), ending=ending)
