"""When what of Ampcontrol was read, and when it is to be read again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reading(models.Model):
    """One kind of record, of the whole account or of one network or vehicle there.

    All processes go by these rows: any number of beats and workers read each thing once.
    """

    class Kind(models.TextChoices):
        NETWORKS = "networks", _("Networks")
        CHARGE_POINTS = "charge-points", _("Charge points")
        CONNECTORS = "connectors", _("Connectors")
        VEHICLES = "vehicles", _("Vehicles")
        TAGS = "tags", _("Cards")
        TELEMATICS = "telematics", _("Telematics")
        SESSIONS = "sessions", _("Charging sessions")
        OPTIMIZATIONS = "optimizations", _("Planned power")
        CAPACITIES = "capacities", _("Capacity")
        DEMAND_RESPONSE = "demand-response", _("Demand response")
        BASELOADS = "baseloads", _("Baseload")
        SOLAR = "solar", _("Solar power")
        PRICES = "prices", _("Prices")
        ROUTES = "routes", _("Routes")
        ALERTS = "alerts", _("Alerts")
        DRAWN = "drawn", _("Drawn power")
        METERS = "meters", _("State of charge by the charger")
        UPTIME = "uptime", _("Uptime")

    kind = models.CharField(_("what"), max_length=32, choices=Kind)
    # Ampcontrol's id of the network or vehicle; empty for the whole account.
    scope = models.CharField(_("of"), max_length=64, blank=True)
    # When the last read that came to its end began, and the last one of all there is.
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    full_at = models.DateTimeField(_("all last read"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"))
    problem = models.CharField(_("problem"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("reading of Ampcontrol")
        verbose_name_plural = _("readings of Ampcontrol")
        constraints = [
            models.UniqueConstraint(fields=["kind", "scope"], name="energy_reading_once")
        ]
