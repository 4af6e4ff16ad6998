"""Changes of rows of a draft; htmx gets the table as it stands then, others the page."""

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from batches.checks import check_batch, rows_of
from batches.editing import change_periods, change_row, change_rows, mark_of, propose_anew
from batches.models import Batch, BatchRow
from batches.outcomes import outcomes_of
from batches.pages.forms import AllForm, RowForm, find_place
from batches.pages.table import batch_or_404, show_draft
from batches.proposing import chargers_of
from batches.services import BatchRefused
from bookings.actions.alternatives import alternatives_for
from bookings.actions.candidate import BookingRefused, Candidate
from bookings.pages.alternatives import choices_of
from drivers.permissions import FleetRequest, current_drivers, manager_required
from shell.kept_forms import retyped, typed
from sites.slots.prices.reading import payer_of
from vehicles.selectors import current_vehicles

BY_NAME = ("last_name", "first_name", "pk")


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: FleetRequest, pk: int, row_pk: int) -> HttpResponse:
    """Show a row as a form, in its place for htmx; on POST change it and show the table."""
    batch = batch_or_404(request, pk)
    row = _row(batch, row_pk)
    if batch.state != Batch.State.DRAFT:
        return redirect("batches:table", pk=pk)
    form = _row_form(request, row)
    if request.method == "POST" and form.is_valid():
        saved = _saved(request, batch, row, form)
        if saved is not None:
            return saved
    context = {"batch": batch, "row": row, "form": form, "page_number": request.GET.get("page", "")}
    whole = not request.htmx or request.htmx.history_restore_request
    name = "row" if whole else "_row_form"
    if not whole and not form.errors:
        form.fields["vehicle"].widget.attrs["autofocus"] = True
    response = render(request, f"batches/{name}.html", context)
    if request.method == "POST" and not whole:
        # The form stays in the row that it stands in.
        response["HX-Retarget"] = f"#row-{row.pk}"
        response["HX-Reswap"] = "outerHTML"
    return response


def _saved(
    request: FleetRequest, batch: Batch, row: BatchRow, form: RowForm
) -> HttpResponse | None:
    """Change a row as a valid form wants it; None where that is to be shown again with why not."""
    try:
        change_row(batch, row.pk, seen=form.cleaned_data["seen"], **form.changes)
    except (BatchRefused, BookingRefused) as refusal:
        if isinstance(refusal, BatchRefused) and refusal.reason == "stale":
            form.show_again(refusal.message, mark=mark_of(_row(batch, row.pk)))
            return None
        messages.error(request, refusal.message)
    return _after(request, batch, focus=row.pk)


def _row_form(request: FleetRequest, row: BatchRow) -> RowForm:
    data = typed(request)
    place = find_place(request.fleet, data.get("site", "") if data else "", now_at=row.location)
    if data and place.location != row.location:
        # The chargers of the other site are not known yet to whoever named it.
        data = retyped(data, evse="")
    location = place.location or row.location
    zone = location.zone if location else ZoneInfo(settings.DEFAULT_TIMEZONE)
    start, end = (at.astimezone(zone) if at else None for at in (row.start_at, row.end_at))
    return RowForm(
        data,
        zone=zone,
        row=row,
        place=place,
        vehicles=list(current_vehicles(request.fleet)),
        drivers=list(current_drivers(request.fleet).order_by(*BY_NAME)),
        evses=chargers_of(request.fleet, location) if location else [],
        initial={
            "vehicle": row.vehicle_id or "",
            "driver": row.driver_id or "",
            "site": row.location.name if row.location else "",
            "evse": row.evse_id or "",
            "day": start and start.date(),
            "begin": start and start.time(),
            "end": end and end.time(),
            "reference": row.reference,
            "seen": mark_of(row),
        },
    )


@manager_required
@require_POST
def leave_out(request: FleetRequest, pk: int, row_pk: int) -> HttpResponse:
    """Leave a row out, or with `back` put it in again."""
    batch = batch_or_404(request, pk)
    state = BatchRow.State.PROPOSED if "back" in request.POST else BatchRow.State.LEFT_OUT
    return _changed(request, batch, [_row(batch, row_pk).pk], {"state": state})


