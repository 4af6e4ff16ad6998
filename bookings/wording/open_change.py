"""What is asked for about a booking, or what has become of it, for somebody who comes second."""

from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor, Booking, BookingEvent, BookingRequest
from shell.formats import period

OpenChange = Booking.OpenChange


def what_happened(booking: Booking, *, reader: User | None) -> str:
    """Return who has asked for what since the reader looked, or what the booking is now."""
    return what_is_asked(booking, reader=reader) or _(
        "This booking has changed since you opened the page. It is now: %(facts)s."
    ) % {"facts": facts_of(booking)}


def what_is_asked(booking: Booking, *, reader: User | None) -> str:
    """Return what is asked for and undecided, and by whom; nothing if nothing is."""
    match booking.open_change:
        case OpenChange.UPDATE:
            request = _open_request(booking)
            if request is None:
                return _("A change has been requested. The operator has not decided yet.")
            text = _(
                "Change requested by %(who)s: %(when)s, %(driver)s. "
                "The operator has not decided yet."
            )
            return text % {
                "who": _who(Actor(request.asked_by), request.created_by, reader),
                "when": period(request.start_at, request.end_at, booking.zone),
                "driver": request.driver.display_name,
            }
        case OpenChange.CANCEL if _is_moved(booking):
            return _("It has been moved to another place; its cancellation is on the way.")
        case OpenChange.CANCEL:
            request = _open_request(booking)
            asked_by = Actor(request.asked_by) if request else Actor.PORTAL
            text = _("Cancellation requested by %(who)s. The operator has not decided yet.")
            user = request.created_by if request else None
            return text % {"who": _who(asked_by, user, reader)}
        case OpenChange.MOVE:
            text = _(
                "Move to another place requested by %(who)s. The operator has not decided yet."
            )
            return text % {"who": _who_noted(booking, BookingEvent.What.MOVE_ASKED, reader)}
        case OpenChange.WITHDRAW:
            text = _(
                "Cancellation requested by %(who)s. It is cancelled as soon as the operator "
                "has decided."
            )
            return text % {"who": _who_noted(booking, BookingEvent.What.WITHDRAWAL_ASKED, reader)}
    return ""


def facts_of(booking: Booking) -> str:
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
    """Whether another booking has taken its place, so that nobody asked for its end as such."""
    return booking.replacements.filter(status__in=Booking.CONFIRMED).exists()


def _who_noted(booking: Booking, what: BookingEvent.What, reader: User | None) -> str:
    event = booking.events.filter(what=what).select_related("user").last()
    return _who(Actor(event.actor), event.user, reader) if event else _who(Actor.PORTAL, None, None)


def _who(actor: Actor, user: User | None, reader: User | None) -> str:
    if actor == Actor.MANAGER and user is not None:
        # Translators: as in “requested by you”.
        return _("you") if user == reader else user.display_name
    names = {
        Actor.MANAGER: _("a fleet manager"),
        Actor.STAFF: _("the operator’s staff"),
        Actor.DRIVER: _("the driver"),
        Actor.OPERATOR: _("the operator"),
        Actor.PORTAL: _("the portal"),
    }
    return names[actor]
