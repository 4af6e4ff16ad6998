"""Inviting people to a fleet's team: the rows, who may make them, and joining by them."""

import logging
import smtplib
import uuid
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from drivers.models import Fleet, FleetMembership, TeamRole
from drivers.team import NotChanged, admins_of, check_runs_team, lock_team
from team.mails import send_mail
from team.models import VALID, Invitation
from upstream.emails import email_key, email_spellings

logger = logging.getLogger(__name__)

SIGNER = Signer(salt="team.invitation", sep=".")
State = Invitation.State
DAY = timedelta(days=1)
# So that nobody sends mails to the world, or many to one person, in the portal's name.
MOST_A_DAY = 30
MOST_MAILS = 5
SEND_AGAIN_AFTER = timedelta(minutes=5)


class Gone(Exception):
    """The link opens nothing: it is not one of ours, or its invitation is used, revoked or old."""


def invitation_url(invitation: Invitation) -> str:
    token = SIGNER.sign(invitation.uid.hex)
    return settings.SITE_URL + reverse("team-invitation", args=[token])


def invite(
    *, fleet: Fleet, email: str, name: str, role: TeamRole, language: str, by: User, staff: bool
) -> Invitation:
    """Write down that somebody is invited; `deliver` sends the mail once that is committed.

    `staff` says that `by` does it in the back office. Raises NotChanged with why nobody is invited,
    which tells nothing of people outside this team; and NotAllowed.
    """
    email = email_key(email)
    with transaction.atomic():
        lock_team(fleet)
        check_runs_team(fleet, None if staff else by)
        make_way(fleet, email)
        return Invitation.objects.create(
            fleet=fleet,
            email=email,
            name=name.strip(),
            role=role,
            language=language,
            invited_by=by,
        )


def make_way(fleet: Fleet, email: str) -> None:
    """Raise NotChanged where somebody cannot be invited; revoke an earlier one that opens nothing.

    For callers that hold the lock of the team.
    """
    now = timezone.now()
    if fleet.memberships.filter(user__email__in=email_spellings(email)).exists():
        raise NotChanged(_("This person is already in the team."))
    earlier = fleet.invitations.filter(email__in=email_spellings(email), state=State.OPEN).first()
    if earlier is not None and not earlier.is_expired(now) and _is_vouched_for(earlier):
        raise NotChanged(_("This person has already been invited. The e-mail can be sent again."))
    if fleet.invitations.filter(created_at__gt=now - DAY).count() >= MOST_A_DAY:
        raise NotChanged(
            _("%(most)d people were invited within a day. Please continue tomorrow.")
            % {"most": MOST_A_DAY}
        )
    if earlier is not None:
        _settle(earlier, State.REVOKED)


