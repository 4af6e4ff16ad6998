"""Leaving a fleet's team: what somebody looks after goes to a colleague in the same step."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Actor
from drivers.models import Fleet, FleetMembership
from drivers.team import NotChanged, check_admin_remains, check_runs_team, lock_team
from team.handover import hand_over, looked_after, revoke_feeds_of
from team.invitations import revoke_those_by

logger = logging.getLogger(__name__)


class HeirNeeded(NotChanged):
    """There is something to hand over, and nobody was named to take it."""

    def __init__(self) -> None:
        super().__init__(_("Please pick who takes over the bookings."))


@dataclass(frozen=True, slots=True)
class Left:
    """What came of somebody's leaving: the person, and how much was handed over and revoked."""

    user: User
    bookings: int
    feeds: int


def heirs_of(membership: FleetMembership) -> QuerySet[User]:
    """Return who may take over from a member: the fleet's other managers who can sign in."""
    return User.objects.filter(
        is_active=True,
        memberships__fleet=membership.fleet_id,
        memberships__role=FleetMembership.Role.MANAGER,
    ).exclude(pk=membership.user_id)


def end_membership(
    *,
    fleet: Fleet,
    pk: int,
    heir: User | None,
    by: User,
    staff: bool = False,
) -> Left:
    """Take somebody out of a team, and hand over what they look after, in one transaction.

    The calendars that they made end: they know the addresses.
    `by` is the admin who does it, the member who leaves, or, with `staff`, somebody in the back
    office. Where nobody can take over, it is the business of all managers. Raises
    FleetMembership.DoesNotExist, NotAllowed, LastAdmin, HeirNeeded, and NotChanged for an heir who
    is none by now.
    """
    with transaction.atomic():
        lock_team(fleet)
        membership = fleet.memberships.select_related("user", "fleet").get(pk=pk)
        user = membership.user
        itself = user == by
        if not itself:
            check_runs_team(fleet, None if staff else by)
        check_admin_remains(membership)
        heirs = heirs_of(membership)
        if heir is not None and not heirs.filter(pk=heir.pk).exists():
            raise NotChanged(_("This colleague cannot take over. Please pick another one."))
        if heir is None and heirs.exists() and looked_after(fleet, user).exists():
            raise HeirNeeded
        actor = Actor.STAFF if staff else Actor.MANAGER
        handed = hand_over(fleet=fleet, giver=user, taker=heir, actor=actor, by=by)
        feeds = revoke_feeds_of(fleet, user)
        if not itself:
            revoke_those_by(fleet=fleet, user=user)
        membership.delete()
    logger.info("User %s left fleet %s; %s bookings handed over.", user.pk, fleet.pk, handed)
    return Left(user, handed, feeds)
