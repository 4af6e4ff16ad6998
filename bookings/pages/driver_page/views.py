"""The driver's own page about one booking, opened by the link in their mails.

Whoever holds the link needs no account. Reading never changes anything, not even when the next
poll is due: mail scanners follow links.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import language_for
from bookings.actions.candidate import BookingRefused
from bookings.actions.change import request_cancellation
from bookings.actions.driver import (
    LateRefused,
    can_say_late,
    last_late_message,
    revoke_links,
    say_running_late,
)
from bookings.actions.on_site import can_report, can_take_another, reports_of
from bookings.models import Actor, Booking, BookingRequest
from bookings.models.booking import booking_of_link, driver_page_url
from bookings.pages.driver_page.forms import LateForm
from bookings.pages.forms import CancelForm
from bookings.selectors import latest_request
from bookings.wording import facts
from bookings.wording.facts import Fact, one_line
from bookings.wording.starting import how_to_start
from calendars.entries import booking_calendar
from drivers.permissions import FleetRequest, manager_required
from shell.secret_links import View, nothing_here, secret_link

Page = Callable[[HttpRequest, str, Booking], HttpResponse]


def driver_link(page: Page) -> View:
    """Open a page to the driver whose link it is, in their language; say nothing to others."""

    @secret_link
    @wraps(page)
    def inner(request: HttpRequest, secret: str) -> HttpResponse:
        booking = booking_of_link(secret)
        if booking is None:
            return nothing_here(request)
        with translation.override(language_for(booking.driver.locale)):
            response = page(request, secret, booking)
            response["Content-Language"] = translation.get_language()
        return response

    return inner


@require_safe
@driver_link
def show(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Show the booking; htmx asks for what can change alone, while something is undecided."""
    whole = not request.htmx or request.htmx.history_restore_request  # type: ignore[attr-defined]
    response = render_for_driver(request, token, booking, "show" if whole else "_booking")
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_safe
@driver_link
def calendar(_request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Give a confirmed booking as a calendar file; what is none yet, or none any more, is shown."""
    if not booking.is_confirmed:
        return redirect("driver-page:show", token)
    return HttpResponse(
        booking_calendar(booking, for_driver=True),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="booking.ics"'},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@driver_link
def cancel(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Ask whether the driver means it, and ask for the cancellation once they say so."""
    problem = _why_not_cancelled(booking)
    if request.method == "POST" and not problem:
        form = CancelForm(request.POST)
        seen = form.cleaned_data["version"] if form.is_valid() else None
        problem = _has_changed() if seen != booking.version else _ask_to_cancel(booking)
        if not problem:
            return redirect("driver-page:show", token)
        return render_again(request, token, "cancel", problem=problem)
    return render_for_driver(request, token, booking, "cancel", problem=problem)


@require_http_methods(["GET", "HEAD", "POST"])
@driver_link
def late(request: HttpRequest, token: str, booking: Booking) -> HttpResponse:
    """Ask how late the driver will be, and tell the managers."""
    form = LateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            say_running_late(booking, **form.cleaned_data)
        except LateRefused as refusal:
            return render_again(request, token, "late", form=form, problem=refusal.message)
        return redirect("driver-page:show", token)
    return render_for_driver(request, token, booking, "late", form=form)


@manager_required
@require_POST
def revoke_link(request: FleetRequest, pk: int) -> HttpResponse:
    """Let the links to the driver's page of a booking lead nowhere; for a manager."""
    try:
        done = revoke_links(fleet=request.fleet, pk=pk, user=request.user)  # type: ignore[arg-type]
    except Booking.DoesNotExist:
        raise Http404 from None
    if done:
        messages.success(
            request,
            _("The driver's link no longer works. The next e-mail will contain a new one."),
        )
    else:
        messages.error(request, _("Something went wrong. Please try again."))
    return redirect("bookings:detail", pk)


def _ask_to_cancel(booking: Booking) -> str:
    """Ask for the cancellation; return why it was not, if so."""
    try:
        request_cancellation(
            booking=booking,
            asked_by=Actor.DRIVER,
            driver=booking.driver,
            seen_version=booking.version,
        )
    except BookingRefused as refusal:
        # Others tell who did what meanwhile: the fleet's affair. The page shows what counts.
        return refusal.message if refusal.field == "held" else _has_changed()
    return ""


def _has_changed() -> str:
    return _("This booking has changed since you opened the page. Please look at it again.")


def render_again(request: HttpRequest, token: str, template: str, **more: object) -> HttpResponse:
    booking = booking_of_link(token)
    if booking is None:
        return nothing_here(request)
    return render_for_driver(request, token, booking, template, **more)


def render_for_driver(
    request: HttpRequest, token: str, booking: Booking, template: str, **more: object
) -> HttpResponse:
    context = {
        "token": token,
        "booking": booking,
        "facts": _facts(booking),
        "can_cancel": booking.can_cancel(),
        "can_say_late": can_say_late(booking),
        "can_report": can_report(booking),
        "can_change_end": booking.fleet.drivers_may_change_end and booking.can_change_end(),
        "look_every": _look_every(booking),
        "last_report": reports_of(booking).last(),
        "may_take_another": may_take_another(booking),
        "refused_end": _refused_end(booking),
        "moved_to": _moved_to(booking),
        "late_message": last_late_message(booking),
        "refused_cancellation": _refused_cancellation(booking),
        **more,
    }
    return render(request, f"bookings/driver_page/{template}.html", context)


def _look_every(booking: Booking) -> str:
    """Return how often the page looks again; "" where nothing is to change any more."""
    if booking.is_in_motion:
        return "3s"
    if booking.fleet.drivers_may_start and booking.is_running():
        # They let the charge begin and end from here.
        return "10s"
    return "60s" if booking.is_confirmed and not booking.is_past() else ""


def _facts(booking: Booking) -> list[Fact]:
    told = [facts.when(booking), facts.where(booking.location)]
    if booking.evse is not None:
        told.append(facts.charger(booking.evse))
    elif booking.holds_a_place:
        told.append(
            Fact(
                _("Charger"),
                (_("The operator assigns the charger. It appears here as soon as it is known."),),
            )
        )
    if booking.vehicle is not None:
        told.append(Fact(_("Vehicle"), (one_line(booking.vehicle.name),)))
    told += facts.getting_in(booking)
    if booking.holds_a_place and (lines := tuple(map(one_line, how_to_start(booking)))):
        told.append(Fact(_("How do I start?"), lines))
    if booking.reference:
        told.append(Fact(_("Reference"), (one_line(booking.reference),)))
    asked = booking.created_by
    # A manager without a name is known by an e-mail, which is nobody else's to read.
    names = [asked.name if asked else "", booking.fleet.name]
    told.append(Fact(_("Booked by"), (", ".join(one_line(name) for name in names if name),)))
    return told


def _why_not_cancelled(booking: Booking) -> str:
    """Return why a booking cannot be cancelled now, for the driver; nothing if it can."""
    if booking.can_cancel():
        return ""
    if booking.open_change in Booking.TO_BE_CANCELLED:
        return _("This has already been requested. There is nothing more to do.")
    if booking.status == Booking.Status.CANCELLED:
        return _("This booking is already cancelled. There is nothing more to do.")
    if booking.open_change:
        return _(
            "The operator is still deciding on a change to this booking. Please try again "
            "after that."
        )
    return _("This booking can no longer be cancelled.")


def may_take_another(booking: Booking) -> bool:
    """Whether the driver may take another charger by themselves: once they have said why."""
    return (
        booking.fleet.drivers_may_move
        and can_take_another(booking)
        and reports_of(booking).exists()
    )


def _refused_end(booking: Booking) -> BookingRequest | None:
    """Return the driver's own request for another end that came to nothing, while that matters."""
    if booking.open_change or not booking.is_running():
        return None
    request = latest_request(booking)
    if request is None or request.kind != BookingRequest.Kind.UPDATE:
        return None
    return request if request.is_refused and request.asked_by == Actor.DRIVER else None


def _moved_to(booking: Booking) -> str:
    """Return the address of the page of what replaces the booking, if the driver has that."""
    others = booking.replacements.filter(driver=booking.driver_id).exclude(
        status__in=Booking.NOT_IN_CALENDARS
    )
    other = others.order_by("-pk").first()
    return driver_page_url(other, booking.driver) if other else ""


def _refused_cancellation(booking: Booking) -> BookingRequest | None:
    if not booking.is_confirmed or booking.open_change:
        return None
    request = latest_request(booking)
    if request is None or request.kind != BookingRequest.Kind.CANCEL:
        return None
    return request if request.is_refused else None
