"""A change that was asked for is made."""

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.models import BookingRequest as Request
from notifications.kinds import approved
from notifications.kinds.base import STANDS, DriverGets, Kind, MailKind, MailPlan
from notifications.kinds.parts import Case, Letter, asked_by_manager, full_facts, since_then


class Changed(MailKind):
    kind = Kind.CHANGED
    driver = DriverGets.IF_CHOSEN
    settles = Request.Kind.UPDATE, {Request.Status.APPROVED}
    true_at = STANDS
    only_theirs = True
    tells_charger = True
    brings_entry = True
    tells_driver = True

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        booking = plan.booking
        ends_otherwise = request.asks_for_end_only and booking.status in Booking.GOES_AHEAD
        if not (booking.holds_a_place or ends_otherwise):
            # It ended before the approval was seen, of which they are told.
            return
        super().plan_for_request(plan, request)
        former = request.previous_driver
        if former is None or former == request.driver:
            plan.add_driver(Kind.CHANGED, request.driver)
        else:
            plan.add_driver(Kind.APPROVED, request.driver)
            plan.add_driver(Kind.CANCELLED, former)
        plan.add_entry_holders(Kind.CHANGED)

    def write(self, case: Case) -> Letter:
        if case.becomes_theirs:
            return approved.write(case)
        if case.for_driver:
            headline = _("Your charging booking has changed")
            text = _(
                "The operator approved a change to your booking at %(site)s. The new calendar "
                "entry is attached; it replaces the earlier one."
            )
        else:
            headline = _("The booking has changed")
            text = _(
                "The operator approved the change to the booking for %(driver)s at %(site)s. The "
                "new calendar entry is attached; it replaces the earlier one."
            )
        return Letter(
            subject=_("Changed: %(what)s"),
            headline=headline,
            opening=[text % case.words, *asked_by_manager(case), *since_then(case)],
            facts=full_facts(case, before=case.before),
            entry=True,
        )
