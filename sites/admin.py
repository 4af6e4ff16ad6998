"""The mirrored sites in the back office: to look at, never to change.

But for the limits of parking spaces, of which AMPECO tells nothing: those staff note here.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from ampeco.types.places import VEHICLE_TYPES
from mirror.admin import ReadOnlyAdmin
from shell.plain_text import OneLines
from shell.wall_clock import zone_of_place
from sites.facts import readable
from sites.models import ChargePoint, Connector, Evse, Location, ParkingLimits, ParkingSpace

MIRRORED_FILTERS = [("retired_at", admin.EmptyFieldListFilter)]


class ZoneFilter(admin.SimpleListFilter):
    """Finds the sites of which the portal assumes the time zone."""

    title = _("time zone")
    parameter_name = "zone"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:  # noqa: ARG002
        return [("assumed", _("assumed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Location]) -> QuerySet[Location]:  # noqa: ARG002
        if self.value() != "assumed":
            return queryset
        names = Location.objects.order_by().values_list("timezone", flat=True).distinct()
        return queryset.filter(timezone__in=[name for name in names if not zone_of_place(name)])


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

    list_display = [
        "name",
        "city",
        "country",
        "zone_in_use",
        "status",
        "state",
        "retired_at",
        "synced_at",
    ]
    list_filter = ["status", "country", ZoneFilter, *MIRRORED_FILTERS]
    readonly_fields = ["zone_in_use"]
    search_fields = ["name", "city", "address", "=ampeco_id"]
    ordering = ["name", "pk"]

    @admin.display(description=_("use and faults"))
    def state(self, location: Location) -> str:
        return _link("site_state", location.pk)

    @admin.display(description=_("clocks"), ordering="timezone")
    def zone_in_use(self, location: Location) -> str:
        """Return by which zone the portal shows times, and what the operator says besides."""
        names = {"zone": location.zone.key, "name": location.timezone}
        if not location.zone_is_assumed:
            return location.zone.key
        if not location.timezone:
            return gettext("%(zone)s, assumed: the operator names none") % names
        return gettext("%(zone)s, assumed: the operator’s “%(name)s” is no zone of a place") % names


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
        "state",
        "retired_at",
        "synced_at",
    ]
    list_filter = ["type", "status", *MIRRORED_FILTERS]
    list_select_related = ["location"]
    search_fields = ["name", "location__name", "=ampeco_id", "=ampeco_partner_id"]
    ordering = ["name", "pk"]

    @admin.display(description=_("use and faults"))
    def state(self, charge_point: ChargePoint) -> str:
        """Return the way to a page that stands above this room: it is known here by name only."""
        return _link("charge_point_state", charge_point.pk)


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


class LimitsForm(OneLines, forms.ModelForm):
    vehicle_types = forms.MultipleChoiceField(
        label=_("kinds of vehicles"),
        choices=[(kind, readable(kind)) for kind in sorted(VEHICLE_TYPES)],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: any."),
    )

    class Meta:
        model = ParkingLimits
        fields = [
            "max_weight_kg",
            "max_height_cm",
            "max_length_cm",
            "max_width_cm",
            "vehicle_types",
            "drive_through",
            "refrigeration_outlet",
            "dangerous_goods",
        ]


class LimitsInline(StackedInline):
    """Which vehicles find room; what is left empty is not known and keeps nobody away."""

    model = ParkingLimits
    form = LimitsForm
    extra = 1
    max_num = 1
    hide_title = True


@admin.register(ParkingSpace)
class ParkingSpaceAdmin(ModelAdmin):
    """Parking spaces, with the limits that staff have noted."""

    list_display = ["__str__", "location", "status", "chargers", "retired_at", "synced_at"]
    list_filter = ["status", *MIRRORED_FILTERS]
    list_select_related = ["location"]
    search_fields = ["label", "location__name", "=ampeco_id"]
    ordering = ["location__name", "label", "pk"]
    fields = readonly_fields = [
        "label",
        "location",
        "status",
        "is_accessible",
        "chargers",
        "ampeco_id",
        "synced_at",
        "retired_at",
    ]
    inlines = [LimitsInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ParkingSpace]:
        return super().get_queryset(request).prefetch_related("evses")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    @admin.display(description=_("EVSEs"))
    def chargers(self, space: ParkingSpace) -> str:
        return ", ".join(evse.name for evse in space.evses.all())


def _link(page: str, pk: int) -> str:
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{page}", args=[pk]), gettext("Show"))
