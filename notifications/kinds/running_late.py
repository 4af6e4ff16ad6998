"""A driver comes late, and says so on their page."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import Booking, BookingEvent
from bookings.wording.facts import lines_of
from notifications.kinds.base import Kind, MailKind, MailPlan, Managers
from notifications.kinds.parts import Case, Letter, short_facts
from notifications.models import Notification


class RunningLate(MailKind):
    kind = Kind.RUNNING_LATE
    managers = Managers.ALL
    # The driver is promised that somebody hears it.
    offered = (Managers.ASKED, Managers.ALL)
    true_at = Booking.MAY_STAND
    until = "end_at"

    def plan_for_event(self, plan: MailPlan, event: BookingEvent) -> None:
        plan.add_managers(Kind.RUNNING_LATE, event.booking.created_by)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        late = mail.event.driver_id if mail.event is not None else None
        assert mail.booking is not None
        return late not in {None, mail.booking.driver_id} or super().is_obsolete(mail, now=now)

    def write(self, case: Case) -> Letter:
        event = case.event
        told = event.changes.get("late_minutes") if event is not None else None
        minutes = told[1] if told else 0
        late = ngettext("about %(minutes)d minute", "about %(minutes)d minutes", minutes)
        words = case.words | {"late": late % {"minutes": minutes}}
        if case.for_driver:
            headline = _("You reported a delay")
            text = _(
                "Your fleet managers know that you are running late for your booking at %(site)s."
            )
        else:
            headline = _("%(driver)s is running late") % words
            text = (
                _("%(driver)s will be late for the booking at %(site)s, by %(late)s.")
                if minutes
                else _("%(driver)s will be late for the booking at %(site)s.")
            )
        note = lines_of(event.note) if event is not None else ()
        return Letter(
            subject=_("Running late: %(what)s"),
            headline=headline,
            opening=[text % words, *([_("The driver says:")] if note else [])],
            quoted=note,
            after_quote=[_("This does not change the booking:")],
            facts=short_facts(case),
        )
