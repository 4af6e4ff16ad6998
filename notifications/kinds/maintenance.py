"""Maintenance is planned at a booked charger while it is booked."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Booking, BookingEvent
from bookings.wording.attention import downtime_of, downtime_text
from notifications.kinds.base import Kind, MailKind, MailPlan, Managers
from notifications.kinds.parts import Case, Letter, short_facts
from notifications.models import Notification


class Maintenance(MailKind):
    kind = Kind.MAINTENANCE
    # Who does not hear of it lets a driver come in vain.
    offered = (Managers.ASKED, Managers.ALL)
    true_at = Booking.CONFIRMED
    until = "end_at"

    def plan_for_event(self, plan: MailPlan, event: BookingEvent) -> None:
        plan.add_managers(self.kind, event.booking.created_by)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        return super().is_obsolete(mail, now=now) or not _is_in_the_way(mail)

    def write(self, case: Case) -> Letter:
        assert case.event is not None
        words = case.words | {"when": downtime_text(case.event, zone=case.booking.zone)}
        return Letter(
            subject=_("Maintenance planned: %(what)s"),
            headline=_("Maintenance is planned at a booked charger"),
            opening=[
                _("At %(site)s the operator plans maintenance of the charger: %(when)s.") % words,
                _("The booking still stands, but %(driver)s may find the charger out of use.")
                % words,
            ],
            after_quote=[_("The booking’s page shows other chargers that are free then.")],
            facts=short_facts(case),
        )


def _is_in_the_way(mail: Notification) -> bool:
    assert mail.booking is not None
    if mail.event is None:
        return True
    told = downtime_of(mail.event).get("id")
    return mail.booking.downtimes.filter(over_at=None, downtime=told).exists()
