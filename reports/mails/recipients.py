"""Who gets a fleet's month by e-mail. A fleet's admins name them; each of them may end it."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from drivers.models import Fleet, FleetMembership
from drivers.team import NotChanged, lock_team
from notifications.models import Notification
from reports.models import MailRecipient
from upstream.emails import email_key, email_spellings

# So that nobody sends mails to the world in the portal's name.
MOST_RECIPIENTS = 30


def recipients_of(fleet: Fleet) -> QuerySet[MailRecipient]:
    """Return who is to get it: a member as long as they belong to the team and may sign in."""
    members = FleetMembership.objects.filter(fleet=fleet, user__is_active=True)
    rows = MailRecipient.objects.filter(fleet=fleet, ended_at=None)
    return rows.filter(Q(user=None) | Q(user__in=members.values("user"))).select_related("user")


def ended_of(fleet: Fleet) -> QuerySet[MailRecipient]:
    """Return who got it once, those first who ended last."""
    rows = MailRecipient.objects.filter(fleet=fleet, ended_at__isnull=False)
    return rows.select_related("user", "ended_by").order_by("-ended_at", "-pk")


@transaction.atomic
def name_recipient(
    *, fleet: Fleet, user: User | None, email: str, language: str, by: User
) -> MailRecipient:
    """Let a member of the team, or an address, get the month from now on. Raises NotChanged.

    An address that a member of the team signs in with stands for that member.
    """
    lock_team(fleet)
    if user is None:
        user = User.objects.filter(
            memberships__fleet=fleet, email__in=email_spellings(email), is_active=True
        ).first()
    address = email_key(user.email if user is not None else email)
    _end_hidden(fleet, address=address, by=by)
    there = recipients_of(fleet)
    if any(email_key(each.address) == address for each in there):
        raise NotChanged(_("This recipient gets the report already."))
    if len(there) >= MOST_RECIPIENTS:
        raise NotChanged(
            _("No more than %(count)d recipients can be named.") % {"count": MOST_RECIPIENTS}
        )
    return MailRecipient.objects.create(
        fleet=fleet,
        user=user,
        email="" if user is not None else address,
        language="" if user is not None else language,
        created_by=by,
    )


def _end_hidden(fleet: Fleet, *, address: str, by: User) -> None:
    """End it for who has left the team, and for a switched-off account with the address.

    Nobody sees their rows, and nobody could end them.
    """
    open_rows = MailRecipient.objects.filter(fleet=fleet, ended_at=None)
    hidden = open_rows.exclude(pk__in=recipients_of(fleet).values("pk"))
    has_left = ~Q(user__in=FleetMembership.objects.filter(fleet=fleet).values("user"))
    gone = hidden.filter(has_left | Q(user__email__in=email_spellings(address)))
    gone.update(ended_at=timezone.now(), ended_by=by)


@transaction.atomic
def end_recipient(
    recipient: MailRecipient, *, by: User | None, now: datetime | None = None
) -> bool:
    """Send no more to somebody; return False where that was so already. `by` None: themselves.

    What waits to be sent is not sent any more.
    """
    now = now or timezone.now()
    ended = MailRecipient.objects.filter(pk=recipient.pk, ended_at=None)
    return bool(ended.update(ended_at=now, ended_by=by))


def recipient_of(mail: Notification) -> MailRecipient | None:
    """Return to whom a mail goes; None where they are to get none any more."""
    assert mail.fleet is not None
    address = email_key(mail.recipient_email)
    found = recipients_of(mail.fleet)
    return next((each for each in found if email_key(each.address) == address), None)


def recipient_by_secret(secret: str) -> MailRecipient | None:
    rows = MailRecipient.objects.select_related("fleet", "user")
    return rows.filter(secret=secret).first() if secret else None
