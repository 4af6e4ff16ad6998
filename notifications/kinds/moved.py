"""The operator changed a booking by itself."""

from django.utils.translation import gettext as _

from bookings.models import Booking, BookingEvent
from bookings.wording.versions import AGREED_FACTS
from notifications.kinds import approved
from notifications.kinds.base import STANDS, DriverGets, Kind, MailKind, MailPlan, former_driver
from notifications.kinds.parts import Case, Letter, full_facts, since_then


class Moved(MailKind):
    kind = Kind.MOVED
    driver = DriverGets.ALWAYS
    true_at = STANDS
    only_theirs = True
    tells_charger = True
    brings_entry = True
    tells_driver = True

    def plan_for_event(self, plan: MailPlan, event: BookingEvent) -> None:
        booking, changes = plan.booking, event.changes
        old, new = changes.get("status", (booking.status, booking.status))
        # A charger that was not known before is no other one.
        moved = changes.get("evse", [None])[0] is not None or (AGREED_FACTS & changes.keys())
        # Once the driver charges, when that has to end is all that still matters.
        ends_otherwise = "end_at" in changes and new in Booking.GOES_AHEAD
        if (new in Booking.MAY_COME and (old in Booking.ENDED_EARLY or moved)) or (
            ends_otherwise and not booking.is_past(event.at)
        ):
            plan.add_managers(Kind.MOVED, booking.created_by)
            plan.add_driver(Kind.MOVED, booking.driver)
            plan.add_driver(Kind.CANCELLED, former_driver(event))
            plan.add_entry_holders(Kind.MOVED)

    def write(self, case: Case) -> Letter:
        if case.becomes_theirs:
            return approved.write(case)
        if case.for_driver:
            headline = _("The operator changed your charging booking")
            text = _(
                "The operator changed your booking at %(site)s. The new calendar entry is "
                "attached; it replaces the earlier one."
            )
        else:
            headline = _("The operator changed the booking")
            text = _(
                "The operator changed the booking for %(driver)s at %(site)s. The new calendar "
                "entry is attached; it replaces the earlier one."
            )
        return Letter(
            subject=_("Changed by the operator: %(what)s"),
            headline=headline,
            opening=[text % case.words, *stands_again(case), *since_then(case)],
            facts=full_facts(case, before=case.before),
            entry=True,
        )


def stands_again(case: Case) -> list[str]:
    """Return that a booking which the operator had ended is to take place after all."""
    told = case.event.changes.get("status") if case.event is not None else None
    if not told or told[0] in Booking.MAY_COME:
        return []
    ended = {"state": Booking.Status(told[0]).label}
    # Translators: %(state)s is a state such as “Cancelled”.
    return [_("The booking is valid again. Its previous status was “%(state)s”.") % ended]
