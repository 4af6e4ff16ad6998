"""A booking could not be asked for."""

from django.utils.translation import gettext as _

from bookings.models import Actor, Booking
from bookings.models import BookingRequest as Request
from notifications.kinds.base import Kind, MailKind, MailPlan
from notifications.kinds.parts import Case, Letter, failed_request, not_booked


class NotPlaced(MailKind):
    kind = Kind.NOT_PLACED
    settles = Request.Kind.CREATE, {Request.Status.FAILED}
    true_at = Booking.CALLED_OFF

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        if request.asked_by == Actor.PORTAL:
            # One too many (`sync.duplicates`) nobody has asked for.
            return
        if request.failure != Request.Failure.WITHDRAWN:
            super().plan_for_request(plan, request)
            return
        # A manager who withdraws it knows, and nobody else had been told of it.
        last = request.events.order_by("at", "pk").last()
        if last is not None and last.actor == Actor.DRIVER:
            plan.add_managers(Kind.CANCELLED, request.created_by, plan.booking.created_by)

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            text = _("Your fleet's booking at %(site)s could not be made.")
        else:
            text = _("The booking for %(driver)s at %(site)s could not be made.")
        return not_booked(
            case,
            subject=_("Could not be booked: %(what)s"),
            headline=_("The booking could not be made"),
            opening=failed_request(case, text % case.words),
        )
