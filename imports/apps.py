from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    """Bookings and vehicles from a file."""

    name = "imports"
    verbose_name = _("Files")
