from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RemoteConfig(AppConfig):
    """Charges started, stopped and connectors unlocked from afar."""

    name = "remote"
    verbose_name = _("Remote control")

    def ready(self) -> None:
        """Keep what was told for a booking that turns out to be another one."""
        from bookings.state import listeners
        from remote.state import take_over

        if take_over not in listeners.booking_merged:
            listeners.booking_merged.append(take_over)
