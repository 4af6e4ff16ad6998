"""What was charged."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking


class ChargingSession(models.Model):
    """The charge that belongs to a booking, as AMPECO tells it; energy in kWh, instants in UTC.

    It is read again at `refresh_at` until it has ended.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Starting")
        ACTIVE = "active", _("Charging")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")
        EXPIRED = "expired", _("Expired")
        UNKNOWN = "unknown", _("Unknown")

    ENDED = frozenset({Status.FINISHED, Status.FAILED, Status.EXPIRED})

    booking = models.OneToOneField(
        Booking, on_delete=models.CASCADE, related_name="charging_session"
    )
    ampeco_session_id = models.CharField(_("AMPECO session id"), max_length=64, unique=True)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.UNKNOWN)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=12, decimal_places=3, null=True, blank=True
    )
    amount = models.DecimalField(_("cost"), max_digits=12, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=8, blank=True)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    refresh_at = models.DateTimeField(_("next read upstream"), null=True, blank=True)

    class Meta:
        verbose_name = _("charging session")
        verbose_name_plural = _("charging sessions")
        indexes = [
            models.Index(
                fields=["refresh_at"], condition=Q(refresh_at__isnull=False), name="session_to_read"
            )
        ]

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED or self.stopped_at is not None
