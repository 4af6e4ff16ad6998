from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MaintenanceConfig(AppConfig):
    """Downtime, faults and firmware of chargers."""

    name = "maintenance"
    verbose_name = _("Maintenance")
