"""A driver cannot use the charger, and says so on their page."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Booking, BookingEvent
from bookings.wording.attention import reported
from bookings.wording.facts import lines_of
from notifications.kinds.base import Kind, MailKind, MailPlan, Managers
from notifications.kinds.parts import Case, Letter, short_facts
from notifications.models import Notification


class ChargerTrouble(MailKind):
    kind = Kind.CHARGER_TROUBLE
    managers = Managers.ALL
    # The driver is promised that somebody hears it.
    offered = (Managers.ASKED, Managers.ALL)
    true_at = Booking.GOES_AHEAD | Booking.MAY_STAND
    until = "end_at"

    def plan_for_event(self, plan: MailPlan, event: BookingEvent) -> None:
        plan.add_managers(self.kind, event.booking.created_by)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        who = mail.event.driver_id if mail.event is not None else None
        assert mail.booking is not None
        return who not in {None, mail.booking.driver_id} or super().is_obsolete(mail, now=now)

    def write(self, case: Case) -> Letter:
        event = case.event
        report = getattr(event, "report", None) if event is not None else None
        words = case.words | {"reported": reported(event) if event is not None else ""}
        message = lines_of(report.message) if report is not None else ()
        if case.for_driver:
            headline = _("You reported trouble at the charger")
            text = _("Your fleet managers know of it: %(reported)s.")
        else:
            headline = _("%(driver)s cannot use the charger") % words
            text = _("%(driver)s reports from %(site)s: %(reported)s.")
        return Letter(
            subject=_("Charger trouble: %(what)s"),
            headline=headline,
            opening=[text % words, *([_("The driver says:")] if message else [])],
            quoted=message,
            after_quote=[_("The booking’s page shows other chargers that are free now.")],
            facts=short_facts(case),
        )
