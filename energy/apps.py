from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnergyConfig(AppConfig):
    """What smart charging knows: batteries, departures, power lines, and whose is whose."""

    name = "energy"
    verbose_name = _("Smart charging")

    def ready(self) -> None:
        """Add to the list of vehicles what is in their batteries."""
        from energy.pages.vehicle_columns import COLUMNS
        from vehicles.pages import columns

        columns.added.append(COLUMNS)
