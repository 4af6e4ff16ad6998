"""Where drivers can charge: AMPECO's locations, charge points, EVSEs and connectors, mirrored.

A mirrored row that vanishes upstream is retired (`retired_at`), never deleted, since bookings
refer to it.
"""

from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mirror.models import Mirrored
from mirror.search import index_of_words
from shell.wall_clock import zone_of_place


class Location(Mirrored):
    """A place with charge points; “site” on pages."""

    class Status(models.TextChoices):
        ENABLED = "enabled", _("Enabled")
        DISABLED = "disabled", _("Disabled")
        UNKNOWN = "unknown", _("Unknown")

    name = models.CharField(_("name"), max_length=255)
    description = models.TextField(_("description"), blank=True)
    address = models.CharField(_("address"), max_length=500, blank=True)
    street_address = models.CharField(_("street"), max_length=500, blank=True)
    city = models.CharField(_("city"), max_length=255, blank=True)
    region = models.CharField(_("region"), max_length=255, blank=True)
    post_code = models.CharField(_("postcode"), max_length=32, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    timezone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Empty: the portal's default.")
    )
    parking_type = models.CharField(_("parking"), max_length=64, blank=True)
    access_methods = models.JSONField(_("access"), default=list, blank=True)
    facilities = models.JSONField(_("facilities"), default=list, blank=True)
    how_to_get_in = models.TextField(_("how to get in"), blank=True)
    always_open = models.BooleanField(_("always open"), null=True, blank=True)
    opening_hours = models.JSONField(
        _("opening hours"),
        default=dict,
        blank=True,
        # A day of which it cannot be read has null, one that is closed is left out.
        help_text=_("By weekday, in the site's zone: {“monday”: [[“08:00”, “18:00”]]}."),
    )
    status = models.CharField(_("status"), max_length=16, choices=Status)
    is_roaming = models.BooleanField(
        _("other operator's"),
        default=False,
        db_default=False,
        help_text=_("Reached by roaming; nothing can be booked there."),
    )
    search_text = models.TextField(editable=False, blank=True)

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        indexes = [
            models.Index(fields=["name", "id"], name="location_by_name"),
            index_of_words("location_by_words"),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def zone(self) -> ZoneInfo:
        """The site's time zone, or the portal's default where AMPECO names none we know."""
        return zone_of_place(self.timezone) or ZoneInfo(settings.DEFAULT_TIMEZONE)

    @property
    def zone_is_assumed(self) -> bool:
        return zone_of_place(self.timezone) is None


class ChargePoint(Mirrored):
    """The hardware that carries EVSEs."""

    class Type(models.TextChoices):
        PUBLIC = "public", _("Public")
        PRIVATE = "private", _("Private")
        UNKNOWN = "unknown", _("Unknown")

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="charge_points")
    name = models.CharField(_("name"), max_length=255, blank=True)
    type = models.CharField(_("type"), max_length=16, choices=Type)
    status = models.CharField(_("status"), max_length=32)
    network_status = models.CharField(_("network"), max_length=32, blank=True)
    hardware_status = models.CharField(_("hardware"), max_length=32, blank=True)
    ampeco_partner_id = models.BigIntegerField(_("partner"), null=True, blank=True)
    partner_access_type = models.CharField(_("partner access"), max_length=64, blank=True)
    # What it calls itself over OCPP, and what is engraved: other platforms know it by those.
    ocpp_id = models.CharField(_("OCPP id"), max_length=255, blank=True, db_default="")
    serial_number = models.CharField(_("serial number"), max_length=255, blank=True, db_default="")
    ampeco_electricity_rate_id = models.BigIntegerField(
        _("electricity rate"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("charge point")
        verbose_name_plural = _("charge points")

    def __str__(self) -> str:
        return self.name or f"#{self.ampeco_id}"

    @property
    def is_private(self) -> bool:
        return self.type == self.Type.PRIVATE

    @property
    def is_open_to_all(self) -> bool:
        """Whether every driver may charge there, even if only a partner's drivers see it."""
        return not self.is_private or self.partner_access_type == "private_view_public_use"


class Evse(Mirrored):
    """What is booked: one place to charge at a charge point."""

    class CurrentType(models.TextChoices):
        AC = "ac", _("AC")
        DC = "dc", _("DC")
        UNKNOWN = "unknown", _("Unknown")

    class Status(models.TextChoices):
        ENABLED = "enabled", _("Enabled")
        DISABLED = "disabled", _("Disabled")
        OUT_OF_ORDER = "out of order", _("Out of order")
        UNKNOWN = "unknown", _("Unknown")

    charge_point = models.ForeignKey(ChargePoint, on_delete=models.PROTECT, related_name="evses")
    physical_reference = models.CharField(_("reference"), max_length=255, blank=True)
    label = models.CharField(_("label"), max_length=255, blank=True)
    network_id = models.CharField(_("OCPP id"), max_length=64, blank=True)
    current_type = models.CharField(_("current"), max_length=8, choices=CurrentType)
    status = models.CharField(_("status"), max_length=16, choices=Status)
    hardware_status = models.CharField(_("hardware"), max_length=32, blank=True)
    booking_enabled = models.BooleanField(_("can be booked"), default=False)
    max_power_kw = models.DecimalField(
        _("power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    ampeco_tariff_group_id = models.BigIntegerField(_("tariff group"), null=True, blank=True)

    class Meta:
        verbose_name = _("EVSE")
        verbose_name_plural = _("EVSEs")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        if self.label and self.physical_reference and self.label != self.physical_reference:
            return f"{self.label} ({self.physical_reference})"
        return self.label or self.physical_reference or f"#{self.ampeco_id}"

    @cached_property
    def plug_types(self) -> frozenset[str]:
        return frozenset(plug.type for plug in self.connectors.all() if plug.status != "disabled")


class Connector(models.Model):
    """A plug of an EVSE; replaced as a whole whenever its EVSE is read."""

    evse = models.ForeignKey(
        Evse, on_delete=models.CASCADE, related_name="connectors", db_index=False
    )
    ampeco_id = models.BigIntegerField(_("AMPECO id"))
    type = models.CharField(_("type"), max_length=32)
    format = models.CharField(_("format"), max_length=16, blank=True)
    status = models.CharField(_("status"), max_length=16, blank=True)

    class Meta:
        verbose_name = _("connector")
        verbose_name_plural = _("connectors")
        constraints = [
            models.UniqueConstraint(fields=["evse", "ampeco_id"], name="connector_once_an_evse")
        ]


class ParkingSpace(Mirrored):
    """Where a vehicle stands while it charges at one of some EVSEs.

    AMPECO tells no dimensions of it: see `ParkingLimits`.
    """

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="parking_spaces")
    label = models.CharField(_("label"), max_length=255, blank=True)
    status = models.CharField(_("status"), max_length=16)
    is_accessible = models.BooleanField(_("for people with disabilities"), default=False)
    evses = models.ManyToManyField(Evse, related_name="parking_spaces", verbose_name=_("EVSEs"))

    class Meta:
        verbose_name = _("parking space")
        verbose_name_plural = _("parking spaces")

    def __str__(self) -> str:
        return self.label or f"#{self.ampeco_id}"

    @property
    def is_in_service(self) -> bool:
        return self.retired_at is None and self.status != "disabled"


class ParkingLimits(models.Model):
    """Which vehicles find room in a parking space, as the operator's staff say it.

    What is empty is not known; `vehicle_types` are AMPECO's, none means any.
    """

    space = models.OneToOneField(ParkingSpace, on_delete=models.CASCADE, related_name="limits")
    max_weight_kg = models.PositiveIntegerField(_("heaviest (kg)"), null=True, blank=True)
    max_height_cm = models.PositiveIntegerField(_("highest (cm)"), null=True, blank=True)
    max_length_cm = models.PositiveIntegerField(_("longest (cm)"), null=True, blank=True)
    max_width_cm = models.PositiveIntegerField(_("widest (cm)"), null=True, blank=True)
    vehicle_types = models.JSONField(_("kinds of vehicles"), default=list, blank=True)
    drive_through = models.BooleanField(_("drive-through"), null=True, blank=True)
    refrigeration_outlet = models.BooleanField(_("refrigeration outlet"), null=True, blank=True)
    dangerous_goods = models.BooleanField(_("dangerous goods allowed"), null=True, blank=True)

    class Meta:
        verbose_name = _("limits of a parking space")
        verbose_name_plural = _("limits of parking spaces")


class FavouriteSite(models.Model):
    """A site that somebody wants at hand. It is theirs, in whichever fleet they work."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="favourite_sites",
        db_index=False,
        verbose_name=_("person"),
    )
    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, related_name="favourites", verbose_name=_("site")
    )
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("favourite site")
        verbose_name_plural = _("favourite sites")
        constraints = [
            models.UniqueConstraint(fields=["user", "location"], name="favourite_once_a_person")
        ]
