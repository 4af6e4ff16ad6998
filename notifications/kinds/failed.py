"""The operator could not hold a charger for a booking."""

from django.utils.translation import gettext as _

from bookings.models.statuses import BookingStatus as Status
from notifications.kinds.base import DriverGets, Kind, MailKind
from notifications.kinds.parts import Case, Letter, short_facts


class Failed(MailKind):
    kind = Kind.FAILED
    driver = DriverGets.ALWAYS
    ending = Status.FAILED
    true_at = frozenset({Status.FAILED})

    def write(self, case: Case) -> Letter:
        if case.for_driver:
            headline = _("The charger could not be held for you")
            text = _(
                "The operator's system could not hold the charger for your booking at %(site)s, so "
                "nothing is booked for you there any more. Please ask your fleet manager for "
                "another slot."
            )
        else:
            headline = _("The charger could not be held")
            text = _(
                "The operator's system could not hold the charger for %(driver)s at %(site)s, so "
                "nothing is booked there any more."
            )
        return Letter(
            subject=_("Charger could not be held: %(what)s"),
            headline=headline,
            opening=[text % case.words],
            facts=short_facts(case),
            entry=True,
        )
