from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RemoteConfig(AppConfig):
    """Charges started, stopped and connectors unlocked from afar."""

    name = "remote"
    verbose_name = _("Remote control")
