from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DriversConfig(AppConfig):
    """Fleets, the people who manage them, and their drivers."""

    name = "drivers"
    verbose_name = _("Fleets and drivers")
