"""The page on which a booking is moved to another place: where to, is the question here."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.pages.change import booking_or_404, refused
from drivers.permissions import FleetRequest, manager_required
from shell.viewer import viewer_zone


@manager_required
@require_safe
def move(request: FleetRequest, pk: int) -> HttpResponse:
    """Offer other chargers and sites for a booking, and the way to any other slot.

    Nothing is asked upstream here: what is free follows by itself. A booking that may not be moved
    is refused with the reason (409).
    """
    booking = booking_or_404(request, pk)
    if not booking.can_change():
        return refused(request, booking)
    context = {
        "booking": booking,
        "location": booking.location,
        "viewer_zone": viewer_zone(request),
    }
    return render(request, "bookings/alternatives/move.html", context)