@manager_required
@require_POST
def leave_out_problems(request: FleetRequest, pk: int) -> HttpResponse:
    """Leave out all rows that cannot be asked for as they are shown: their keys are in the form.

    What a colleague has mended since then stays.
    """
    batch = batch_or_404(request, pk)
    shown = set(request.POST.getlist("row"))
    wanted = [check for check in check_batch(batch) if check.is_wanted]
    keys = [
        check.row.pk for check in wanted if not check.will_be_asked and str(check.row.pk) in shown
    ]
    return _changed(request, batch, keys, {"state": BatchRow.State.LEFT_OUT})


@manager_required
@require_POST
def set_all(request: FleetRequest, pk: int) -> HttpResponse:
    """Set something for all rows that are to be asked for; what is left empty stays."""
    batch = batch_or_404(request, pk)
    drivers = list(current_drivers(request.fleet).order_by(*BY_NAME))
    form = AllForm(request.POST, drivers=drivers)
    if not form.is_valid():
        return show_draft(request, batch, all_form=form)
    data = form.cleaned_data
    changes: dict[str, Any] = {}
    if data["driver"]:
        changes["driver"] = form.by_key[data["driver"]]
    if data["reference"]:
        changes["reference"] = data["reference"]
    if data["chargers"] == AllForm.ANY:
        changes["evse"] = None
    wanted = [row for row in rows_of(batch) if row.state == BatchRow.State.PROPOSED]
    periods = form.periods(wanted)
    try:
        if periods:
            change_periods(batch, periods)
        if changes:
            change_rows(batch, None, **changes)
        if data["chargers"] == AllForm.ANEW:
            propose_anew(batch, now=timezone.now())
    except (BatchRefused, BookingRefused) as refusal:
        messages.error(request, refusal.message)
    return _after(request, batch)


@manager_required
@require_safe
def alternatives(request: FleetRequest, pk: int, row_pk: int) -> HttpResponse:
    """Show what else is free instead of a row that was not booked, in its place for htmx."""
    batch = batch_or_404(request, pk)
    outcome = next((each for each in outcomes_of(batch) if each.row.pk == row_pk), None)
    if outcome is None or not outcome.may_be_asked_again or outcome.slot is None:
        raise Http404
    row, slot = outcome.row, outcome.slot
    found = alternatives_for(
        Candidate(request.fleet, slot, row.driver, vehicle=row.vehicle), with_times=True
    )
    filled_in = {
        "driver": row.driver_id or "",
        "reference": row.reference,
        "vehicle": row.vehicle_id or "",
    }

    context = {
        "batch": batch,
        "row": row,
        "location": slot.location,
        "found": found,
        **choices_of(
            found,
            filled_in,
            payer=row.driver or payer_of(request.fleet),
            is_named=row.driver is not None,
            vehicle=row.vehicle,
        ),
    }
    whole = not request.htmx or request.htmx.history_restore_request
    name = "alternatives" if whole else "_alternatives"
    return render(request, f"batches/{name}.html", context)


def _row(batch: Batch, pk: int) -> BatchRow:
    rows = batch.rows.select_related("vehicle__usual_driver", "location")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def _changed(
    request: FleetRequest, batch: Batch, keys: list[int], changes: dict[str, Any]
) -> HttpResponse:
    try:
        change_rows(batch, keys, **changes)
    except (BatchRefused, BookingRefused) as refusal:
        messages.error(request, refusal.message)
    return _after(request, batch, focus=keys[0] if len(keys) == 1 else None)


def _after(request: FleetRequest, batch: Batch, *, focus: int | None = None) -> HttpResponse:
    """Answer with the table as it stands: to htmx at once, else on its page."""
    if request.htmx:
        return show_draft(request, batch_or_404(request, batch.pk), focus=focus)
    number = request.GET.get("page", "")
    query = f"?page={number}" if number.isascii() and number.isdecimal() else ""
    return redirect(f"{reverse('batches:table', args=[batch.pk])}{query}")
