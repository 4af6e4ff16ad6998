"""A manager's pages about a booking that runs: its end, another charger, what is on record."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.actions.candidate import BookingRefused
from bookings.actions.on_site import can_take_another, others_now, take_another
from bookings.actions.running import Ends, ends_of, request_end, why_no_end
from bookings.models import Actor, Booking
from bookings.pages.change import booking_or_404
from bookings.pages.history.record import read_history
from bookings.pages.history.timeline import history_lines
from bookings.pages.on_site.forms import AnotherForm, EndForm, end_form_again
from drivers.permissions import FleetRequest, manager_required, member_required
from shell.kept_forms import typed
from shell.viewer import viewer_zone


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: FleetRequest, pk: int) -> HttpResponse:
    """Ask for another end of a booking that runs; one that does not is refused (409)."""
    booking = booking_or_404(request, pk)
    now = timezone.now()
    ends = ends_of(booking, now=now) if booking.can_change_end(now) else Ends((), ())
    form = EndForm(typed(request), booking=booking, ends=ends)
    if request.method == "POST" and form.is_valid():
        try:
            request_end(
                booking=booking,
                end_at=form.cleaned_data["end_at"],
                asked_by=Actor.MANAGER,
                user=request.user,  # type: ignore[arg-type]
                seen_version=form.cleaned_data["version"],
                submission_key=form.cleaned_data["submission_key"],
            )
        except BookingRefused as refusal:
            booking = booking_or_404(request, pk)
            if refusal.field == "booking" and booking.can_change_end(now):
                form, ends = end_form_again(request.POST, booking=booking, now=now)
            form.add_error("end_at" if refusal.field == "slot" else None, refusal.message)
        else:
            return redirect("bookings:detail", pk=pk)
    possible = booking.can_change_end(now)
    context = {
        "booking": booking,
        "location": booking.location,
        "form": form,
        "ends": ends,
        "reason": "" if possible else why_no_end(booking, reader=request.user, now=now),  # type: ignore[arg-type]
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/on_site/end.html", context, status=200 if possible else 409)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def other_charger(request: FleetRequest, pk: int) -> HttpResponse:
    """Show which other chargers are free for the rest of a booking; POST takes one of them."""
    booking = booking_or_404(request, pk)
    problem = ""
    if request.method == "POST":
        form = AnotherForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            try:
                submission = take_another(
                    booking,
                    evse_pk=data["evse"],
                    asked_by=Actor.MANAGER,
                    user=request.user,  # type: ignore[arg-type]
                    seen_version=data["version"],
                    submission_key=data["submission_key"],
                )
            except BookingRefused as refusal:
                problem = refusal.message
            else:
                return redirect("bookings:detail", pk=submission.request.booking_id)
        else:
            problem = _("Please pick one of the chargers.")
        booking = booking_or_404(request, pk)
    return _show_others(request, booking, problem=problem)


def _show_others(request: FleetRequest, booking: Booking, *, problem: str) -> HttpResponse:
    now = timezone.now()
    possible = can_take_another(booking, now)
    whole = not request.htmx or request.htmx.history_restore_request
    context = {
        "booking": booking,
        "location": booking.location,
        "found": others_now(booking, now=now) if possible else None,
        "problem": problem,
        "action": request.path,
        "submission_key": uuid.uuid4(),
        "viewer_zone": viewer_zone(request),
        "heading": "h2" if whole else "h3",
    }
    name = "other_charger" if whole else "_other_chargers"
    response = render(request, f"bookings/on_site/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@member_required
@require_safe
def evidence(request: FleetRequest, pk: int) -> HttpResponse:
    """Show on one page, made for paper, all that is known of how a booking went on site."""
    booking = booking_or_404(request, pk)
    record = read_history(booking)
    context = {
        "booking": booking,
        "location": booking.location,
        "booking_request": record.creation,
        "session": record.session,
        "late": record.late_messages,
        "reports": record.reports_in_order,
        "timeline": history_lines(record),
        "viewer_zone": viewer_zone(request),
        "zone": viewer_zone(request),
        "now": timezone.now(),
    }
    return render(request, "bookings/on_site/evidence.html", context)
