"""What a driver may tell their charger, on the page that their link opens."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from bookings.models import Actor, Booking
from bookings.pages.driver_page.views import Page, driver_link
from remote.actions import ActionRefused, ask_charger
from remote.models import RemoteAction
from remote.pages.forms import ActForm
from remote.pages.manager import problem_of
from remote.selectors import driver_panel_of
from remote.wording import WORDS
from shell.secret_links import View


@require_safe
@driver_link
def panel(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Render what the charger was told, for the page that keeps up; no operator is asked."""
    found = driver_panel_of(booking, token=token, now=timezone.now())
    context = {"panel": found, "booking": booking, "is_drivers": True}
    return render(request, "remote/_panel.html", context)


def _action(kind: str) -> View:
    """Return the view that asks whether the driver means it, and tells the charger on POST."""

    def act(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
        if not booking.fleet.drivers_may_start:
            return redirect("driver-page:show", token)
        problem = ""
        form = ActForm(request.POST)
        if request.method == "POST" and form.is_valid():
            try:
                ask_charger(
                    booking,
                    kind=kind,
                    asked_by=Actor.DRIVER,
                    submission_key=form.cleaned_data["submission_key"],
                )
            except ActionRefused as refusal:
                problem = refusal.message
            else:
                return redirect("driver-page:show", token)
        problem = problem or problem_of(booking, kind)
        context = {
            "token": token,
            "booking": booking,
            "kind": kind,
            "words": WORDS[kind],
            "problem": problem,
            "submission_key": uuid.uuid4(),
        }
        status = 409 if problem else 200
        return render(request, "remote/driver_act.html", context, status=status)

    page: Page = act
    view: View = require_http_methods(["GET", "HEAD", "POST"])(driver_link(page))
    return view


start = _action(RemoteAction.Kind.START)
stop = _action(RemoteAction.Kind.STOP)
unlock = _action(RemoteAction.Kind.UNLOCK)
