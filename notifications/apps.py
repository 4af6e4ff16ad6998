from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Mails about bookings."""

    name = "notifications"
    verbose_name = _("E-mails")

    def ready(self) -> None:
        from notifications.recipients import listen

        listen()
