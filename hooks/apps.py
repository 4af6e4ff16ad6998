from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class HooksConfig(AppConfig):
    """What other platforms tell the portal of their own accord, taken as hints to read again."""

    name = "hooks"
    verbose_name = _("Notifications of other platforms")
