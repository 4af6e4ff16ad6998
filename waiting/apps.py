from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WaitingConfig(AppConfig):
    """What fleets wait for, and what is offered to them once it frees up."""

    name = "waiting"
    verbose_name = _("Waiting list")

    def ready(self) -> None:
        from waiting.following import listen

        listen()
