"""A booking's state as a badge, which is drawn once for all bookings in this state."""

from typing import TypeAlias

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from bookings.models import Booking
from bookings.models.statuses import BOOKING_TRAITS
from bookings.wording.attention import risk_of
from shell.kept import kept_by_language

MOST_KEPT = 512


# What tells badges apart: status, open change, whether charging has ended, whether it has charged,
# whether its charger does not work.
Facts: TypeAlias = tuple[str, str, bool, bool, bool]


def badge_of(booking: Booking, words: str = "") -> SafeString:
    """Return a booking's state in words, colour and icon, and what is asked for about it.

    `words` is a class for the words, where there is no room for them.
    """
    return badge_with(badge_facts(booking), words)


def badge_facts(booking: Booking) -> Facts:
    ended = charged = False
    if booking.status == Booking.Status.COMPLETED:
        session = getattr(booking, "charging_session", None)
        ended = session is not None and session.has_ended
        charged = bool(session is not None and ended and session.energy_kwh)
    return booking.status, booking.open_change, ended, charged, bool(risk_of(booking))


@kept_by_language(MOST_KEPT)
def badge_with(facts: Facts, words: str = "") -> SafeString:
    """Return the badge of a booking that these facts are about."""
    status, open_change, ended, charged, at_risk = facts
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
