"""The day of a site and the week of a charger: what is booked, what is free, now."""

from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from boards.day.board import Board, slot_params
from boards.day.reading import read_day
from boards.day.slot_form import TypedSlotForm
from drivers.permissions import FleetRequest, member_required, private_partner_ids
from drivers.shared_fragments import shared_fragment
from shell.formats import instant
from sites.facts import trouble_of
from sites.selectors import read_visible_evses, visible_evses, visible_location
from sites.slots.fit import fit_of
from sites.slots.limits import MINUTE
from sites.slots.picker.form import read_move
from sync.open_pages import poll_sooner

# By what a typed slot is told from a page that is merely opened.
TYPED = ("begin", "end")


@member_required
@require_safe
@shared_fragment
def site_day(request: FleetRequest, pk: int) -> HttpResponse:
    """Show the chargers of a site on a day; htmx gets the table alone.

    A slot that is typed leads on to the form for a booking, or back here with what is wrong.
    """
    board = _board(request, pk)
    typed = any(name in request.GET for name in TYPED)
    form = TypedSlotForm(
        request.GET if typed else None,
        evses=[evse for evse in board.evses if not board.closed_text(evse)],
        day=board.chosen.day,
        zone=board.location.zone,
        now=board.limits.now,
        misfits=board.fit.misfits if board.fit else {},
    )
    can_type = request.membership.can_book and not board.chosen.problem
    if typed and can_type and form.is_valid():
        form.check_free(board.known, board.bookings)
        if form.is_valid():
            return redirect(
                f"{reverse('bookings:new')}?{urlencode(_typed_params(request, board, form))}"
            )
    return _show(request, board, form=form)


@member_required
@require_safe
@shared_fragment
def charger_week(request: FleetRequest, pk: int, evse_pk: int) -> HttpResponse:
    """Show a charger's week from a day on; htmx gets the table alone."""
    return _show(request, _board(request, pk, evse_pk=evse_pk))


def _board(request: FleetRequest, pk: int, *, evse_pk: int | None = None) -> Board:
    now = timezone.now()
    partner_ids = private_partner_ids(request.fleet)
    location = visible_location(pk, partner_ids=partner_ids)
    if location is None:
        raise Http404
    evse = None
    if evse_pk is not None:
        evse = get_object_or_404(visible_evses(location, partner_ids=partner_ids), pk=evse_pk)
    shown = [evse] if evse else read_visible_evses(location, partner_ids=partner_ids)
    board = Board(
        request.fleet,
        location,
        read_day(request.GET, zone=location.zone, now=now),
        evses=shown if evse is None else (),
        evse=evse,
        fit=fit_of(request.GET, fleet_pk=request.fleet.pk, evses=shown),
        move=_move(request),
        now=now,
    )
    poll_sooner(board.bookings, now=now)
    return board


def _move(request: FleetRequest) -> str:
    return read_move(request.GET) if request.membership.can_book else ""


def _typed_params(request: FleetRequest, board: Board, form: TypedSlotForm) -> dict[str, str]:
    data = form.cleaned_data
    place = slot_params(form.chosen.charge_point.location, _move(request), board.fit)
    return place | {
        "evse": str(form.chosen.pk),
        "start": instant(data["start_at"]),
        "minutes": str((data["end_at"] - data["start_at"]) // MINUTE),
    }


def _show(
    request: FleetRequest, board: Board, *, form: TypedSlotForm | None = None
) -> HttpResponse:
    move = _move(request)
    closed = board.closed_text(board.evse) if board.evse else ""
    fit = board.fit
    kept = ({"move": move} if move else {}) | (dict(fit.params) if fit else {})
    is_fragment = bool(request.htmx) and not request.htmx.history_restore_request
    context = {
        "board": board,
        "location": board.location,
        "evse": board.evse,
        "closed": closed,
        "trouble": trouble_of(board.evse) if board.evse and not closed else "",
        "misfit": fit.misfits.get(board.evse.pk, "") if fit and board.evse else "",
        "form": form,
        "move": move,
        "move_query": "".join(f"&{name}={value}" for name, value in kept.items()),
        "kept": kept,
        "is_fragment": is_fragment,
    }
    page = "boards/day/week.html" if board.evse else "boards/day/day.html"
    response = render(request, "boards/day/_lanes.html" if is_fragment else page, context)
    patch_vary_headers(response, ["HX-Request"])
    return response
