from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CalendarsConfig(AppConfig):
    """Bookings as calendar entries, files and feeds."""

    name = "calendars"
    verbose_name = _("Calendars")
