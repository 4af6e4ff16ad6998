"""How much power a place may draw, and what a kWh costs, over time."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from energy.models.mirrored import Network
from sites.models import Location

# So far ahead Ampcontrol is asked for a network's lines.
READ_AHEAD = timedelta(hours=36)
# What was drawn longer ago says nothing of now.
DRAWN_LATELY = timedelta(minutes=15)


class Line(models.Model):
    """A course of values of one kind at a network, or at a site that has none.

    A site's own come from AMPECO's circuits and electricity rates, and count once staff have
    confirmed them; `evidence` says from which figures and by which formula. `confirmed_by` is who
    decided, also where it was refused.
    """

    class Kind(models.TextChoices):
        CAPACITY = "capacity", _("capacity (kW)")
        BASELOAD = "baseload", _("baseload (kW)")
        DEMAND_RESPONSE = "demand-response", _("demand response (kW)")
        SOLAR = "solar", _("solar (kW)")
        DRAWN = "drawn", _("drawn (kW)")
        PRICE = "price", _("price per kWh")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    network = models.ForeignKey(
        Network, on_delete=models.CASCADE, null=True, blank=True, related_name="lines"
    )
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, null=True, blank=True, related_name="lines"
    )
    currency = models.CharField(_("currency"), max_length=8, blank=True)
    evidence = models.JSONField(_("evidence"), default=dict, blank=True)
    read_at = models.DateTimeField(_("last read"))
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)
    refused_at = models.DateTimeField(_("refused"), null=True, blank=True)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "network"],
                condition=models.Q(network__isnull=False),
                name="line_once_a_network",
            ),
            models.UniqueConstraint(
                fields=["kind", "location"],
                condition=models.Q(location__isnull=False),
                name="line_once_a_site",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.location or self.network}"


class LinePoint(models.Model):
    """A value of a line from an instant on, until the next one's."""

    line = models.ForeignKey(Line, on_delete=models.CASCADE, related_name="points", db_index=False)
    at = models.DateTimeField(_("from"))
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=5)

    class Meta:
        verbose_name = _("point of a line")
        verbose_name_plural = _("points of lines")
        constraints = [models.UniqueConstraint(fields=["line", "at"], name="line_point_once")]
