from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VehiclesConfig(AppConfig):
    """What a fleet drives, and which chargers fit it."""

    name = "vehicles"
    verbose_name = _("Vehicles")
