"""The mirrored sites in the back office: to look at, never to change."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from mirror.admin import ReadOnlyAdmin
from sites.models import ChargePoint, Connector, Evse, Location

MIRRORED_FILTERS = [("retired_at", admin.EmptyFieldListFilter)]


class ConnectorInline(TabularInline):
    """The connectors on the page of their EVSE."""

    model = Connector
    extra = 0
    can_delete = False
    fields = ["type", "format", "status", "ampeco_id"]

    def has_add_permission(self, *args: object) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, *args: object) -> bool:  # noqa: ARG002
        return False


@admin.register(Location)
class LocationAdmin(ReadOnlyAdmin):
    """Sites, searchable as on the portal's own list."""

    list_display = ["name", "city", "country", "timezone", "status", "retired_at", "synced_at"]
    list_filter = ["status", "country", *MIRRORED_FILTERS]
    search_fields = ["name", "city", "address", "=ampeco_id"]
    ordering = ["name", "pk"]


@admin.register(ChargePoint)
class ChargePointAdmin(ReadOnlyAdmin):
    """Charge points, with the partner whose private ones they are."""

    list_display = [
        "__str__",
        "location",
        "type",
        "status",
        "network_status",
        "ampeco_partner_id",
        "retired_at",
        "synced_at",
    ]
    list_filter = ["type", "status", *MIRRORED_FILTERS]
    list_select_related = ["location"]
    search_fields = ["name", "location__name", "=ampeco_id", "=ampeco_partner_id"]
    ordering = ["name", "pk"]


@admin.register(Evse)
class EvseAdmin(ReadOnlyAdmin):
    """EVSEs, with what decides whether they can be booked."""

    list_display = [
        "name",
        "charge_point",
        "location",
        "current_type",
        "max_power_kw",
        "status",
        "booking_enabled",
        "retired_at",
        "synced_at",
    ]
    list_filter = ["status", "booking_enabled", "current_type", *MIRRORED_FILTERS]
    list_select_related = ["charge_point__location"]
    search_fields = [
        "label",
        "physical_reference",
        "charge_point__name",
        "charge_point__location__name",
        "=ampeco_id",
    ]
    ordering = ["charge_point__location__name", "pk"]
    inlines = [ConnectorInline]

    @admin.display(description=_("site"), ordering="charge_point__location__name")
    def location(self, evse: Evse) -> str:
        return evse.charge_point.location.name
