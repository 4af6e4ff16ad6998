from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """What a fleet used and spent, month by month."""

    name = "reports"
    verbose_name = _("Reports")

    def ready(self) -> None:
        from charging.selectors import sums
        from notifications.kinds.month_report import written_by
        from reports.kept_sums import kept_sums
        from reports.mails.writing import MonthWriter

        sums.keepers.append(kept_sums)
        written_by(MonthWriter())
