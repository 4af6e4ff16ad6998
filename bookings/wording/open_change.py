"""What is asked for about a booking, or what has become of it, for somebody who comes second."""

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingRequest
from bookings.wording.history import OCCURRENCES, OPENED_BY, who_did
from shell.formats import period

OpenChange = Booking.OpenChange


def describe_changes(booking: Booking, *, reader: User | None) -> str:
    return describe_open_change(booking, reader=reader) or _(
        "This booking has changed since you opened the page. It is now: %(facts)s."
    ) % {"facts": describe(booking)}


def describe_open_change(booking: Booking, *, reader: User | None) -> str:
    """Return the open change, and who asked for it; nothing if nothing is."""
    change = booking.open_change
    if not change:
        return ""
    words = {"who": who_did(Actor.PORTAL)}
    if change in {OpenChange.MOVE, OpenChange.WITHDRAW}:
        event = booking.events.filter(what=OPENED_BY[change]).select_related("user").last()
        if event is not None:
            words["who"] = who_did(event.actor, event.user, reader=reader)
    elif change == OpenChange.CANCEL and _is_moved(booking):
        return str(OCCURRENCES["replaced"].answer)
    elif request := _open_request(booking):
        words |= {
            "who": who_did(request.asked_by, request.created_by, reader=reader),
            "when": str(period(request.start_at, request.end_at, booking.zone)),
            "driver": request.driver.display_name,
        }
    elif change == OpenChange.UPDATE:
        return _("A change has been requested. The operator has not decided yet.")
    return str(OCCURRENCES[OPENED_BY[change]].answer) % words


def describe(booking: Booking) -> str:
    """Return when, where, for whom and how a booking stands, in one line."""
    return _("%(when)s, %(where)s, %(driver)s – %(status)s") % {
        "when": period(booking.start_at, booking.end_at, booking.zone),
        "where": booking.location.name,
        "driver": booking.driver.display_name,
        "status": booking.get_status_display(),
    }


def _open_request(booking: Booking) -> BookingRequest | None:
    return (
        booking.requests.exclude(status__in=BookingRequest.SETTLED)
        .select_related("driver", "created_by")
        .first()
    )


def _is_moved(booking: Booking) -> bool:
    return booking.replacements.filter(status__in=Booking.CONFIRMED).exists()
