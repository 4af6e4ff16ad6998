from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChargingConfig(AppConfig):
    """What was charged and what it cost, by whom and for which cost centre."""

    name = "charging"
    verbose_name = _("Charging")
