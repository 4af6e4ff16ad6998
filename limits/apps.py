from typing import Any

from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.utils.translation import gettext_lazy as _


class LimitsConfig(AppConfig):
    """What fleets may book: how much, when, and where not."""

    name = "limits"
    verbose_name = _("Booking rules")

    def ready(self) -> None:
        """Forget what is remembered of rules whenever one changes, by whatever way."""
        from limits.models import Limit
        from limits.reading import forget_rules

        def changed(**_more: Any) -> None:
            forget_rules()

        for event, sender in (
            (post_save, Limit),
            (post_delete, Limit),
            (m2m_changed, Limit.evses.through),
        ):
            uid = f"limits-{sender.__name__}"
            event.connect(changed, sender=sender, weak=False, dispatch_uid=uid)
