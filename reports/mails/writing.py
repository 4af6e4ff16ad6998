"""Writes the mail with a fleet's month: its main figures, and all of them in a file."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import language_for
from bookings.wording.facts import Fact, one_line
from drivers.models import Fleet
from notifications.compose import write_message
from notifications.kinds.parts import Letter
from notifications.models import Notification
from reports.figures import Block, blocks_of
from reports.files.book import file_name, period_book
from reports.mails.recipients import recipient_of
from reports.measures import Topic
from reports.models import MailRecipient
from reports.months import Period
from reports.selectors import known_to
from reports.summing.bookings import keep_bookings
from shell.formats import month_name
from spreadsheets.writing import XLSX

# Mail servers take some megabytes; a month with more sessions is on the page.
MOST_SESSIONS = 10_000
# What nobody took for so long tells nothing new any more.
KEEPS = timedelta(days=21)
# Of each topic the first figures; the file has all.
FIGURES = 3


class MonthWriter:
    """What `notifications` asks about these mails."""

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        """Return whether it is not wanted any more, or comes too late."""
        if mail.fleet is None or not mail.fleet.is_active or now > mail.created_at + KEEPS:
            return True
        return recipient_of(mail) is None

    def compose(self, mail: Notification) -> EmailMultiAlternatives:
        """Return the mail in its reader's language. Raises LookupError where it has no reader."""
        recipient = recipient_of(mail)
        if recipient is None or mail.fleet is None or mail.month is None:
            raise LookupError(mail.pk)
        fleet, period = mail.fleet, Period(mail.month, 1)
        user = recipient.user
        keep_bookings(fleet, period.start, now=timezone.now(), wait=True)
        with translation.override(language_for(user.language if user else recipient.language)):
            with period_book(fleet, period, most_sessions=MOST_SESSIONS) as file:
                content = file.read()
            message = write_message(
                mail,
                _letter(fleet, period),
                subject=_subject(fleet, period),
                actions=_actions(recipient, period),
                closing=[],
                footer=_footer(fleet),
            )
            message.attach(file_name(fleet, period, ending="xlsx"), content, XLSX)
        message.extra_headers["List-Unsubscribe"] = f"<{stop_url(recipient)}>"
        message.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return message


def stop_url(recipient: MailRecipient) -> str:
    return settings.SITE_URL + reverse("report-mail-stop", args=[recipient.secret])


def _subject(fleet: Fleet, period: Period) -> str:
    words = {"month": month_name(period.start), "fleet": one_line(fleet.name)}
    return _("Charging in %(month)s: %(fleet)s") % words


def _letter(fleet: Fleet, period: Period) -> Letter:
    known = known_to(fleet)
    words = {"month": month_name(period.start), "fleet": one_line(fleet.name)}
    return Letter(
        subject=_subject(fleet, period),
        headline=_("Charging in %(month)s") % words,
        opening=[
            _(
                "These are the main figures of %(fleet)s in %(month)s, each with that of the month "
                "before. The file has all of them, by driver, vehicle, site and cost centre."
            )
            % words
        ],
        facts=[
            fact
            for topic in known.topics
            for fact in _facts(
                topic,
                blocks_of(
                    fleet,
                    topic,
                    period,
                    compares_from=known.compares_from(topic.source),
                    charts=False,
                ),
                period,
            )
        ],
    )


def _facts(topic: Topic, blocks: list[Block], period: Period) -> Iterator[Fact]:
    for block in blocks:
        label = f"{topic.label}, {block.currency}" if block.currency else str(topic.label)
        lines = [
            _("%(label)s: %(value)s (%(month)s: %(before)s)")
            % {
                "label": tile.label,
                "value": tile.value,
                "month": month_name(period.before.start),
                "before": tile.before,
            }
            if tile.before
            else _("%(label)s: %(value)s") % {"label": tile.label, "value": tile.value}
            for tile in block.tiles[:FIGURES]
            if tile.value
        ]
        if lines:
            yield Fact(label, tuple(lines), strong=1)


def _actions(recipient: MailRecipient, period: Period) -> list[tuple[str, str]]:
    """Return where it leads: to the page, for whom may sign in, and to where it can be ended."""
    page = f"{settings.SITE_URL}{reverse('reports:overview')}?period={period.key}"
    shown = [(_("View the report"), page)] if recipient.user is not None else []
    return [*shown, (_("No longer send me this report"), stop_url(recipient))]


def _footer(fleet: Fleet) -> str:
    return _(
        "Sent by %(portal)s, because an admin of %(fleet)s has named you for the monthly report."
    ) % {"portal": settings.PORTAL_NAME, "fleet": one_line(fleet.name)}
