"""How chargers have been doing: what was read of their logs, and when they were in use."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sites.models import ChargePoint, Evse


class Health(models.Model):
    """What is known of a charge point beside what the sites' mirror tells, and when it is read.

    Read are those that belong to a fleet, and those that somebody looks at (`wanted_until`).
    """

    charge_point = models.OneToOneField(
        ChargePoint, on_delete=models.CASCADE, related_name="health"
    )
    vendor = models.CharField(_("vendor"), max_length=128, blank=True)
    model = models.CharField(_("model"), max_length=128, blank=True)
    ampeco_model_id = models.BigIntegerField(null=True, blank=True)
    firmware_version = models.CharField(_("firmware"), max_length=64, blank=True)
    # Until when logs and sessions are known; None where they never were read.
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    refresh_at = models.DateTimeField(_("next read"), null=True, blank=True)
    wanted_until = models.DateTimeField(_("looked at until"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("state of a charge point")
        verbose_name_plural = _("states of charge points")
        indexes = [
            models.Index(
                fields=["refresh_at"], condition=Q(refresh_at__isnull=False), name="health_to_read"
            )
        ]


class StatusEntry(models.Model):
    """A status that a charge point's connection, or an EVSE, took on."""

    charge_point = models.ForeignKey(
        ChargePoint, on_delete=models.CASCADE, related_name="status_entries", db_index=False
    )
    # Empty: of the connection of the charge point.
    evse = models.ForeignKey(
        Evse, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(_("when"))
    status = models.CharField(_("status"), max_length=32)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    vendor_id = models.CharField(_("vendor"), max_length=128, blank=True)
    vendor_error_code = models.CharField(_("vendor's code"), max_length=64, blank=True)
    description = models.CharField(_("description"), max_length=500, blank=True)
    customer_action = models.CharField(_("what helps"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("status of a charger")
        verbose_name_plural = _("statuses of chargers")
        constraints = [
            models.UniqueConstraint(
                fields=["charge_point", "evse", "at", "status"],
                condition=Q(evse__isnull=False),
                name="status_of_evse_once",
            ),
            models.UniqueConstraint(
                fields=["charge_point", "at", "status"],
                condition=Q(evse__isnull=True),
                name="status_of_connection_once",
            ),
        ]


class Occupancy(models.Model):
    """When an EVSE was in use, by whomever: nothing is kept of who it was. Energy in kWh."""

    ampeco_session_id = models.CharField(_("AMPECO session id"), max_length=64, unique=True)
    evse = models.ForeignKey(
        Evse, on_delete=models.CASCADE, related_name="occupancies", db_index=False
    )
    started_at = models.DateTimeField(_("started"))
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True)
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=12, decimal_places=3, null=True, blank=True
    )

    class Meta:
        verbose_name = _("use of a charger")
        verbose_name_plural = _("uses of chargers")
        indexes = [models.Index(fields=["evse", "started_at"], name="occupancy_of_evse")]


class VendorErrorCode(models.Model):
    """What a vendor's error code means, as the operator has it."""

    vendor_id = models.CharField(_("vendor"), max_length=128)
    code = models.CharField(_("code"), max_length=64)
    description = models.CharField(_("description"), max_length=500, blank=True)
    customer_action = models.CharField(_("what helps"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("error code")
        verbose_name_plural = _("error codes")
        constraints = [
            models.UniqueConstraint(fields=["vendor_id", "code"], name="error_code_once_a_vendor")
        ]


class Firmware(models.Model):
    """The newest firmware for a model of charge points, as the operator has it."""

    ampeco_model_id = models.BigIntegerField(unique=True)
    version = models.CharField(_("firmware"), max_length=64)
    created_at = models.DateTimeField(_("of"), null=True, blank=True)

    class Meta:
        verbose_name = _("newest firmware")
        verbose_name_plural = _("newest firmware")
