from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BatchesConfig(AppConfig):
    """Many bookings at once: tables of them, and series."""

    name = "batches"
    verbose_name = _("Tables of bookings")
