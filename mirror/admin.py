# ruff: noqa: ARG002 - Django calls these methods by position.
"""The runs of the mirrors in the back office: when each last ran and what it did."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from mirror.models import SyncRun

ORDER = (
    "locations",
    "charge_points",
    "evses",
    "parking_spaces",
    "bookings",
    "seen",
    "new",
    "found",
    "joined",
    "changed",
    "retired",
    "left",
    "skipped",
)


class ReadOnlyAdmin(ModelAdmin):
    """Rows that staff may look at and nobody may change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):
    """Rows on the page of another one that nobody may change."""

    extra = 0
    hide_title = True
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return self.fields or ()

    def has_add_permission(self, *args: object) -> bool:
        return False

    def has_change_permission(self, *args: object) -> bool:
        return False


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = ["kind", "state", "started_at", "duration", "calls", "summary", "problem"]
    list_filter = ["kind", "state", "started_at"]
    date_hierarchy = "started_at"
    ordering = ["-started_at", "-pk"]
    fields = [
        "kind",
        "state",
        "started_at",
        "alive_at",
        "finished_at",
        "duration",
        "updated_after",
        "phase",
        "calls",
        "summary",
        "problem",
        "ampeco_partner_id",
    ]
    readonly_fields = ["duration", "summary"]

    @admin.display(description=_("duration"))
    def duration(self, run: SyncRun) -> str:
        seconds = run.duration_seconds
        return "–" if seconds is None else f"{seconds:.1f} s"

    @admin.display(description=_("counts"))
    def summary(self, run: SyncRun) -> str:
        return counts_text(run.counts) or "–"


def counts_text(counts: dict[str, object]) -> str:
    """Return counts as text, such as “locations: seen 12, new 3; evse list forbidden”.

    Lists are what a run notes for the next one.
    """
    parts = []
    for name, value in in_order(counts):
        words = name.replace("_", " ")
        if isinstance(value, dict):
            numbers = ", ".join(f"{what} {number}" for what, number in in_order(value) if number)
            if numbers:
                parts.append(f"{words}: {numbers}")
        elif value is True:
            parts.append(words)
        elif value and not isinstance(value, list):
            parts.append(f"{words}: {value}")
    return "; ".join(parts)


def in_order(counts: dict[str, object]) -> list[tuple[str, object]]:
    """Return counts as a person expects them; PostgreSQL orders the keys of JSON by itself."""
    return sorted(
        counts.items(),
        key=lambda item: (ORDER.index(item[0]) if item[0] in ORDER else len(ORDER), item[0]),
    )
