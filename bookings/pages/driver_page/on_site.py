"""What a driver can do on their own page at the charger: report trouble, end or extend, move on."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings.actions.candidate import BookingRefused
from bookings.actions.on_site import ReportRefused, others_now, report_charger, take_another
from bookings.actions.running import ends_of, request_end
from bookings.models import Actor, Booking
from bookings.pages.driver_page.forms import ReportForm
from bookings.pages.driver_page.views import (
    driver_link,
    may_take_another,
    render_again,
    render_for_driver,
)
from bookings.pages.on_site.forms import AnotherForm, EndForm, end_form_again


@require_http_methods(["GET", "HEAD", "POST"])
@driver_link
def report(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Ask what is wrong at the charger, and tell the managers."""
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            report_charger(booking, **form.cleaned_data)
        except ReportRefused as refusal:
            return render_again(request, token, "report", form=form, problem=refusal.message)
        return redirect(
            "driver-page:other" if may_take_another(booking) else "driver-page:show", token
        )
    return render_for_driver(request, token, booking, "report", form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@driver_link
def end(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Ask for another end, where the fleet lets its drivers; else lead back to the booking."""
    now = timezone.now()
    if not (booking.fleet.drivers_may_change_end and booking.can_change_end(now)):
        return redirect("driver-page:show", token)
    ends = ends_of(booking, now=now)
    form = EndForm(request.POST if request.method == "POST" else None, booking=booking, ends=ends)
    if request.method == "POST" and form.is_valid():
        try:
            request_end(
                booking=booking,
                end_at=form.cleaned_data["end_at"],
                asked_by=Actor.DRIVER,
                driver=booking.driver,
                seen_version=form.cleaned_data["version"],
                submission_key=form.cleaned_data["submission_key"],
                now=now,
            )
        except BookingRefused as refusal:
            # Others tell who has what: the fleet's affair.
            problem = (
                refusal.message
                if refusal.field == "held"
                else _(
                    "This end cannot be had: the booking has changed, the charger is not free "
                    "then, or your fleet does not allow it. Nothing was sent."
                )
            )
            if refusal.field == "booking":
                booking.refresh_from_db()
                form, ends = end_form_again(request.POST, booking=booking, now=now)
            return render_again(request, token, "end", form=form, ends=ends, problem=problem)
        return redirect("driver-page:show", token)
    return render_for_driver(request, token, booking, "end", form=form, ends=ends)


@require_http_methods(["GET", "HEAD", "POST"])
@driver_link
def other(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Show which other chargers are free now; POST takes one, where the fleet lets its drivers."""
    if not may_take_another(booking):
        return redirect("driver-page:show", token)
    problem = ""
    if request.method == "POST":
        problem = _take(booking, AnotherForm(request.POST))
        if not problem:
            return redirect("driver-page:show", token)
        booking.refresh_from_db()
        if not may_take_another(booking):
            return render_again(request, token, "other", found=None, problem=problem)
    return render_for_driver(
        request,
        token,
        booking,
        "other",
        found=others_now(booking),
        problem=problem,
        action=request.path,
        submission_key=uuid.uuid4(),
        heading="h2",
        for_driver=True,
    )


def _take(booking: Booking, form: AnotherForm) -> str:
    """Ask for the charger; return why it was not, if so."""
    if not form.is_valid():
        return _("Please pick one of the chargers.")
    try:
        take_another(
            booking,
            evse_pk=form.cleaned_data["evse"],
            asked_by=Actor.DRIVER,
            user=booking.created_by,
            seen_version=form.cleaned_data["version"],
            submission_key=form.cleaned_data["submission_key"],
        )
    except BookingRefused as refusal:
        if refusal.field == "held":
            return refusal.message
        return _(
            "This charger cannot be had right now. Please pick another one, or call your fleet "
            "manager."
        )
    return ""
