"""A booking that was asked for is approved, or somebody else's is given to a driver."""

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models import BookingRequest as Request
from notifications.kinds.base import STANDS, DriverGets, Kind, MailKind, MailPlan
from notifications.kinds.parts import Case, Letter, full_facts, place_and_time, since_then


class Approved(MailKind):
    kind = Kind.APPROVED
    driver = DriverGets.IF_CHOSEN
    settles = Request.Kind.CREATE, {Request.Status.APPROVED}
    true_at = STANDS
    only_theirs = True
    tells_charger = True
    brings_entry = True
    tells_driver = True

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        if plan.booking.open_change == Booking.OpenChange.CANCEL:
            # Its cancellation goes out in the same moment, so nobody is to count on it.
            return
        super().plan_for_request(plan, request)
        plan.add_driver(Kind.APPROVED, request.driver)
        if plan.booking.replaces is not None:
            plan.add_entry_holders(Kind.APPROVED, of=plan.booking.replaces)

    def write(self, case: Case) -> Letter:
        return write(case)


def write(case: Case) -> Letter:
    if case.becomes_theirs:
        headline = _("A charging booking is now yours")
        text = _("The booking at %(site)s was given to you. The calendar entry is attached.")
    elif case.for_driver:
        headline = _("Your charging booking is approved")
        text = _(
            "The operator approved a booking for you at %(site)s. The calendar entry is attached."
        )
    else:
        headline = _("The booking is approved")
        text = _(
            "The operator approved the booking for %(driver)s at %(site)s. The calendar entry is "
            "attached."
        )
    return Letter(
        subject=_("Approved: %(what)s"),
        headline=headline,
        opening=[text % case.words, *replaced_booking(case), *since_then(case)],
        facts=full_facts(case),
        entry=True,
    )


def replaced_booking(case: Case) -> list[str]:
    """Return which booking this one replaces, in a mail to somebody who knows that one."""
    replaced = case.booking.replaces
    if replaced is None or (case.for_driver and replaced.driver != case.recipient):
        return []
    if replaced.status == Booking.Status.CANCELLED:
        text = _("It replaces another booking, which is cancelled: %(when)s, %(where)s.")
    elif replaced.open_change == Booking.OpenChange.CANCEL:
        text = _(
            "It replaces another booking, whose cancellation has been requested: %(when)s, "
            "%(where)s."
        )
    else:
        return []
    return [text % place_and_time(replaced)]
