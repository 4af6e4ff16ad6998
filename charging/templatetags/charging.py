"""What pages show of sessions and cost centres, on those of other rooms too."""

from datetime import timedelta
from typing import Any

from django import template
from django.template import RequestContext
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from bookings.models import Booking
from charging.models import CostCentre, Session
from charging.pages import words
from charging.selectors.cost_centres import cost_centre_coded, current_cost_centres
from shell.formats import between_clocks, in_zone, period
from shell.templatetags.portal import icon
from vehicles.models import Vehicle

register = template.Library()
register.filter("trimmed_number", words.trimmed)

LOOKS = {
    Session.Payment.OPEN: ("state--quiet", "hourglass"),
    Session.Payment.PENDING: ("state--info", "clock"),
    Session.Payment.PAID: ("state--good", "circle-check"),
    Session.Payment.PARTLY: ("state--waiting", "alert-circle"),
    Session.Payment.FAILED: ("state--bad", "alert-triangle"),
    Session.Payment.REFUNDED: ("state--quiet", "arrow-back-up"),
    Session.Payment.FREE: ("state--quiet", "check"),
}


@register.simple_tag
def session_when(session: Session) -> str:
    """Write when it was on the clock of its site, or in UTC without one."""
    zone = session.location.zone if session.location else "UTC"
    if session.stopped_at:
        return period(session.started_at, session.stopped_at, zone)
    return _("Since %(start)s") % {"start": in_zone(session.started_at, zone)}


@register.filter
def session_length(session: Session) -> timedelta:
    """Return how long it took, or has taken by now."""
    stopped_at = session.stopped_at or max(timezone.now(), session.started_at)
    return between_clocks(session.started_at, stopped_at)


@register.filter
def goes_on(session: Session) -> bool:
    return not session.has_ended


@register.simple_tag
def payment_badge(session: Session) -> SafeString:
    """Draw whether it is paid."""
    payment = Session.Payment(session.payment)
    css, name = LOOKS[payment]
    return format_html('<span class="state {}">{}{}</span>', css, icon(name), payment.label)


@register.simple_tag
def sessions_of_booking(booking: Booking) -> list[Session]:
    """Return the sessions of a booking: usually one, which may go on in another."""
    of_fleet = booking.sessions.filter(fleet=booking.fleet_id)
    return list(of_fleet.select_related("location").order_by("started_at", "pk"))


@register.simple_tag(takes_context=True)
def cost_centres(context: RequestContext) -> list[CostCentre]:
    """Return the fleet's cost centres that can be picked."""
    return list(current_cost_centres(context["request"].fleet))


@register.inclusion_tag("charging/_cost_centre_of_vehicle.html", takes_context=True)
def cost_centre_of(context: RequestContext, vehicle: Vehicle) -> dict[str, Any]:
    """Show the cost centre whose code a vehicle has."""
    request = context["request"]
    return {
        "code": vehicle.cost_centre,
        "centre": cost_centre_coded(request.fleet, vehicle.cost_centre),
        "may_add": request.membership.can_book,
    }
