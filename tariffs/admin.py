"""Tariffs in the back office: to look at, never to change."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ampeco import types
from mirror.admin import ReadOnlyAdmin
from tariffs.engine import terms
from tariffs.models import Tariff, TariffAnswer, TariffGroup, TaxRate

VANISHED = [("retired_at", admin.EmptyFieldListFilter)]


@admin.register(Tariff)
class TariffAdmin(ReadOnlyAdmin):
    """Tariffs, with what they say in words."""

    list_display = ["name", "type", "currency", "by_user", "start_date", "end_date", "retired_at"]
    list_filter = ["type", "currency", "by_user", *VANISHED]
    search_fields = ["name", "ampeco_id"]
    ordering = ["name", "pk"]
    fields = [
        "name",
        "ampeco_id",
        "type",
        "currency",
        "by_user",
        "start_date",
        "end_date",
        "in_words",
        "synced_at",
        "retired_at",
    ]
    readonly_fields = ["in_words"]

    @admin.display(description=_("in words"))
    def in_words(self, tariff: Tariff) -> SafeString:
        sentences = terms(types.Tariff.from_payload(tariff.payload))
        return format_html_join("", "<p>{}</p>", ((sentence,) for sentence in sentences))


@admin.register(TariffGroup)
class TariffGroupAdmin(ReadOnlyAdmin):
    list_display = ["name", "ampeco_id", "tariff_ids", "synced_at", "retired_at"]
    list_filter = VANISHED
    search_fields = ["name", "ampeco_id"]
    ordering = ["name", "pk"]


@admin.register(TariffAnswer)
class TariffAnswerAdmin(ReadOnlyAdmin):
    list_display = [
        "ampeco_user_id",
        "ampeco_group_id",
        "ampeco_tariff_id",
        "wanted_at",
        "asked_at",
    ]
    search_fields = ["ampeco_user_id", "ampeco_group_id"]
    ordering = ["-wanted_at", "-pk"]


@admin.register(TaxRate)
class TaxRateAdmin(ReadOnlyAdmin):
    list_display = ["ampeco_group_id", "percent", "noted_at"]
    ordering = ["ampeco_group_id"]
