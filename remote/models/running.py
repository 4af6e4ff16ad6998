"""The bookings at whose chargers staff may do something now."""

from django.utils.translation import gettext_lazy as _

from bookings.models import Booking


class RunningBooking(Booking):
    """A booking, as the back office lists those that run."""

    class Meta:
        proxy = True
        verbose_name = _("running booking")
        verbose_name_plural = _("running bookings")
