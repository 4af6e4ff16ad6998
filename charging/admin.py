"""Sessions, their payments, cost centres and budgets in the back office."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from charging.models import Budget, CostCentre, Session, Transaction
from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from shell.plain_text import OneLineModelForm


class TransactionInline(ReadOnlyInline):
    """The payments for a session."""

    model = Transaction
    fields = ["ampeco_id", "number", "status", "made_at", "finalized_at", "amount", "currency"]


@admin.register(Session)
class SessionAdmin(LargeAdmin):
    """What drivers charged, as it is mirrored."""

    list_display = [
        *("ampeco_id", "fleet", "driver", "location", "started_at", "status", "energy_kwh"),
        *("amount", "currency", "payment"),
    ]
    list_filter = ["status", "payment"]
    list_select_related = ["fleet", "driver", "location"]
    search_fields = ["ampeco_id", "booking__pk", "driver__search_text"]
    search_help_text = _("Number of the session or the booking, name or e-mail of the driver")
    inlines = [TransactionInline]

    def by_number(self, number: int) -> Q:
        return Q(ampeco_id=str(number)) | Q(booking=number)

    def by_words(self, words: str) -> Q:
        return Q(driver__in=drivers_named(words))

    def by_uuid(self, wanted: object) -> Q:  # noqa: ARG002 - no session has one
        return Q(pk=None)


@admin.register(CostCentre)
class CostCentreAdmin(ModelAdmin):
    """The cost centres of fleets; retired, never deleted."""

    form = OneLineModelForm
    list_display = ["code", "name", "fleet", "retired_at"]
    list_filter = ["fleet"]
    list_select_related = ["fleet"]
    search_fields = ["code", "name", "fleet__name"]
    autocomplete_fields = ["fleet"]
    ordering = ["fleet", "code"]
    fields = ["fleet", "code", "name", "retired_at"]

    def has_delete_permission(self, *args: object) -> bool:  # noqa: ARG002
        return False


@admin.register(Budget)
class BudgetAdmin(ModelAdmin):
    """What cost centres and fleets may spend in a month."""

    form = OneLineModelForm
    list_display = ["fleet", "cost_centre", "amount", "currency", "warn_percent"]
    list_filter = ["fleet"]
    list_select_related = ["fleet", "cost_centre"]
    search_fields = ["fleet__name", "cost_centre__code"]
    autocomplete_fields = ["fleet", "cost_centre"]
    ordering = ["fleet", "pk"]
