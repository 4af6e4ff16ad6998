"""Booking rules in the back office: set by staff, for one fleet or for each."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from limits.models import Limit, not_at
from limits.reading import rules_from
from limits.sentences import described
from shell.plain_text import OneLineModelForm


class LimitForm(OneLineModelForm):
    """A rule; what a kind has no use for is left empty."""

    weekdays = forms.MultipleChoiceField(
        label=_("Days"),
        choices=lambda: [(str(day), WEEKDAYS[day]) for day in range(7)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Of a time window: on which days it begins."),
    )

    class Meta:
        model = Limit
        fields = [
            "kind",
            "fleet",
            "most",
            "weekdays",
            "begins",
            "ends",
            "start_at",
            "end_at",
            "location",
            "evses",
            "note",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["weekdays"] = list(self.initial.get("weekdays") or "")

    def clean_weekdays(self) -> str:
        return "".join(sorted(self.cleaned_data["weekdays"]))

    def clean(self) -> dict[str, Any]:
        """Hold the chargers against the site."""
        data = super().clean() or {}
        if problem := not_at(data.get("location"), data.get("evses")):
            self.add_error("evses", problem)
        return data


@admin.register(Limit)
class LimitAdmin(ModelAdmin):
    """What fleets may book, those rules included that they have set for themselves."""

    form = LimitForm
    list_display = ["described", "fleet", "by_fleet", "created_at"]
    list_filter = ["kind", "by_fleet", "fleet"]
    list_select_related = ["fleet", "location"]
    search_fields = ["fleet__name", "location__name", "note"]
    ordering = ["-pk"]
    autocomplete_fields = ["fleet", "location", "evses"]
    readonly_fields = ["by_fleet", "created_by", "created_at"]
    fieldsets = [
        (None, {"fields": ["kind", "fleet", "most"]}),
        (_("Time window"), {"fields": ["weekdays", "begins", "ends"]}),
        (_("Blackout"), {"fields": ["start_at", "end_at"]}),
        (_("Where"), {"fields": ["location", "evses"]}),
        (None, {"fields": ["note", "by_fleet", "created_by", "created_at"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Limit | None = None) -> list[str]:
        """Leave a rule that a fleet has set for itself with that fleet."""
        own = ["fleet"] if obj and obj.by_fleet else []
        return [*super().get_readonly_fields(request, obj), *own]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take texts from the address; an instant has two fields, which take none."""
        given = super().get_changeform_initial_data(request)
        instants = {"start_at", "end_at"}
        return {name: value for name, value in given.items() if name not in instants}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Limit]:
        return super().get_queryset(request).prefetch_related("evses__charge_point")

    def save_model(self, request: HttpRequest, obj: Limit, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @admin.display(description=_("rule"))
    def described(self, limit: Limit) -> str:
        """Return the rule in a sentence, as fleets read it."""
        return described(rules_from([limit])[0])