def deliver(invitation: Invitation) -> bool:
    """Send an invitation's mail at once; return whether it went out. Its days begin anew.

    Raises NotChanged where it was sent just now, or often enough.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if row.state != State.OPEN or not _is_vouched_for(row):
            raise NotChanged(_("This invitation is no longer open."))
        if row.mails >= MOST_MAILS:
            raise NotChanged(
                _("It was sent %(most)d times. Please revoke it, or ask the person.")
                % {"most": MOST_MAILS}
            )
        if row.sent_at is not None and row.sent_at > now - SEND_AGAIN_AFTER:
            raise NotChanged(_("It was sent a moment ago. Please wait five minutes."))
        before = row.sent_at
        # Counted before it is sent, so that two clicks send one.
        row.sent_at, row.expires_at, row.mails = now, now + VALID, row.mails + 1
        row.save(update_fields=["sent_at", "expires_at", "mails"])
    try:
        send_mail(row, url=invitation_url(row))
    except (smtplib.SMTPException, OSError) as error:
        # Its text may name the recipient.
        kind = type(error).__name__
        logger.error("Invitation %s could not be sent: %s", row.pk, kind)  # noqa: TRY400
        Invitation.objects.filter(pk=row.pk, sent_at=now).update(
            sent_at=before, mails=F("mails") - 1
        )
        return False
    return True


def revoke(*, fleet: Fleet, pk: int, by: User | None) -> bool:
    """Let an invitation's link open nothing from now on; return whether there was one to revoke.

    `by` is the admin who does it, None for staff. Raises NotAllowed.
    """
    with transaction.atomic():
        lock_team(fleet)
        check_runs_team(fleet, by)
        invitation = fleet.invitations.filter(pk=pk, state=State.OPEN).first()
        if invitation is not None:
            _settle(invitation, State.REVOKED)
    return invitation is not None


def revoke_those_by(*, fleet: Fleet, user: User) -> int:
    """Revoke the open invitations that somebody sent; return how many. For who holds the lock."""
    return _revoke(fleet.invitations.filter(invited_by=user))


def revoke_those_beyond(user: User) -> int:
    """Revoke the open invitations of all fleets that somebody could not send now; return how many.

    For who was switched off, or is no longer staff.
    """
    theirs = Invitation.objects.filter(invited_by=user)
    fleets = Fleet.objects.filter(invitations__in=theirs.filter(state=State.OPEN)).distinct()
    lost = [fleet for fleet in fleets if not may_invite(user, fleet)]
    return _revoke(theirs.filter(fleet__in=lost))


def revoke_those_to(email: str, *, fleet: Fleet) -> int:
    """Revoke the open invitations to an address, also old ones, which could be sent again."""
    return _revoke(fleet.invitations.filter(email__iexact=email))


def _revoke(invitations: QuerySet[Invitation]) -> int:
    rows = invitations.filter(state=State.OPEN)
    return rows.update(state=State.REVOKED, settled_at=timezone.now())


def invitation_of(token: str) -> Invitation:
    """Return the invitation that a link opens. Raises Gone."""
    try:
        uid = uuid.UUID(hex=SIGNER.unsign(token))
    except (BadSignature, ValueError):
        raise Gone from None
    found = Invitation.objects.filter(uid=uid, fleet__is_active=True)
    invitation = found.select_related("fleet", "invited_by").first()
    if invitation is None or not invitation.can_be_accepted() or not _is_vouched_for(invitation):
        raise Gone
    account = account_of(invitation)
    if account is not None and not account.is_active:
        raise Gone
    return invitation


def _is_vouched_for(invitation: Invitation) -> bool:
    """Return whether whoever sent it still could. Who left by themselves leaves theirs behind."""
    by, fleet = invitation.invited_by, invitation.fleet
    if by is None or may_invite(by, fleet):
        return True
    return by.is_active and not fleet.memberships.filter(user=by).exists()


def may_invite(user: User, fleet: Fleet) -> bool:
    """Return whether somebody could invite people to a team now: as its admin, or as staff."""
    return user.is_active and (user.is_staff or admins_of(fleet).filter(user=user).exists())


def account_of(invitation: Invitation) -> User | None:
    return User.objects.with_email(invitation.email).first()


def join(invitation: Invitation, *, user: User) -> FleetMembership:
    """Let somebody into the team who was invited. Raises Gone where somebody was faster.

    Who became a member meanwhile keeps the role that they have.
    """
    if email_key(user.email) != email_key(invitation.email):
        raise Gone
    with transaction.atomic():
        lock_team(invitation.fleet)
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if not row.can_be_accepted():
            raise Gone
        row.accepted_by = user
        _settle(row, State.ACCEPTED)
        membership, _made = FleetMembership.objects.get_or_create(
            fleet=invitation.fleet, user=user, defaults=TeamRole(row.role).columns
        )
    logger.info("User %s joined fleet %s by an invitation.", user.pk, invitation.fleet_id)
    return membership


def join_with_new_account(invitation: Invitation, *, name: str, password: str) -> User:
    """Make the account of somebody who was invited, and let them into the team. Raises Gone."""
    with transaction.atomic():
        # Before the look for an account, so that of two tabs the second finds the first one's.
        lock_team(invitation.fleet)
        if account_of(invitation) is not None:
            raise Gone
        user = User.objects.create_user(
            invitation.email, password, name=name.strip(), language=invitation.language
        )
        join(invitation, user=user)
    return user


def _settle(invitation: Invitation, state: State) -> None:
    invitation.state, invitation.settled_at = state, timezone.now()
    invitation.save(update_fields=["state", "settled_at", "accepted_by"])
