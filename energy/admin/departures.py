"""Departures and what Ampcontrol was told, to look at; and what staff tell it by a click."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from ampcontrol.connection import is_on
from energy.departures.telling import UNSEEN, acknowledge, create_in_ampcontrol
from energy.models import Alert, Departure, PassedOn, Telling
from energy.selectors.walls import vehicles_by_remote_id
from mirror.admin import ReadOnlyAdmin
from vehicles.models import Vehicle


@admin.register(Departure)
class DepartureAdmin(ReadOnlyAdmin):
    """When vehicles leave, the latest first; their fleets set it."""

    list_display = ["leaves_at", "vehicle", "fleet", "source", "target_percent", "cancelled_at"]
    list_filter = ["source", "vehicle__fleet"]
    list_select_related = ["vehicle__fleet"]
    search_fields = ["vehicle__search_text", "route_remote_id"]
    ordering = ["-leaves_at", "-pk"]

    @admin.display(description=gettext_lazy("fleet"))
    def fleet(self, row: Departure) -> str:
        return str(row.vehicle.fleet)


@admin.register(PassedOn)
class PassedOnAdmin(ReadOnlyAdmin):
    """What vehicles of Ampcontrol's hold by us; the troubled first."""

    list_display = ["vehicle", "held", "held_at", "problem", "anothers_at", "next_attempt_at"]
    list_filter = ["problem"]
    list_select_related = ["vehicle"]
    search_fields = ["vehicle__search_text", "remote_id"]
    ordering = ["-problem", "-held_at", "pk"]


@admin.register(Telling)
class TellingAdmin(ReadOnlyAdmin):
    """What people told Ampcontrol by a click, and what became of it; the newest first."""

    list_display = ["created_at", "kind", "state", "vehicle", "created_by", "settled_at"]
    list_filter = ["kind", "state"]
    list_select_related = ["vehicle", "created_by"]
    search_fields = ["vehicle__search_text", "remote_id"]
    ordering = ["-pk"]


def acknowledge_alerts(request: HttpRequest, alerts: QuerySet[Alert]) -> None:
    """Tell Ampcontrol that somebody has seen alerts, those that are open."""
    open_ones = alerts.filter(retired_at=None, status__in=UNSEEN)
    _say(request, [acknowledge(each, user=request.user) for each in open_ones])  # type: ignore[arg-type]


@admin.action(description=gettext_lazy("Create in Ampcontrol"))
def create_vehicles(
    _model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet[Vehicle]
) -> None:
    """Let Ampcontrol know vehicles that it does not know yet, and link them."""
    if not request.user.has_perm("energy.add_link"):
        raise PermissionDenied
    if not is_on():
        messages.warning(request, _("The portal is not connected to Ampcontrol."))
        return
    linked = set(vehicles_by_remote_id().values())
    new = [each for each in queryset.filter(retired_at=None) if each.pk not in linked]
    _say(request, [create_in_ampcontrol(each, user=request.user) for each in new])  # type: ignore[arg-type]


def _say(request: HttpRequest, told: Iterable[Telling]) -> None:
    """Say what becomes of each kind of outcome, with a number."""
    numbers: dict[Any, int] = {}
    for row in told:
        numbers[row.get_state_display()] = numbers.get(row.get_state_display(), 0) + 1
    if not numbers:
        messages.info(request, _("There is nothing to tell Ampcontrol of these."))
    for outcome, number in numbers.items():
        messages.info(request, f"{outcome}: {number}")


# The rooms below know nothing of Ampcontrol, so it is said here that vehicles have this action.
admin.site.add_action(create_vehicles)
admin.site.disable_action("create_vehicles")
_vehicles = admin.site.get_model_admin(Vehicle)
_vehicles.actions = [*(_vehicles.actions or ()), "create_vehicles"]
