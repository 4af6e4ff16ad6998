"""What a fleet's people see of a booking's charger, and what its managers may tell it."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings.models import Actor, Booking
from bookings.pages.change import booking_or_404
from drivers.permissions import FleetRequest, manager_required, member_required
from remote.actions import ActionRefused, ask_charger
from remote.models import RemoteAction
from remote.pages.forms import ActForm
from remote.rights import forbidden_kinds
from remote.rules import why_not
from remote.selectors import panel_of
from remote.wording import WORDS
from shell.viewer import viewer_zone


@member_required
@require_safe
def panel(request: FleetRequest, pk: int) -> HttpResponse:
    """Render what a booking's charger was told, for a page that keeps up; no operator is asked.

    Empty once there is nothing to show, which takes the panel off the page.
    """
    booking = booking_or_404(request, pk)
    found = panel_of(
        booking,
        reader=request.user,  # type: ignore[arg-type]
        may=request.membership.can_book,
        now=timezone.now(),
    )
    return render(request, "remote/_panel.html", {"panel": found, "booking": booking})


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def act(request: FleetRequest, pk: int, kind: str) -> HttpResponse:
    """Ask whether somebody means it; on POST the charger is told, and the booking's page shows how.

    What cannot be done now is refused with the reason (409).
    """
    booking = booking_or_404(request, pk)
    form = ActForm(request.POST)
    if request.method == "POST" and form.is_valid():
        try:
            asked = ask_charger(
                booking,
                kind=kind,
                asked_by=Actor.MANAGER,
                user=request.user,  # type: ignore[arg-type]
                submission_key=form.cleaned_data["submission_key"],
            )
        except ActionRefused as refusal:
            return _show(request, booking, kind, problem=refusal.message)
        if not asked.is_new:
            messages.info(request, _("This is on its way already, so it was not sent again."))
        return redirect("bookings:detail", pk=pk)
    return _show(request, booking, kind, problem=problem_of(booking, kind))


def problem_of(booking: Booking, kind: str) -> str:
    """Return why nobody is asked whether they mean it; "" where it can be done."""
    if kind in forbidden_kinds():
        return str(RemoteAction.Reason.NOT_PERMITTED.label)
    return why_not(booking, kind, now=timezone.now())


def _show(request: FleetRequest, booking: Booking, kind: str, *, problem: str) -> HttpResponse:
    context = {
        "booking": booking,
        "location": booking.location,
        "viewer_zone": viewer_zone(request),
        "kind": kind,
        "words": WORDS[kind],
        "problem": problem,
        "submission_key": uuid.uuid4(),
    }
    return render(request, "remote/act.html", context, status=409 if problem else 200)
