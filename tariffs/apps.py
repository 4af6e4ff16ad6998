from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TariffsConfig(AppConfig):
    """What charging costs, before it is charged."""

    name = "tariffs"
    verbose_name = _("Tariffs")
