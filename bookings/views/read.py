"""Pages that show bookings, and the fragments by which they keep up."""

from datetime import datetime, timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts.viewer import viewer_zone
from bookings.calendar import booking_calendar
from bookings.forms import BookingListForm
from bookings.models import Booking, Notification
from bookings.selectors import (
    Cursor,
    booking_of,
    count_needing_attention,
    history_of,
    latest_request,
    list_bookings,
    view_named,
)
from bookings.services import dismiss_attention, watch
from drivers.permissions import FleetRequest, manager_required, member_required


@member_required
@require_safe
def booking_list(request: FleetRequest) -> HttpResponse:
    """List the fleet's bookings; htmx asks for the rows alone, to keep them up to date."""
    view = view_named(request.GET.get("view", ""))
    form = BookingListForm(request.GET)
    form.is_valid()
    page = list_bookings(
        request.fleet,
        view=view,
        narrowed=form.narrowing(viewer_zone(request)),
        cursor=Cursor.parse(request.GET.get("at", "")),
    )
    watch(page.bookings)
    context = {
        "view": view,
        "form": form,
        "page": page,
        "is_narrowed": any(request.GET.get(name) for name in form.fields),
        "attention_count": count_needing_attention(request.fleet),
        "now": timezone.now(),
    }
    whole = not request.htmx or request.htmx.history_restore_request
    template = "bookings/list.html" if whole else "bookings/_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@member_required
@require_safe
def detail(request: FleetRequest, pk: int) -> HttpResponse:
    """Show one booking with its history and what was sent about it."""
    return render(request, "bookings/detail.html", _booking_context(request, pk))


@member_required
@require_safe
def status(request: FleetRequest, pk: int) -> HttpResponse:
    """Render a booking's state for a page that waits for it; the operator is not asked here."""
    return render(request, "bookings/_status.html", _booking_context(request, pk))


@manager_required
@require_POST
def dismiss(request: FleetRequest, pk: int) -> HttpResponse:
    """Take a booking off the list of those that need attention."""
    dismiss_attention(_booking(request, pk))
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


def _booking_context(request: FleetRequest, pk: int) -> dict[str, object]:
    booking = _booking(request, pk)
    booking_request = latest_request(booking)
    watch([booking])
    notifications = list(booking.notifications.order_by("created_at", "pk"))
    now = timezone.now()
    return {
        "booking": booking,
        "location": booking.location,
        "booking_request": booking_request,
        "history": history_of(booking),
        "notifications": notifications,
        "keeps_up": booking.is_in_motion or _mails_are_leaving(notifications, now=now),
        "viewer_zone": viewer_zone(request),
        "now": now,
    }


def _mails_are_leaving(notifications: list[Notification], *, now: datetime) -> bool:
    """Return whether a mail was planned just now and will show as sent in a moment."""
    return any(
        notification.state == Notification.State.QUEUED
        and notification.created_at > now - timedelta(minutes=1)
        for notification in notifications
    )
