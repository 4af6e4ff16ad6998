"""Pages that show bookings, and the fragments by which they keep up."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions.candidate import BookingRefused
from bookings.actions.create import dismiss_attention, restore_attention, seen_mark
from bookings.actions.on_site import can_take_another
from bookings.actions.vehicle import may_name_vehicle
from bookings.models import Booking, BookingEvent
from bookings.pages.forms import BookingListForm
from bookings.pages.history.banners import banners_of, wants_another_place
from bookings.pages.history.record import read_history
from bookings.pages.history.status import (
    answers_are_late,
    cancelled_by,
    driver_link,
    is_gone,
    look_again,
    moves_on,
    wants_alternatives,
)
from bookings.pages.history.timeline import history_lines
from bookings.pages.vehicles.drift import drift_banner
from bookings.selectors import (
    Cursor,
    booking_of,
    count_needing_attention,
    list_bookings,
    view_named,
)
from bookings.wording.starting import how_to_start
from calendars.entries import booking_calendar
from drivers.permissions import FleetRequest, manager_required, member_required
from drivers.shared_fragments import shared_fragment
from shell.viewer import viewer_zone
from sync.open_pages import poll_sooner

# Which booking somebody has taken off the list last, so that it can be put back.
DISMISSED_KEY = "dismissed_booking"


@member_required
@require_safe
@shared_fragment
def booking_list(request: FleetRequest) -> HttpResponse:
    """List the fleet's bookings; htmx asks for the rows alone, to keep them up to date."""
    zone = viewer_zone(request)
    view = view_named(request.GET.get("view", ""))
    form = BookingListForm(request.GET)
    form.is_valid()
    page = list_bookings(
        request.fleet,
        view=view,
        narrowed=form.narrowing(zone),
        cursor=Cursor.parse(request.GET.get("at", "")),
    )
    poll_sooner(page.bookings)
    context = {
        "view": view,
        "form": form,
        "page": page,
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "attention_count": count_needing_attention(request.fleet),
        "now": timezone.now(),
        "zone": zone,
    }
    whole = not request.htmx or request.htmx.history_restore_request
    template = "bookings/list.html" if whole else "bookings/_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    return render(request, "bookings/detail.html", _booking_context(request, pk))


@member_required
@require_safe
def status(request: FleetRequest, pk: int) -> HttpResponse:
    """Render a booking's state for a page that waits for it; the operator is not asked here."""
    context = _booking_context(request, pk)
    seen, booking = request.GET.get("seen"), context["booking"]
    context["is_news"] = seen is not None and seen != str(booking.version)
    return render(request, "bookings/history/_status_update.html", context)


@manager_required
@require_POST
def dismiss(request: FleetRequest, pk: int) -> HttpResponse:
    """Take a booking off the list of those that need attention, or with `undo` put it back."""
    booking = _booking(request, pk)
    if "undo" in request.POST:
        if request.session.get(DISMISSED_KEY) == pk:
            del request.session[DISMISSED_KEY]
            restore_attention(booking)
        return redirect("bookings:detail", pk=pk)
    try:
        was_done = dismiss_attention(
            booking,
            seen=request.POST.get("seen"),
            reader=request.user,  # type: ignore[arg-type]
        )
    except BookingRefused as refusal:
        # What happened since is perhaps what somebody should look at.
        messages.warning(request, refusal.message)
        return redirect("bookings:detail", pk=pk)
    if was_done:
        request.session[DISMISSED_KEY] = pk
        text = _("Booking %(number)d no longer needs attention.")
        messages.success(request, text % {"number": pk}, extra_tags=request.path)
    return redirect(f"{reverse('bookings:list')}?view=attention")


@member_required
@require_safe
def calendar(request: FleetRequest, pk: int) -> HttpResponse:
    """Give an approved booking as a calendar file."""
    booking = _booking(request, pk)
    if booking.ampeco_booking_id is None or not booking.holds_a_place:
        raise Http404
    return HttpResponse(
        booking_calendar(booking, for_driver=False),
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="booking-{booking.pk}.ics"'},
    )


def _booking(request: FleetRequest, pk: int) -> Booking:
    try:
        return booking_of(request.fleet, pk)
    except Booking.DoesNotExist:
        raise Http404 from None


def _booking_context(request: FleetRequest, pk: int) -> dict[str, Any]:
    booking = _booking(request, pk)
    record = read_history(booking)
    poll_sooner([booking])
    now = timezone.now()
    may_book = request.membership.can_book
    drift = drift_banner(booking, now=now)
    banners = [*banners_of(record, now=now), *([drift] if drift else [])]
    return {
        "booking": booking,
        "seen": seen_mark(booking, record.events),
        "location": booking.location,
        "booking_request": record.creation,
        "banners": banners,
        "cancelled_by": cancelled_by(record),
        "is_gone": is_gone(record),
        "session": record.session,
        "price_shown": record.price_shown,
        "timeline": history_lines(record),
        "can_change": may_book and booking.can_change(now),
        "can_name_vehicle": may_book and may_name_vehicle(booking),
        "can_cancel": may_book and booking.can_cancel(now),
        "can_book_again": may_book
        and booking.status == Booking.Status.CANCELLED
        and booking.evse is not None
        and booking.start_at > now,
        "can_change_end": may_book and booking.can_change_end(now),
        "wants_other_charger": may_book
        and can_take_another(booking, now)
        and any(banner.key == BookingEvent.What.CHARGER_REPORTED for banner in banners),
        "can_take_another": may_book and can_take_another(booking, now),
        "has_begun": booking.start_at <= now and booking.status != Booking.Status.REQUESTED,
        "moves_on": moves_on(record, now=now),
        "wants_another_place": may_book and wants_another_place(record, now=now),
        "wants_alternatives": may_book and wants_alternatives(record, now=now),
        "driver_link": driver_link(record, now=now),
        "answers_are_late": booking.is_undecided and answers_are_late(),
        "look_again": look_again(record, now=now),
        "follows_vehicle": booking.status in Booking.COMING and not booking.is_past(now),
        "starting": how_to_start(booking) if booking.holds_a_place else (),
        "viewer_zone": viewer_zone(request),
        "now": now,
    }
