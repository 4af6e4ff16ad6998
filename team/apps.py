from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    name = "team"
    verbose_name = _("Team")

    def ready(self) -> None:
        from drivers.models import FleetMembership

        post_save.connect(_end_invitations, FleetMembership, dispatch_uid="team-joined")
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
