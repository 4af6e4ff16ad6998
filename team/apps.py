from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TeamConfig(AppConfig):
    """Who works for a fleet: inviting people, their roles, and what becomes of their bookings."""

    name = "team"
    verbose_name = _("Team")
