"""A booking's state as a badge, which is drawn once for all bookings in this state."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from bookings.models import Booking
from bookings.models.statuses import BOOKING_TRAITS
from bookings.wording.attention import risk_of
from shell.kept import kept_by_language

MOST_KEPT = 512


def badge_of(booking: Booking, words: str = "") -> SafeString:
    """Return a booking's state in words, colour and icon, and what is asked for about it.

    `words` is a class for the words, where there is no room for them.
    """
    ended = charged = False
    if booking.status == Booking.Status.COMPLETED:
        session = getattr(booking, "charging_session", None)
        ended = session is not None and session.has_ended
        charged = bool(session is not None and ended and session.energy_kwh)
    at_risk = bool(risk_of(booking))
    return _badge(booking.status, booking.open_change, ended, charged, at_risk, words)


@kept_by_language(MOST_KEPT)
def _badge(
    status: str, open_change: str, ended: bool, charged: bool, at_risk: bool, words: str
) -> SafeString:
    state = {
        "label": Booking.Status(status).label,
        "traits": BOOKING_TRAITS[status],
        "open_change": Booking.OpenChange(open_change).label if open_change else "",
        "ended": ended,
        "charged": charged,
        "at_risk": at_risk,
        "words": words,
    }
    return render_to_string("bookings/_status_badge.html", state)
