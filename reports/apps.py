from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """What a fleet used and spent, month by month."""

    name = "reports"
    verbose_name = _("Reports")
