"""The pages that ask for cancellations, of one booking or of several together."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from bookings.actions.candidate import BookingRefused
from bookings.actions.change import Cancellation, cancel_together, request_cancellation
from bookings.models import Actor, Booking
from bookings.pages.cancelled_together import (
    MOST_TOGETHER,
    chosen_keys,
    note_refusals,
    outcomes_of,
    seen_versions,
)
from bookings.pages.change import booking_or_404, refused
from bookings.pages.forms import CancelForm
from bookings.pages.history.status import answers_are_late
from bookings.selectors import bookings_named
from drivers.permissions import FleetRequest, manager_required
from shell.viewer import viewer_zone
from sync.open_pages import poll_sooner


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: FleetRequest, pk: int) -> HttpResponse:
    """Say what cancelling a booking means; on POST ask for it and show the booking's page.

    A booking that may not be cancelled is refused with the reason (409).
    """
    booking = booking_or_404(request, pk)
    if not booking.can_cancel():
        return refused(request, booking, to_cancel=True)
    form = CancelForm(request.POST)
    if request.method != "POST" or not form.is_valid():
        return _show(request, booking)
    try:
        cancellation = request_cancellation(
            booking=booking,
            asked_by=Actor.MANAGER,
            user=request.user,  # type: ignore[arg-type]
            seen_version=form.cleaned_data["version"],
        )
    except BookingRefused as refusal:
        booking = booking_or_404(request, pk)
        if not booking.can_cancel():
            return refused(request, booking, to_cancel=True)
        return _show(request, booking, problem=refusal.message)
    messages.success(request, _told(cancellation))
    return redirect("bookings:detail", pk=pk)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_many(request: FleetRequest) -> HttpResponse:
    """Show the bookings that were ticked; on POST ask for the cancellation of each as it was shown.

    Bookings of other fleets are simply not there; of very many, the first ones count. A form that
    does not tell which versions somebody looked at is shown again.
    """
    given = request.POST if request.method == "POST" else request.GET
    keys, too_many = chosen_keys(given.getlist("booking"))
    bookings = bookings_named(request.fleet, keys)
    if not bookings:
        messages.info(request, _("Please select the bookings you want to cancel."))
        return redirect("bookings:list")
    now = timezone.now()
    seen = seen_versions(request.POST.getlist("seen"))
    if seen:
        together = cancel_together(
            fleet=request.fleet,
            user=request.user,  # type: ignore[arg-type]
            bookings=bookings,
            seen=seen,
        )
        note_refusals(request.session, together, asked_at=now)
        return redirect("bookings:cancelled_together", batch=together.batch)
    context = {
        "bookings": bookings,
        "cancellable": [booking for booking in bookings if booking.can_cancel(now)],
        "now": now,
        "too_many": _too_many() if too_many else "",
    }
    return render(request, "bookings/cancel/many.html", context)


@manager_required
@require_safe
def cancelled_together(request: FleetRequest, batch: uuid.UUID) -> HttpResponse:
    """Show what becomes of bookings that were cancelled together; htmx asks for it again."""
    outcomes = outcomes_of(request.fleet, batch, session=request.session)
    if not outcomes:
        raise Http404
    poll_sooner(outcome.booking for outcome in outcomes)
    undecided = any(outcome.booking.is_undecided for outcome in outcomes)
    context = {
        "batch": batch,
        "outcomes": outcomes,
        "cancelled": sum(outcome.is_cancelled for outcome in outcomes),
        "waiting": sum(outcome.is_waiting for outcome in outcomes),
        "undecided": undecided,
        "answers_are_late": undecided and answers_are_late(),
        "left_out": [outcome.booking for outcome in outcomes if outcome.may_be_asked_again],
        "now": timezone.now(),
    }
    whole = not request.htmx or request.htmx.history_restore_request
    name = "cancelled_together" if whole else "_cancelled_together"
    response = render(request, f"bookings/cancel/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _show(request: FleetRequest, booking: Booking, *, problem: str = "") -> HttpResponse:
    context = {
        "booking": booking,
        "location": booking.location,
        "problem": problem,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/cancel/cancel.html", context)


def _told(cancellation: Cancellation) -> str:
    if cancellation.outcome == "withdrawn":
        return _("The request was withdrawn before it reached the operator. Nothing is booked.")
    if cancellation.outcome == "will-be-cancelled":
        return _(
            "The operator has not decided on this booking yet. If it is approved, the portal "
            "will request its cancellation at once."
        )
    return _("Cancellation requested. Until the operator decides, the booking remains valid.")


def _too_many() -> str:
    return ngettext(
        "You can cancel at most %(count)d booking at once. The others were left out.",
        "You can cancel at most %(count)d bookings at once. The others were left out.",
        MOST_TOGETHER,
    ) % {"count": MOST_TOGETHER}
