# ruff: noqa: ARG002 - Django calls these methods by position.
"""Vehicles in the back office: those of all fleets, to look at; their fleets change them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mirror.admin import ReadOnlyAdmin
from mirror.search import with_words
from vehicles.bay_memory import verdict_text
from vehicles.models import BayMemory, Vehicle


@admin.register(Vehicle)
class VehicleAdmin(ReadOnlyAdmin):
    """Vehicles, found as their fleets find them."""

    list_display = ["number", "plate", "fleet", "ampeco_type", "usual_driver", "retired_at"]
    list_filter = ["fleet", "ampeco_type", ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["fleet", "usual_driver"]
    search_fields = ["search_text"]
    ordering = ["fleet__name", "number", "pk"]
    exclude = ["search_text", "version"]

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        search_term: str,
    ) -> tuple[QuerySet[Any], bool]:
        """Return the vehicles in which each word occurs, however it is written."""
        return with_words(queryset, search_term), False


@admin.register(BayMemory)
class BayMemoryAdmin(ReadOnlyAdmin):
    """What the operator decided about vehicles of a size."""

    list_display = ["location", "fleet", "verdict", "changed_at"]
    list_filter = ["fleet"]
    list_select_related = ["fleet", "location"]
    search_fields = ["location__name"]
    ordering = ["-changed_at", "pk"]
    exclude = ["needs_key"]

    @admin.display(description=_("verdict"))
    def verdict(self, memory: BayMemory) -> str:
        """Return what was approved and refused, in a sentence."""
        return verdict_text(memory)
