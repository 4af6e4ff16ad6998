"""A fleet has waited in vain."""

from datetime import datetime

from django.utils.translation import gettext as _

from notifications.kinds.base import Kind, MailKind
from notifications.kinds.parts import Letter
from notifications.kinds.wishes import WishCase
from notifications.models import Notification
from waiting.models import Wish, WishEvent


class WaitEnded(MailKind):
    kind = Kind.WAIT_ENDED
    wishes = WishEvent.What.ENDED

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:  # noqa: ARG002
        return mail.wish_event is None or mail.wish_event.wish.state != Wish.State.ENDED

    def write(self, case: WishCase) -> Letter:
        subject = _("Waiting ended: %(what)s")
        if case.event.note:
            opening = _(
                "Nobody answered the offers from the waiting list for %(site)s, so it waits no "
                "longer."
            )
        elif case.was_free:
            opening = _(
                "What became free was not booked, and the time that you waited for is over."
            )
        else:
            subject = _("Nothing became free: %(what)s")
            opening = _("Nothing became free at %(site)s that you waited for.")
        return Letter(
            subject=subject,
            headline=_("Waiting ended without a booking"),
            opening=[opening % case.words, _("You waited for this:")],
            facts=case.facts(),
        )
