"""The operator does not want a booking."""

from django.utils.translation import gettext as _

from bookings.models import Actor, Booking
from bookings.models import BookingRequest as Request
from notifications.kinds.base import Kind, MailKind, MailPlan
from notifications.kinds.parts import Case, Letter, not_booked


class Rejected(MailKind):
    kind = Kind.REJECTED
    settles = Request.Kind.CREATE, {Request.Status.REJECTED}
    true_at = Booking.CALLED_OFF

    def plan_for_request(self, plan: MailPlan, request: Request) -> None:
        # One too many (`sync.duplicates`) nobody has asked for.
        if request.asked_by != Actor.PORTAL:
            super().plan_for_request(plan, request)

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            headline = _("Your charging booking was not approved")
            says = _("The operator rejected your fleet's request at %(site)s and says:")
            silent = _("The operator rejected your fleet's request at %(site)s and gave no reason.")
        else:
            headline = _("The booking request was rejected")
            says = _("The operator rejected the request for %(driver)s at %(site)s and says:")
            silent = _(
                "The operator rejected the request for %(driver)s at %(site)s and gave no reason."
            )
        return not_booked(
            case,
            subject=_("Rejected: %(what)s"),
            headline=headline,
            opening=[(says if case.operator_words else silent) % case.words],
        )
