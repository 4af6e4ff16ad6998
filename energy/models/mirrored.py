"""Ampcontrol's records as they were last read. What vanished there is retired, never deleted.

They belong to the operator's account, not to a fleet: `Link` says what is whose.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Remote(models.Model):
    """A row that follows a record of Ampcontrol."""

    remote_id = models.CharField(_("Ampcontrol id"), max_length=64, unique=True)
    remote_updated_at = models.DateTimeField(_("changed upstream"), null=True, blank=True)
    read_at = models.DateTimeField(_("last read"))
    retired_at = models.DateTimeField(_("vanished upstream"), null=True, blank=True)

    class Meta:
        abstract = True


class Network(Remote):
    """A place whose power Ampcontrol shares out."""

    # The objective of one that steers nothing.
    OFF = "off"

    name = models.CharField(_("name"), max_length=255, blank=True)
    objective = models.CharField(_("objective"), max_length=40, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    max_capacity_kw = models.DecimalField(
        _("capacity (kW)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    buffer = models.DecimalField(_("buffer (share)"), max_digits=5, decimal_places=4, default=0)
    baseload_active = models.BooleanField(_("baseload counts"), default=False)
    solar_active = models.BooleanField(_("solar counts"), default=False)
    currency = models.CharField(_("currency"), max_length=8, blank=True)
    default_energy_price = models.DecimalField(
        _("price per kWh"), max_digits=10, decimal_places=5, null=True, blank=True
    )
    current_load_kw = models.DecimalField(
        _("load now (kW)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    uptime = models.FloatField(_("uptime of its chargers (share)"), null=True, blank=True)
    uptime_read_at = models.DateTimeField(_("uptime last read"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)

    class Meta:
        verbose_name = _("network")
        verbose_name_plural = _("networks")

    def __str__(self) -> str:
        return self.name or self.remote_id

    @property
    def steers(self) -> bool:
        return self.objective != self.OFF


class RemoteChargePoint(Remote):
    """Ampcontrol's record of a charge point."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="charge_points")
    ocpp_id = models.CharField(_("OCPP id"), max_length=255, blank=True)
    name = models.CharField(_("name"), max_length=255, blank=True)
    serial_number = models.CharField(_("serial number"), max_length=255, blank=True)
    max_capacity_kw = models.DecimalField(
        _("capacity (kW)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    ocpp_status = models.CharField(_("status"), max_length=32, blank=True)
    online_status = models.CharField(_("connection"), max_length=16, blank=True)
    online_status_at = models.DateTimeField(_("connection since"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)

    class Meta:
        verbose_name = _("charge point in Ampcontrol")
        verbose_name_plural = _("charge points in Ampcontrol")

    def __str__(self) -> str:
        return self.name or self.ocpp_id or self.remote_id


class RemoteConnector(Remote):
    """Ampcontrol's record of a connector; `number` is its OCPP number."""

    charge_point = models.ForeignKey(
        RemoteChargePoint, on_delete=models.CASCADE, related_name="connectors"
    )
    number = models.PositiveSmallIntegerField(_("number"))
    current_type = models.CharField(_("current"), max_length=16, blank=True)
    plug = models.CharField(_("plug"), max_length=16, blank=True)
    max_capacity_kw = models.DecimalField(
        _("capacity (kW)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    ocpp_status = models.CharField(_("status"), max_length=32, blank=True)
    ocpp_status_at = models.DateTimeField(_("status since"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), null=True, blank=True)
    current_load_kw = models.DecimalField(
        _("load now (kW)"), max_digits=10, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = _("connector in Ampcontrol")
        verbose_name_plural = _("connectors in Ampcontrol")

    def __str__(self) -> str:
        return f"{self.charge_point} / {self.number}"


class RemoteVehicle(Remote):
    """Ampcontrol's record of a vehicle. `state_of_charge` alone is not to be believed.

    `inside_network_id` is the network in whose area it is, `types.vehicles.SOMEWHERE` in one that
    is not named, or OUTSIDE; empty where Ampcontrol may just not know it.
    """

    OUTSIDE = "outside"

    name = models.CharField(_("name"), max_length=255, blank=True)
    vin = models.CharField(_("VIN"), max_length=64, blank=True)
    customer_number = models.CharField(_("customer's number"), max_length=255, blank=True)
    plate = models.CharField(_("plate"), max_length=64, blank=True)
    group = models.CharField(_("group"), max_length=255, blank=True)
    make = models.CharField(_("make"), max_length=255, blank=True)
    model = models.CharField(_("model"), max_length=255, blank=True)
    battery_kwh = models.DecimalField(
        _("battery (kWh)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    max_power_kw = models.DecimalField(
        _("power (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    state_of_charge = models.DecimalField(
        _("state of charge (%)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    target_percent = models.DecimalField(
        _("target (%)"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    departs_at = models.DateTimeField(_("departure"), null=True, blank=True)
    inside_network_id = models.CharField(_("inside network"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("vehicle in Ampcontrol")
        verbose_name_plural = _("vehicles in Ampcontrol")

    def __str__(self) -> str:
        return self.name or self.customer_number or self.remote_id


class RemoteTag(Remote):
    """Ampcontrol's record of an id tag; of its number only the end and a key are kept."""

    key = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    last_digits = models.CharField(_("last digits"), max_length=8, blank=True)
    group = models.CharField(_("kind"), max_length=32, blank=True)
    vehicle_remote_id = models.CharField(_("vehicle"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("card in Ampcontrol")
        verbose_name_plural = _("cards in Ampcontrol")


class RemoteRoute(Remote):
    """A trip that Ampcontrol knows of: it starts with a departure and ends with the return."""

    external_id = models.CharField(_("external id"), max_length=128, blank=True)
    vehicle_remote_id = models.CharField(_("vehicle"), max_length=64, blank=True)
    vehicle_group = models.CharField(_("group"), max_length=255, blank=True)
    starts_at = models.DateTimeField(_("departure"), null=True, blank=True)
    ends_at = models.DateTimeField(_("return"), null=True, blank=True)
    distance_km = models.DecimalField(
        _("distance (km)"), max_digits=8, decimal_places=1, null=True, blank=True
    )
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=8, decimal_places=1, null=True, blank=True
    )
    target_percent = models.DecimalField(
        _("target (%)"), max_digits=5, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = _("route in Ampcontrol")
        verbose_name_plural = _("routes in Ampcontrol")
        indexes = [
            models.Index(fields=["vehicle_remote_id", "starts_at"], name="route_by_vehicle"),
            models.Index(fields=["ends_at"], name="route_by_end"),
        ]


class Session(Remote):
    """A charging session as Ampcontrol sees it, with what it means to give."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="sessions")
    connector_remote_id = models.CharField(_("connector"), max_length=64, blank=True)
    charge_point_remote_id = models.CharField(_("charge point"), max_length=64, blank=True)
    vehicle_remote_id = models.CharField(_("vehicle"), max_length=64, blank=True)
    tag_key = models.CharField(max_length=64, blank=True, editable=False)
    started_at = models.DateTimeField(_("began"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    active = models.BooleanField(_("active"), default=False)
    priority = models.PositiveSmallIntegerField(_("priority"), null=True, blank=True)
    energy_kwh = models.DecimalField(
        _("energy (kWh)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    energy_wanted_kwh = models.DecimalField(
        _("energy wanted (kWh)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    # What Ampcontrol's plan gives it now.
    power_kw = models.DecimalField(
        _("power now (kW)"), max_digits=8, decimal_places=2, null=True, blank=True
    )
    # What Ampcontrol's own profile gives from now on: [[instant, kW], …], and when it ends.
    plan = models.JSONField(default=list, blank=True, editable=False)
    expected_end_at = models.DateTimeField(_("expected end"), null=True, blank=True)

    class Meta:
        verbose_name = _("charging session in Ampcontrol")
        verbose_name_plural = _("charging sessions in Ampcontrol")
        indexes = [
            models.Index(fields=["vehicle_remote_id", "-started_at"], name="session_by_vehicle"),
            models.Index(
                fields=["network"], condition=models.Q(active=True), name="session_active"
            ),
            models.Index(fields=["ended_at"], name="session_by_end"),
        ]


class Alert(Remote):
    """Something that Ampcontrol says wants attention."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="alerts")
    charge_point_remote_id = models.CharField(_("charge point"), max_length=64, blank=True)
    connector_remote_id = models.CharField(_("connector"), max_length=64, blank=True)
    vehicle_remote_id = models.CharField(_("vehicle"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=64)
    category = models.CharField(_("category"), max_length=32, blank=True)
    urgency = models.CharField(_("urgency"), max_length=16, blank=True)
    status = models.CharField(_("status"), max_length=16)
    description = models.CharField(_("description"), max_length=500, blank=True)
    raised_at = models.DateTimeField(_("raised"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert in Ampcontrol")
        verbose_name_plural = _("alerts in Ampcontrol")
        indexes = [
            models.Index(fields=["status", "-raised_at"], name="alert_by_status"),
            models.Index(fields=["raised_at"], name="alert_by_time"),
        ]
