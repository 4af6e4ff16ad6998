"""What pages of bookings show of their charger; nothing where nothing can be done or was."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import timezone

from bookings.models import Booking
from remote.rules import overruns
from remote.selectors import driver_panel_of, panel_of

register = template.Library()


@register.inclusion_tag("remote/_panel.html", takes_context=True)
def remote_panel(context: RequestContext, booking: Booking, *, while_near: bool) -> dict[str, Any]:
    """Show what a booking's charger may be told, or was.

    It stands at the head of a page until the booking's time is over, or while its charge goes on,
    and at the foot of it afterwards: `while_near` says which place this is.
    """
    request, now = context["request"], timezone.now()
    is_near = now < booking.end_at or overruns(booking, now=now)
    panel = None
    if is_near == while_near:
        may = request.membership.can_book
        panel = panel_of(booking, reader=request.user, may=may, now=now)
    return {"panel": panel, "booking": booking}


@register.inclusion_tag("remote/_panel.html")
def driver_remote_panel(booking: Booking, token: str) -> dict[str, Any]:
    """Show the same to the driver, where the fleet lets its drivers."""
    panel = driver_panel_of(booking, token=token, now=timezone.now())
    return {"panel": panel, "booking": booking, "is_drivers": True}
