from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    """Booking requests, bookings and what people were told of them."""

    name = "bookings"
    verbose_name = _("Bookings")
