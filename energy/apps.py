from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnergyConfig(AppConfig):
    """What smart charging knows: batteries, departures, power lines, and whose is whose."""

    name = "energy"
    verbose_name = _("Smart charging")
