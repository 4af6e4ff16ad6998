"""A booking is not cancelled, and stands."""

from django.utils.translation import gettext as _

from bookings.models import Actor
from bookings.models import BookingRequest as Request
from bookings.models.statuses import BookingStatus as Status
from notifications.kinds.base import (
    DriverGets,
    Kind,
    MailKind,
    MailPlan,
    was_withheld,
    whose_request,
)
from notifications.kinds.parts import Case, Letter, full_facts, place_and_time, refused, since_then


class CancelRefused(MailKind):
    kind = Kind.CANCEL_REFUSED
    driver = DriverGets.IF_ASKED
    settles = Request.Kind.CANCEL, Request.REFUSED
    true_at = frozenset(Status) - {Status.CANCELLED}

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        booking = plan.booking
        if booking.status == Status.CANCELLED:
            # It was cancelled at the operator before, of which they are told.
            return
        plan.add_managers(Kind.CANCEL_REFUSED, whose_request(plan, request))
        if request.asked_by == Actor.DRIVER and request.driver == booking.driver:
            plan.add_driver_anyway(Kind.CANCEL_REFUSED, booking.driver)
        elif request.asked_by == Actor.PORTAL:
            # One too many: the driver has another one for the same time.
            return
        elif booking.is_confirmed and was_withheld(booking):
            # It takes place after all, and the driver has never heard of it.
            creation = booking.requests.filter(
                kind=Request.Kind.CREATE, status=Request.Status.APPROVED
            ).last()
            if creation is not None and plan.fleet.choices[Kind.APPROVED].driver:
                plan.add_driver_anyway(Kind.APPROVED, booking.driver, request=creation)

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            headline = _("Your charging booking was not cancelled")
            says = _("The operator rejected the cancellation of your booking at %(site)s and says:")
            silent = _(
                "The operator rejected the cancellation of your booking at %(site)s and gave no "
                "reason."
            )
            failed = _("Your booking at %(site)s could not be cancelled.")
        else:
            headline = _("The booking was not cancelled")
            says = _(
                "The operator rejected the cancellation of the booking for %(driver)s at %(site)s "
                "and says:"
            )
            silent = _(
                "The operator rejected the cancellation of the booking for %(driver)s at %(site)s "
                "and gave no reason."
            )
            failed = _("The booking for %(driver)s at %(site)s could not be cancelled.")
        after = since_then(case)
        if case.stands and case.replacement is not None and not case.for_driver:
            text = _(
                "It was meant to be replaced by another booking, which is approved: %(when)s, "
                "%(where)s. Both are valid now."
            )
            after.append(text % place_and_time(case.replacement))
        if case.stands:
            after.append(_("The booking remains valid:"))
        return Letter(
            subject=_("Not cancelled: %(what)s"),
            headline=headline,
            opening=refused(case, case.words, says=says, silent=silent, failed=failed),
            quoted=case.operator_words,
            after_quote=after,
            facts=full_facts(case),
        )
