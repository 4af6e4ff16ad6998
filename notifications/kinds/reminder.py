"""A booking starts soon (`notifications.reminders`)."""

from datetime import datetime

from django.utils.translation import gettext as _

from bookings.models import Booking
from notifications.kinds.base import DriverGets, Kind, MailKind, MailPlan, Managers
from notifications.kinds.parts import Case, Letter, full_facts
from notifications.models import Notification
from shell.formats import in_zone

OpenChange = Booking.OpenChange


class Reminder(MailKind):
    kind = Kind.REMINDER
    managers = Managers.NOBODY
    driver = DriverGets.IF_CHOSEN
    true_at = Booking.CONFIRMED
    only_theirs = True
    until = "start_at"

    def plan(self, plan: MailPlan) -> None:
        plan.add_managers(Kind.REMINDER, plan.booking.created_by)
        plan.add_driver(Kind.REMINDER, plan.booking.driver)

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        # With a time for a reminder again, its start was moved: another one will be due.
        assert mail.booking is not None
        return mail.booking.reminder_at is not None or super().is_obsolete(mail, now=now)

    def write(self, case: Case) -> Letter:
        starts = {"start": in_zone(case.version.start_at, case.version.location.zone)}
        if case.for_driver:
            headline = _("Your charging booking starts soon")
            text = _("Your booking at %(site)s starts on %(start)s.")
        else:
            headline = _("A booking starts soon")
            text = _("The booking for %(driver)s at %(site)s starts on %(start)s.")
        opening = [text % (case.words | starts)]
        match case.booking.open_change:
            case OpenChange.UPDATE:
                note = _(
                    "A change has been requested. Until it is decided, the booking remains as "
                    "shown here."
                )
                opening.append(note)
            case OpenChange.MOVE:
                note = _(
                    "A move has been requested. Until it is decided, the booking remains as "
                    "shown here."
                )
                opening.append(note)
            case OpenChange.CANCEL:
                note = _("Its cancellation has been requested and is not decided yet.")
                opening.append(note)
        return Letter(
            subject=_("Reminder: %(what)s"),
            headline=headline,
            opening=opening,
            facts=full_facts(case),
        )
