from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "team"
    verbose_name = _("Team")

    def ready(self) -> None:
        from accounts.signals import rights_taken
        from drivers.models import FleetMembership

        post_save.connect(_end_invitations, FleetMembership, dispatch_uid="team-joined")
        post_save.connect(_end_what_a_role_gave, FleetMembership, dispatch_uid="team-role")
        rights_taken.connect(_end_theirs, dispatch_uid="team-rights-taken")
        post_delete.connect(_end_invitations, FleetMembership, dispatch_uid="team-left")


def _end_invitations(
    instance: Any, created: bool = True, raw: bool = False, **_signal: Any
) -> None:
    """Let no earlier invitation bring somebody in, by whichever way they came into a team or left.

    It would give back to somebody who was taken out what they had, or the role that it named.
    """
    from team.invitations import revoke_those_to

    if created and not raw:
        revoke_those_to(instance.user.email, fleet=instance.fleet)


def _end_what_a_role_gave(instance: Any, created: bool, raw: bool = False, **_signal: Any) -> None:
    """Let nothing that somebody made in a higher role outlive it, whoever gave them a lower one.

    With an invitation to an address of their own they would have it back.
    """
    from team.handover import revoke_feeds_of
    from team.invitations import may_invite, revoke_those_by

    if created or raw:
        return
    if not instance.can_book:
        revoke_feeds_of(instance.fleet, instance.user)
    if not may_invite(instance.user, instance.fleet):
        revoke_those_by(fleet=instance.fleet, user=instance.user)


def _end_theirs(user: Any, **_signal: Any) -> None:
    from team.invitations import revoke_those_beyond

    revoke_those_beyond(user)
