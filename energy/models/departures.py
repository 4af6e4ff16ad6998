"""When vehicles leave, and with what in the battery."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vehicles.models import Vehicle

PERCENT = [MinValueValidator(1), MaxValueValidator(100)]


class WeeklyDeparture(models.Model):
    """When a vehicle leaves on a weekday, by the clock of its home site; one a weekday.

    One that was taken back stays, so that it is known who did.
    """

    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="weekly_departures", db_index=False
    )
    # 0 is Monday.
    weekday = models.PositiveSmallIntegerField(_("weekday"), validators=[MaxValueValidator(6)])
    leaves_at = models.TimeField(_("leaves at"))
    target_percent = models.PositiveSmallIntegerField(
        _("target (%)"), null=True, blank=True, validators=PERCENT
    )
    is_off = models.BooleanField(_("taken back"), default=False, db_default=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)

    class Meta:
        verbose_name = _("weekly departure")
        verbose_name_plural = _("weekly departures")
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle", "weekday"], name="weekly_departure_once_a_day"
            )
        ]


class Departure(models.Model):
    """One departure of a vehicle: an instant, and what it needs.

    Of a weekday's rule one row is made ahead; what is told by Ampcontrol's routes follows those.
    """

    class Source(models.TextChoices):
        TYPED = "typed", _("typed in")
        WEEKLY = "weekly", _("every week")
        ROUTE = "route", _("route in Ampcontrol")

    vehicle = models.ForeignKey(
        Vehicle, on_delete=models.CASCADE, related_name="departures", db_index=False
    )
    leaves_at = models.DateTimeField(_("leaves"))
    returns_at = models.DateTimeField(_("returns"), null=True, blank=True)
    target_percent = models.PositiveSmallIntegerField(
        _("target (%)"), null=True, blank=True, validators=PERCENT
    )
    distance_km = models.DecimalField(
        _("distance (km)"), max_digits=8, decimal_places=1, null=True, blank=True
    )
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=8, decimal_places=1, null=True, blank=True
    )
    source = models.CharField(_("source"), max_length=16, choices=Source)
    # Of a weekday's rule: the local day that it was made for, and whether a person has set that day
    # otherwise, so that the rule leaves it alone.
    weekly_day = models.DateField(_("day of the weekly rule"), null=True, blank=True)
    by_hand = models.BooleanField(_("set by hand"), default=False, db_default=False)
    # Of Ampcontrol's route, or of ours there; ours is known there by an id that we give it.
    route_remote_id = models.CharField(_("route"), max_length=64, blank=True)
    route_external_id = models.CharField(
        _("external id"), max_length=64, blank=True, default="", db_default="", editable=False
    )
    # What Ampcontrol holds of it as a route of ours, since when, and what keeps it from that.
    sent = models.JSONField(_("sent"), default=dict, blank=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=500, blank=True)
    # Whoever sends the route holds it until then; what failed is tried again at its time.
    lease_owner = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    next_attempt_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Set once it is past and Ampcontrol no longer holds it.
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # By nobody where a route or the weekly rule changed it; `changed_from` is what it was before.
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    changed_from = models.JSONField(default=dict, blank=True, db_default={}, editable=False)

    class Meta:
        verbose_name = _("departure")
        verbose_name_plural = _("departures")
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle", "leaves_at"],
                condition=models.Q(cancelled_at=None),
                name="departure_once_an_instant",
            ),
            models.UniqueConstraint(
                fields=["vehicle", "weekly_day"],
                condition=models.Q(weekly_day__isnull=False),
                name="departure_once_a_weekly_day",
            ),
            models.UniqueConstraint(
                fields=["route_remote_id"],
                condition=~models.Q(route_remote_id=""),
                name="departure_once_a_route",
            ),
        ]
        indexes = [
            models.Index(
                fields=["leaves_at"],
                condition=models.Q(closed_at=None),
                name="departure_open_by_time",
            )
        ]
