"""Makes mails of what is to be told about bookings."""

from copy import copy
from email import encoders
from email.mime.nonmultipart import MIMENonMultipart

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import language_for
from bookings.wording import facts
from bookings.wording.versions import facts_of
from calendars.entries import MailedEntry, Recipient, asked_for_oneself, host, mailed_entry
from drivers.models import FleetMembership
from notifications.kinds import MAILS, month_report
from notifications.kinds.budgets import BudgetCase
from notifications.kinds.cancelled import write_taken_away
from notifications.kinds.parts import Case, Letter, actions_of, driver_closing
from notifications.kinds.wishes import WishCase
from notifications.models import Notification


def compose(notification: Notification) -> EmailMultiAlternatives:
    """Return the mail of a notification, in the recipient's language, ready to be sent.

    What it tells comes from the row: what its request or event says was decided or happened. Only
    the calendar entry is that of the booking as it is now, since entries are told apart by version.
    Each attempt has the same Message-ID, that of the row. Nothing in the mail is loaded from
    elsewhere, and no link is counted. Answers to a driver's mail go to the manager who asked.
    """
    if notification.wish_event is not None:
        return _compose_for_manager(notification, WishCase)
    if notification.budget_warning is not None:
        return _compose_for_manager(notification, BudgetCase)
    if notification.month is not None:
        return month_report.writer.compose(notification)
    mail = MAILS[Notification.Kind(notification.kind)]
    case = Case(notification, tells_driver=mail.tells_driver)
    with translation.override(language_of(case)):
        letter = write_taken_away(case) if case.was_theirs else mail.write(case)
        subject = letter.subject % {"what": facts.short_name(letter.about or case.version)}
        message = write_message(
            notification,
            letter,
            subject=subject,
            actions=actions_of(case),
            closing=driver_closing(case),
            footer=footer(case),
        )
        if case.for_driver and case.answers:
            message.reply_to = [case.answers.email]
        if letter.entry:
            attach(entry_of(case), to=message)
    return message


def _compose_for_manager(
    notification: Notification, case_of: type[WishCase] | type[BudgetCase]
) -> EmailMultiAlternatives:
    """Return a mail about the waiting list or a budget: to a manager, without a calendar entry."""
    user = notification.recipient_user
    with translation.override(language_for(user.language if user is not None else "")):
        # It has texts of its own in the reader's language.
        case = case_of(notification)
        letter = MAILS[Notification.Kind(notification.kind)].write(case)
        return write_message(
            notification,
            letter,
            subject=letter.subject % {"what": case.short_name},
            actions=[case.action],
            closing=[],
            footer=case.footer,
        )


def write_message(
    notification: Notification,
    letter: Letter,
    *,
    subject: str,
    actions: list[tuple[str, str]],
    closing: list[str],
    footer: str,
) -> EmailMultiAlternatives:
    """Return a letter as a mail, in the active language."""
    context = {
        "subject": subject,
        "language": translation.get_language(),
        "bidi": translation.get_language_bidi(),
        "letter": letter,
        "actions": actions,
        "closing": closing,
        "footer": footer,
    }
    message = EmailMultiAlternatives(
        subject,
        render_to_string("mail/booking.txt", context).strip() + "\n",
        to=[notification.recipient_email],
        headers={
            "Message-ID": f"<{notification.message_id}@{host()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("mail/booking.html", context), "text/html")
    return message


def language_of(case: Case) -> str:
    user = case.notification.recipient_user
    theirs = user.language if user is not None else ""
    return language_for(case.recipient.locale if case.for_driver else theirs)


def footer(case: Case) -> str:
    """Return who sends the mail, and why to this reader."""
    asked = case.booking.created_by
    if case.for_driver and case.is_theirs:
        text = _(
            "Sent by %(portal)s, because this booking is for you. Times are those of the site."
        )
    elif case.for_driver:
        text = _(
            "Sent by %(portal)s, because this booking was for you. Times are those of the site."
        )
    elif asked is not None and asked == case.notification.recipient_user:
        text = _(
            "Sent by %(portal)s, because you asked for this booking. Times are those of the site."
        )
    elif not _may_book(case):
        text = _(
            "Sent by %(portal)s, because you have its calendar entry. Times are those of the site."
        )
    else:
        text = _(
            "Sent by %(portal)s, because you manage the bookings of %(fleet)s. Times are "
            "those of the site."
        )
    return text % case.words


def _may_book(case: Case) -> bool:
    return FleetMembership.objects.filter(
        fleet=case.booking.fleet_id,
        user=case.notification.recipient_user,
        role=FleetMembership.Role.MANAGER,
    ).exists()


def entry_of(case: Case) -> MailedEntry:
    """Return the calendar entry for the recipient; one that removes it from a former driver."""
    booking, notification = case.booking, case.notification
    if not case.for_driver:
        user = notification.recipient_user
        name = user.display_name if user is not None else ""
        drives = asked_for_oneself(booking) and user == booking.created_by
        return mailed_entry(booking, to=Recipient(notification.recipient_email, name, drives))
    person = Recipient(notification.recipient_email, case.recipient.display_name, drives=True)
    if case.is_theirs:
        return mailed_entry(booking, to=person)
    # Where and when it is by now is nobody's business any more but the next driver's.
    known = case.before if case.was_theirs and case.before is not None else case.version
    as_known = copy(booking)
    for name, value in facts_of(known).items():
        setattr(as_known, name, value)
    return mailed_entry(as_known, to=person, withdrawn=True)


def attach(entry: MailedEntry, *, to: EmailMultiAlternatives) -> None:
    """Attach a calendar entry the way that mail programs look for it.

    What is to change a calendar is expected as another form of the text: Gmail and Outlook act on
    it there. The attachment is for all others, and for whoever wants to open the file.
    """
    if entry.method != "PUBLISH":
        to.attach_alternative(
            entry.content.decode(), f"text/calendar; method={entry.method}; component=VEVENT"
        )
    part = MIMENonMultipart("text", "calendar", method=entry.method, charset="UTF-8")
    part.set_payload(entry.content)
    # Base64 keeps the line ends that RFC 5545 wants, whatever relays the mail.
    encoders.encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename="booking.ics")
    to.attach(part)
