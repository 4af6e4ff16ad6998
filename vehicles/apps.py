from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VehiclesConfig(AppConfig):
    """What a fleet drives, and which chargers fit it."""

    name = "vehicles"
    verbose_name = _("Vehicles")

    def ready(self) -> None:
        """Let the pickers of sites know which chargers fit a vehicle."""
        from sites.slots import fit
        from vehicles.pages.fits import read_fit

        fit.readers.append(read_fit)
