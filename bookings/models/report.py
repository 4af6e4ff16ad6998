"""What a driver found at the charger."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.event import BookingEvent
from drivers.models import Driver
from sites.models import Evse


class ChargerReport(models.Model):
    """That a booking's charger cannot be used, as its driver saw it; never edited.

    The booking's history has a line of it (`event`), which tells `what` and leaves the words here.
    """

    class What(models.TextChoices):
        BLOCKED = "blocked", _("Another vehicle blocks the charger")
        BROKEN = "broken", _("The charger does not work")
        NO_ACCESS = "no-access", _("The charger cannot be reached")
        OTHER = "other", _("Something else is wrong")

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="reports")
    event = models.OneToOneField(BookingEvent, on_delete=models.CASCADE, related_name="report")
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="+")
    evse = models.ForeignKey(
        Evse, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    what = models.CharField(_("what"), max_length=16, choices=What)
    message = models.CharField(_("message"), max_length=200, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("report from a charger")
        verbose_name_plural = _("reports from chargers")
        ordering = ["at", "id"]
