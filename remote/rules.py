"""When a charger may be told what for a booking: while it runs, and at its own charger.

A charge that goes on when its booking's time is over may still be stopped; nothing else may begin.
"""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Booking, ChargingSession
from drivers.models import Driver
from drivers.permissions import current_drivers
from remote.models import RemoteAction

Kind = RemoteAction.Kind


def why_not(booking: Booking, kind: str, *, now: datetime) -> str:
    """Return in a sentence why a charger cannot be told this now; "" where it can.

    Asks no operator: reads what is mirrored of the charger, the charge and the driver.
    """
    problem = "" if kind == Kind.STOP and overruns(booking, now=now) else _why_not_now(booking, now)
    problem = problem or _why_not_there(booking)
    if problem:
        return problem
    match kind:
        case Kind.START:
            return _why_no_start(booking)
        case Kind.STOP:
            return "" if running_charge(booking) else _("No charge is running on this booking.")
    return "" if _can_be_unlocked(booking) else _("This charger cannot be unlocked from here.")


def running_charge(booking: Booking) -> ChargingSession | None:
    """Return the charge of a booking while it runs, as far as anybody knows."""
    session: ChargingSession | None = getattr(booking, "charging_session", None)
    return None if session is None or session.has_ended else session


def overruns(booking: Booking, *, now: datetime) -> bool:
    """Return whether a booking's charge goes on though its time is over.

    Of a charge that is no longer read nobody knows.
    """
    if booking.end_at > now or booking.status not in Booking.GOES_AHEAD:
        return False
    charge = running_charge(booking)
    return charge is not None and charge.refresh_at is not None


def kinds_for(booking: Booking, *, now: datetime) -> list[str]:
    """Return what its charger may be told now, in the order in which people want it."""
    return [kind for kind in Kind.values if not why_not(booking, kind, now=now)]


def _why_not_now(booking: Booking, now: datetime) -> str:
    if booking.start_at > now:
        return _("The booking has not begun yet.")
    if booking.end_at <= now:
        return _("The time of this booking is over.")
    return "" if booking.is_running(now) else _("This booking does not stand.")


def _why_not_there(booking: Booking) -> str:
    if booking.ampeco_booking_id is None or booking.evse is None:
        return _("The operator has not said yet which charger it is.")
    if booking.open_change in Booking.TO_BE_CANCELLED:
        return _("This booking is about to be cancelled.")
    if booking.open_change == Booking.OpenChange.MOVE:
        return _("This booking is about to be moved to another charger.")
    point = booking.evse.charge_point
    if booking.evse.retired_at or point.retired_at:
        return _("The operator no longer lists this charger.")
    if point.location_id != booking.location_id:
        return _("This charger has been moved to another site.")
    return ""


def _why_no_start(booking: Booking) -> str:
    if running_charge(booking):
        return _("A charge is running already.")
    if not booking.is_confirmed:
        return _("Charging has started on this booking before; it starts once.")
    theirs = current_drivers(booking.fleet).filter(
        pk=booking.driver_id, status=Driver.Status.ENABLED
    )
    if not theirs.exists():
        return _("The driver may no longer charge for this fleet.")
    return ""


def _can_be_unlocked(booking: Booking) -> bool:
    number = booking.evse.network_id if booking.evse else ""
    return number.isascii() and number.isdecimal()
