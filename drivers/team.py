"""Who belongs to a fleet's team. A fleet that has an admin keeps one.

Changes of one team wait for each other: each locks the row of the fleet before it looks.
"""

import logging

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from drivers.models import Fleet, FleetMembership, TeamRole

logger = logging.getLogger(__name__)


class NotChanged(Exception):
    """Nothing was changed; `message` says why, for the person who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class LastAdmin(NotChanged):
    """The team would be left without an admin."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This is the fleet’s only admin. Make somebody else an admin first, so that "
                "somebody can always manage the team."
            )
        )


class NotAllowed(Exception):
    """Whoever asked does not look after this team, or no longer does."""


def admins_of(fleet: Fleet) -> QuerySet[FleetMembership]:
    return FleetMembership.objects.filter(
        fleet=fleet, is_admin=True, role=FleetMembership.Role.MANAGER, user__is_active=True
    )


def lock_team(fleet: Fleet) -> None:
    """Keep all others from changing a fleet's team until the transaction ends."""
    Fleet.objects.select_for_update(no_key=True).get(pk=fleet.pk)


def check_runs_team(fleet: Fleet, by: User | None) -> None:
    """Raise NotAllowed unless `by` is an admin of the fleet now. None stands for staff.

    For callers that hold the lock: somebody may have taken the role away since the page was opened.
    """
    if by is not None and not admins_of(fleet).filter(user=by).exists():
        raise NotAllowed


def check_admin_remains(membership: FleetMembership) -> None:
    """Raise LastAdmin where a fleet has no admin but this one; for callers that hold the lock."""
    others = admins_of(membership.fleet).exclude(pk=membership.pk)
    if membership.can_run_team and not others.exists():
        raise LastAdmin


def change_role(*, fleet: Fleet, pk: int, role: TeamRole, by: User | None) -> FleetMembership:
    """Give a member of a fleet another role; `by` is the admin who does it, None for staff.

    Raises FleetMembership.DoesNotExist, NotAllowed, or LastAdmin.
    """
    with transaction.atomic():
        lock_team(fleet)
        check_runs_team(fleet, by)
        membership = fleet.memberships.select_related("user", "fleet").get(pk=pk)
        if role != TeamRole.ADMIN:
            check_admin_remains(membership)
        for name, value in role.columns.items():
            setattr(membership, name, value)
        membership.save(update_fields=list(role.columns))
    logger.info("Member %s of fleet %s is %s now.", pk, fleet.pk, role)
    return membership
