"""Something frees up that a fleet waits for."""

from datetime import datetime

from django.utils.translation import gettext as _

from notifications.kinds.base import Kind, MailKind, Managers
from notifications.kinds.parts import Letter
from notifications.kinds.wishes import WishCase
from notifications.models import Notification
from waiting.models import Offer, WishEvent


class Offered(MailKind):
    kind = Kind.OFFERED
    # Somebody has to hear of it.
    offered = (Managers.ASKED, Managers.ALL)
    wishes = WishEvent.What.OFFERED

    def is_obsolete(self, mail: Notification, *, now: datetime) -> bool:
        offer = mail.wish_event.offer if mail.wish_event else None
        return offer is None or offer.state != Offer.State.OPEN or offer.expires_at <= now

    def write(self, case: WishCase) -> Letter:
        return Letter(
            subject=_("Free: %(what)s"),
            headline=_("What you wait for has become free"),
            opening=[
                _("What you wait for was free at %(site)s on %(found)s.") % case.words,
                _(
                    "It is not reserved at the operator, so somebody else may take it. Until "
                    "%(until)s nobody else who waits is offered it; ask for it before then, or it "
                    "goes to whoever waits next."
                )
                % case.words,
            ],
            after_quote=[_("This is offered to you:")],
            facts=case.facts(),
        )
