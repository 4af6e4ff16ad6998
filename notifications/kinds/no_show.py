"""Nobody began to charge in time."""

from django.utils.translation import gettext as _

from bookings.models.statuses import BookingStatus as Status
from notifications.kinds.base import DriverGets, Kind, MailKind
from notifications.kinds.parts import Case, Letter, short_facts


class NoShow(MailKind):
    kind = Kind.NO_SHOW
    driver = DriverGets.IF_CHOSEN
    ending = Status.NO_SHOW
    true_at = frozenset({Status.NO_SHOW})

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            headline = _("The charger is not held for you any more")
            text = _(
                "Charging did not start in time at %(site)s, so the operator counts your booking "
                "as a no-show. If you still need to charge, please ask your fleet manager for "
                "another slot."
            )
        else:
            headline = _("The operator reports a no-show")
            text = _(
                "Charging did not start in time for the booking of %(driver)s at %(site)s, so the "
                "charger is not held any more."
            )
        return Letter(
            subject=_("No-show: %(what)s"),
            headline=headline,
            opening=[text % case.words],
            facts=short_facts(case),
        )
