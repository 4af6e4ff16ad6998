from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    """Booking requests, bookings and what people were told of them."""

    name = "bookings"
    verbose_name = _("Bookings")

    def ready(self) -> None:
        """Tell the pages of sites what a fleet's limits leave there."""
        from bookings.actions.limits import own_limits
        from sites.slots.limits import tellers

        if own_limits not in tellers:
            tellers.append(own_limits)
