"""The day of a site and the week of a charger: what is booked, what is free, now."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from bookings.boards.day.reading import horizon_text, read_day, stretch_of, week_from
from bookings.boards.day.slot_form import TypedSlotForm
from bookings.boards.day.table import (
    Table,
    closed_text,
    day_table,
    slot_params,
    turn_day,
    turn_week,
    week_table,
)
from bookings.sync.open_pages import poll_sooner
from drivers.permissions import FleetRequest, member_required
from drivers.selectors import private_partner_ids
from shell.formats import instant
from sites.selectors import visible_evses, visible_locations
from sites.slots.picker.form import last_instant, read_move
from sites.slots.picker.parts import MINUTE, Clock, short_day
from sites.slots.picker.texts import clock_change_text

# By what a typed slot is told from a page that is merely opened.
TYPED = ("begin", "end")


@member_required
@require_safe
def site_day(request: FleetRequest, pk: int) -> HttpResponse:
    """Show the chargers of a site on a day; htmx gets the table alone.

    A slot that is typed leads on to the form for a booking, or back here with what is wrong.
    """
    now = timezone.now()
    partner_ids = private_partner_ids(request.fleet)
    location = get_object_or_404(visible_locations(partner_ids=partner_ids), pk=pk)
    evses = list(visible_evses(location, partner_ids=partner_ids))
    chosen = read_day(request.GET, zone=location.zone, now=now)
    move = read_move(request.GET) if request.membership.can_book else ""
    table = day_table(
        fleet=request.fleet, location=location, evses=evses, day=chosen.day, move=move, now=now
    )
    poll_sooner(table.bookings, now=now)
    typed = any(name in request.GET for name in TYPED)
    form = TypedSlotForm(
        request.GET if typed else None,
        evses=[evse for evse in evses if not closed_text(evse)],
        day=chosen.day,
        zone=location.zone,
        now=now,
    )
    can_type = request.membership.can_book and not chosen.problem
    if typed and can_type and form.is_valid():
        form.check_free(table.known, table.bookings)
    if typed and can_type and form.is_valid():
        return redirect(f"{reverse('bookings:new')}?{urlencode(typed_params(form, move))}")
    days = stretch_of([chosen.day], location.zone)
    context = {
        "location": location,
        "table": table,
        "turn": turn_day(chosen.day, today=chosen.today),
        "problem": chosen.problem,
        "horizon": horizon_text(days, now=now),
        "is_past": chosen.day < chosen.today,
        "in_picker": chosen.today <= chosen.day and days.start_at < last_instant(now),
        "clock_change": clock_change_text(chosen.day, zone=location.zone),
        "zone_text": Clock(location.zone).zone_text(days.start_at),
        "move": move,
        "move_query": f"&move={move}" if move else "",
        "form": form,
        "day_says": short_day(chosen.day),
    }
    return _answer(request, context, page="bookings/boards/day.html")


def typed_params(form: TypedSlotForm, move: str) -> dict[str, str]:
    """Return the query of the form for a booking of what was typed."""
    data = form.cleaned_data
    start_at, end_at = data["start_at"], data["end_at"]
    return slot_params(form.chosen.charge_point.location, move) | {
        "evse": str(form.chosen.pk),
        "start": instant(start_at),
        "minutes": str((end_at - start_at) // MINUTE),
    }


@member_required
@require_safe
def charger_week(request: FleetRequest, pk: int, evse_pk: int) -> HttpResponse:
    """Show a charger's week from a day on; htmx gets the table alone."""
    now = timezone.now()
    partner_ids = private_partner_ids(request.fleet)
    location = get_object_or_404(visible_locations(partner_ids=partner_ids), pk=pk)
    evses = visible_evses(location, partner_ids=partner_ids)
    evse = evses.filter(pk=evse_pk).first()
    if evse is None:
        raise Http404
    chosen = read_day(request.GET, zone=location.zone, now=now)
    move = read_move(request.GET) if request.membership.can_book else ""
    table: Table = week_table(
        fleet=request.fleet, location=location, evse=evse, day=chosen.day, move=move, now=now
    )
    poll_sooner(table.bookings, now=now)
    days = stretch_of(week_from(chosen.day), location.zone)
    context = {
        "location": location,
        "evse": evse,
        "closed": closed_text(evse),
        "table": table,
        "turn": turn_week(chosen.day, today=chosen.today),
        "problem": chosen.problem,
        "horizon": horizon_text(days, now=now),
        "is_past": days.end_at <= now,
        "zone_text": Clock(location.zone).zone_text(days.start_at),
        "move": move,
        "move_query": f"&move={move}" if move else "",
    }
    return _answer(request, context, page="bookings/boards/week.html")


def _answer(request: FleetRequest, context: dict[str, Any], *, page: str) -> HttpResponse:
    """Render the page, or for htmx the table in it."""
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    template = "bookings/boards/_lanes.html" if is_fragment else page
    response = render(request, template, context | {"is_fragment": is_fragment})
    patch_vary_headers(response, ["HX-Request"])
    return response
