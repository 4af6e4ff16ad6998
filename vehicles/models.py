"""What a fleet drives. AMPECO knows no vehicles: these are the portal's own rows."""

import re
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from drivers.models import Driver, Fleet
from sites.models import Location


class Vehicle(models.Model):
    """A vehicle of a fleet: retired when it is sold, never deleted, since bookings name it.

    What is empty is not known; `vehicles.assumptions` says what is assumed then.
    """

    class Type(models.TextChoices):
        """AMPECO's vehicle types, as parking spaces and requests for bookings name them."""

        TWO_WHEELER = (
            "two_and_three_wheel_vehicles_and_quadricycles",
            _("Two- or three-wheeler"),
        )
        CAR = "passenger_vehicles", _("Car")
        CAR_WITH_TRAILER = "passenger_vehicles_with_trailer", _("Car with trailer")
        VAN = "light_duty_vans", _("Van")
        TRACTOR = "heavy_duty_tractor_units_without_trailer", _("Tractor unit")
        TRUCK = "heavy_duty_trucks_without_articulation_point", _("Rigid truck")
        TRUCK_WITH_TRAILER = "heavy_duty_trucks_with_trailer_attached", _("Truck with trailer")
        BUS = "buses_or_motor_coaches", _("Bus or coach")

    fleet = models.ForeignKey(
        Fleet, on_delete=models.PROTECT, db_index=False, related_name="vehicles"
    )
    number = models.CharField(
        _("number"), max_length=32, help_text=_("What your fleet calls it, such as “Van 14”.")
    )
    plate = models.CharField(_("plate"), max_length=16, blank=True)
    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    make = models.CharField(_("make"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=64, blank=True)
    ampeco_type = models.CharField(_("kind of vehicle"), max_length=64, choices=Type, blank=True)

    battery_kwh = models.DecimalField(
        _("battery (kWh)"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    ac_kw = models.DecimalField(
        _("AC power (kW)"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    dc_kw = models.DecimalField(
        _("DC power (kW)"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    # AMPECO's words for connectors, as in `Connector.type`.
    plugs = models.JSONField(_("plugs"), default=list, blank=True)
    kwh_per_km = models.DecimalField(
        _("consumption (kWh per km)"), max_digits=5, decimal_places=3, null=True, blank=True
    )
    reserve_percent = models.PositiveSmallIntegerField(
        _("reserve (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(90)],
        help_text=_("What is to be left in the battery at the end of a trip."),
    )

    weight_kg = models.PositiveIntegerField(_("weight (kg)"), null=True, blank=True)
    height_cm = models.PositiveIntegerField(_("height (cm)"), null=True, blank=True)
    length_cm = models.PositiveIntegerField(_("length (cm)"), null=True, blank=True)
    width_cm = models.PositiveIntegerField(_("width (cm)"), null=True, blank=True)
    needs_drive_through = models.BooleanField(_("needs a drive-through space"), default=False)
    needs_refrigeration = models.BooleanField(_("needs a refrigeration outlet"), default=False)
    carries_dangerous_goods = models.BooleanField(_("carries dangerous goods"), default=False)

    home_site = models.ForeignKey(
        Location,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("home site"),
    )
    usual_driver = models.ForeignKey(
        Driver,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="usual_vehicles",
        verbose_name=_("usual driver"),
    )
    cost_centre = models.CharField(_("cost centre"), max_length=64, blank=True)

    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    search_text = models.TextField(editable=False, blank=True)
    number_key = models.CharField(max_length=200, editable=False, blank=True, db_default="")

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        constraints = [
            models.UniqueConstraint(
                "fleet",
                Upper("number"),
                condition=models.Q(retired_at=None),
                name="vehicle_number_once_a_fleet",
            ),
            models.UniqueConstraint(
                "fleet",
                Upper("plate"),
                condition=models.Q(retired_at=None) & ~models.Q(plate=""),
                name="vehicle_plate_once_a_fleet",
            ),
        ]
        indexes = [models.Index(fields=["fleet", "number", "id"], name="vehicle_by_number")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save it with the text by which numbers are in order."""
        self.number_key = number_key(self.number)
        super().save(*args, **kwargs)

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None

    @property
    def name(self) -> str:
        """The number, with the plate where that says more."""
        if self.plate and self.plate != self.number:
            return f"{self.number} ({self.plate})"
        return self.number


def number_key(number: str) -> str:
    """Return a text by which “Van 7” comes before “Van 14”."""
    return re.sub(r"[0-9]+", lambda digits: digits[0].zfill(8), number.casefold())[:200]


class BayMemory(models.Model):
    """What an operator made of a vehicle's needs of a parking space at a site, fleet by fleet.

    `needs` are AMPECO's parking space criteria as they were sent, `needs_key` tells the same ones.
    """

    fleet = models.ForeignKey(Fleet, on_delete=models.CASCADE, db_index=False, related_name="+")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="bay_memories")
    needs = models.JSONField(_("needs"), default=dict)
    needs_key = models.CharField(max_length=64)
    approved = models.PositiveIntegerField(_("approved"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    last_reason = models.CharField(_("operator's last reason"), max_length=1000, blank=True)
    refused_at = models.DateTimeField(_("last refused"), null=True, blank=True)
    changed_at = models.DateTimeField(_("last decided"), default=timezone.now)

    class Meta:
        verbose_name = _("bay memory")
        verbose_name_plural = _("bay memories")
        constraints = [
            models.UniqueConstraint(
                fields=["fleet", "location", "needs_key"], name="bay_memory_once_a_need"
            )
        ]
        indexes = [models.Index(fields=["fleet", "needs_key"], name="bay_memory_by_need")]
