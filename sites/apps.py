from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitesConfig(AppConfig):
    """Where drivers can charge. The label differs from the name: django.contrib.sites has it."""

    name = "sites"
    label = "charging_sites"
    verbose_name = _("Sites")
