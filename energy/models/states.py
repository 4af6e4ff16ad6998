"""What is known of the vehicles: now, and over the last weeks."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from energy.models.mirrored import Network
from vehicles.models import Vehicle


class Source(models.TextChoices):
    """Who says what is in a battery."""

    TELEMATICS = "telematics", _("telematics")
    CHARGER = "charger", _("charger")
    TYPED = "typed", _("typed in")
    ASSUMED = "assumed", _("assumed")


class VehicleNow(models.Model):
    """The last that is known of a vehicle; each fact with its own age."""

    vehicle = models.OneToOneField(Vehicle, on_delete=models.CASCADE, related_name="now")
    state_of_charge = models.DecimalField(
        _("state of charge (%)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    state_of_charge_at = models.DateTimeField(_("told"), null=True, blank=True)
    state_of_charge_source = models.CharField(
        _("source"), max_length=16, choices=Source, blank=True
    )
    plugged_in = models.BooleanField(_("plugged in"), null=True, blank=True)
    plugged_in_at = models.DateTimeField(_("told"), null=True, blank=True)
    charging_kw = models.DecimalField(
        _("charging (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    odometer_km = models.DecimalField(
        _("odometer (km)"), max_digits=10, decimal_places=1, null=True, blank=True
    )
    # Where it stands, as far as that is one of the operator's sites.
    network = models.ForeignKey(
        Network, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    network_at = models.DateTimeField(_("told"), null=True, blank=True)
    # Of the last telematics that counted; what is not newer changes nothing.
    told_at = models.DateTimeField(_("last telematics"), null=True, blank=True)
    read_at = models.DateTimeField(_("last read"))

    class Meta:
        verbose_name = _("vehicle now")
        verbose_name_plural = _("vehicles now")


class VehicleState(models.Model):
    """What a vehicle told at an instant. Kept some weeks; a row only where something changed."""

    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="states", db_index=False
    )
    at = models.DateTimeField(_("at"))
    state_of_charge = models.DecimalField(
        _("state of charge (%)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    plugged_in = models.BooleanField(_("plugged in"), null=True, blank=True)
    charging_kw = models.DecimalField(
        _("charging (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    odometer_km = models.DecimalField(
        _("odometer (km)"), max_digits=10, decimal_places=1, null=True, blank=True
    )
    source = models.CharField(_("source"), max_length=16, choices=Source)

    class Meta:
        verbose_name = _("vehicle's state")
        verbose_name_plural = _("vehicles' states")
        constraints = [
            models.UniqueConstraint(fields=["vehicle", "at", "source"], name="vehicle_state_once")
        ]
        indexes = [models.Index(fields=["at"], name="vehicle_state_by_time")]
