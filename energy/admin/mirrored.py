"""What was read of Ampcontrol, to look at: it is changed there."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from energy.admin.departures import acknowledge_alerts
from energy.models import Alert, Network, Reading, RemoteVehicle, Session
from mirror.admin import ReadOnlyAdmin

GONE = ("retired_at", admin.EmptyFieldListFilter)


@admin.register(Network)
class NetworkAdmin(ReadOnlyAdmin):
    """Networks: what they may draw, and whether anything is steered there."""

    list_display = [
        "__str__",
        "objective",
        "max_capacity_kw",
        "buffer",
        "current_load_kw",
        "uptime_percent",
        "read_at",
        "retired_at",
    ]
    list_filter = ["objective", GONE]
    search_fields = ["name", "remote_id"]
    ordering = ["name", "pk"]

    @admin.display(description=_("uptime"), ordering="uptime")
    def uptime_percent(self, network: Network) -> str:
        """Return the share of time that its chargers were of use."""
        return "–" if network.uptime is None else f"{network.uptime:.1%}"


@admin.register(RemoteVehicle)
class RemoteVehicleAdmin(ReadOnlyAdmin):
    """Vehicles as Ampcontrol has them; whose they are is said by their links."""

    list_display = ["__str__", "customer_number", "plate", "group", "make", "model", "retired_at"]
    list_filter = ["group", GONE]
    search_fields = ["name", "customer_number", "plate", "vin", "remote_id"]
    ordering = ["name", "pk"]
    # Not to be believed without telematics: 0 also stands for “never told”.
    exclude = ["state_of_charge"]


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Charging sessions, the newest first."""

    list_display = [
        "started_at",
        "ended_at",
        "network",
        "active",
        "energy_kwh",
        "power_kw",
        "expected_end_at",
        "priority",
    ]
    list_filter = ["active", "network"]
    list_select_related = ["network"]
    search_fields = ["remote_id", "vehicle_remote_id", "connector_remote_id"]
    ordering = ["-started_at", "-pk"]


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts, the newest first."""

    actions = ["acknowledge"]

    list_display = ["raised_at", "name", "urgency", "status", "network", "description"]
    list_filter = ["status", "urgency", "category", "network"]
    list_select_related = ["network"]
    search_fields = ["name", "description", "charge_point_remote_id", "vehicle_remote_id"]
    ordering = ["-raised_at", "-pk"]

    def has_tell_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("energy.change_alert")

    @admin.action(description=_("Acknowledge in Ampcontrol"), permissions=["tell"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        acknowledge_alerts(request, queryset)


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    """When what was read last, and what could not be; the troubled first."""

    list_display = ["kind", "of", "read_at", "full_at", "due_at", "problem"]
    list_filter = ["kind", ("problem", admin.EmptyFieldListFilter)]
    ordering = ["-problem", "kind", "scope"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the rows with the names of the networks that they are about."""
        networks = Network.objects.filter(remote_id=OuterRef("scope"))
        names = Subquery(networks.values("name")[:1])
        return super().get_queryset(request).annotate(network_name=names)

    @admin.display(description=_("of"), ordering="scope")
    def of(self, reading: Any) -> str:
        """Return the network's name, or Ampcontrol's id of what is read."""
        return reading.network_name or reading.scope or "–"
