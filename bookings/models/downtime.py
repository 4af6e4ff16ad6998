"""Bookings that planned downtime of their charger is in the way of."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from maintenance.models import Downtime


class BookingDowntime(models.Model):
    """That downtime is in the way of a booking: from when that was noticed until it is over.

    `marked` is whether it alone put the booking under “Needs attention”.
    """

    booking = models.ForeignKey(
        Booking, on_delete=models.CASCADE, related_name="downtimes", db_index=False
    )
    downtime = models.ForeignKey(Downtime, on_delete=models.CASCADE, related_name="bookings")
    noticed_at = models.DateTimeField(_("noticed"), default=timezone.now)
    over_at = models.DateTimeField(_("over"), null=True, blank=True)
    marked = models.BooleanField(_("needs attention by this"), default=False)

    class Meta:
        verbose_name = _("booking under downtime")
        verbose_name_plural = _("bookings under downtime")
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "downtime"], name="booking_once_under_a_downtime"
            )
        ]
        indexes = [
            models.Index(
                fields=["booking"], condition=Q(over_at__isnull=True), name="booking_under_downtime"
            )
        ]
