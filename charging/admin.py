"""Sessions, their payments, cost centres and budgets in the back office."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from charging.actions.cost_centres import (
    CodeTaken,
    add_cost_centre,
    change_cost_centre,
    check_code,
)
from charging.models import Budget, CostCentre, Session, Transaction
from charging.pages.cost_centres import set_retired, tell_claimed
from charging.pages.forms import CURRENCY, MOST_AMOUNT, above_nothing, too_many_digits
from drivers.large_admin import LargeAdmin, drivers_named
from mirror.admin import ReadOnlyInline
from shell.comma_field import CommaField
from shell.seen import UntouchedStays


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


class CostCentreForm(UntouchedStays):
    """A cost centre, whose code stands once in a fleet."""

    decisions = ("code", "name")

    def clean(self) -> dict[str, Any]:
        """Refuse the code of another."""
        data = super().clean()
        own = self.instance if self.instance.pk else None
        fleet, code = own.fleet if own else data.get("fleet"), data.get("code")
        if fleet and code:
            try:
                check_code(fleet, code, besides=own)
            except CodeTaken as taken:
                self.add_error("code", taken.message)
        return data


@admin.register(CostCentre)
class CostCentreAdmin(ModelAdmin):
    """The cost centres of fleets; retired, never deleted."""

    form = CostCentreForm
    list_display = ["code", "name", "fleet", "retired_at"]
    list_filter = ["fleet"]
    list_select_related = ["fleet"]
    search_fields = ["code", "name", "fleet__name"]
    autocomplete_fields = ["fleet"]
    ordering = ["fleet", "code"]
    fields = ["fleet", "code", "name", "retired_at"]
    actions = ["retire", "bring_back"]

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: CostCentre | None = None,
    ) -> list[str]:
        return ["fleet", "retired_at"] if obj else ["retired_at"]

    def has_delete_permission(self, *args: object) -> bool:  # noqa: ARG002
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: CostCentre,
        form: forms.ModelForm,  # noqa: ARG002
        change: bool,
    ) -> None:
        """Save it as the fleet's own page does: vehicles and sessions follow."""
        if change:
            change_cost_centre(obj, code=obj.code, name=obj.name)
            return
        added, claimed = add_cost_centre(obj.fleet, code=obj.code, name=obj.name)
        obj.pk = added.pk
        tell_claimed(request, claimed)

    @admin.action(description=_("Retire"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet[CostCentre]) -> None:
        """Take the chosen ones out of what can be picked."""
        for centre in queryset:
            set_retired(request, centre, retired=True)

    @admin.action(description=_("Bring back"), permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[CostCentre]) -> None:
        """Let the chosen ones be picked again."""
        for centre in queryset:
            set_retired(request, centre, retired=False)


class BudgetForm(UntouchedStays):
    """A budget, held against what spending is counted in."""

    decisions = ("amount", "warn_percent")

    amount = CommaField(
        label=_("amount a month"), most=MOST_AMOUNT, places=3, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "amount" in self.fields:
            self.fields["amount"].required = True

    def clean_amount(self) -> Decimal:
        return above_nothing(self.cleaned_data["amount"])

    def clean_currency(self) -> str:
        """Return it in capitals, as sessions have it."""
        currency: str = self.cleaned_data["currency"]
        if not CURRENCY.fullmatch(currency):
            raise forms.ValidationError(_("Please write its three letters, such as EUR."))
        return currency.upper()

    def clean(self) -> dict[str, Any]:
        """Hold the cost centre against the fleet, and the amount against its currency."""
        data = super().clean()
        fleet, centre = data.get("fleet"), data.get("cost_centre")
        if fleet and centre and centre.fleet != fleet:
            field = self.fields["cost_centre"]
            self.add_error("cost_centre", field.error_messages["invalid_choice"])
        amount, currency = data.get("amount"), data.get("currency") or self.instance.currency
        # What was not touched has as many digits as the database keeps.
        is_typed = "amount" in self.changed_data
        if is_typed and amount and currency and (problem := too_many_digits(amount, currency)):
            self.add_error("amount", problem)
        return data


@admin.register(Budget)
class BudgetAdmin(ModelAdmin):
    """What cost centres and fleets may spend in a month; whose a budget is stays."""

    form = BudgetForm
    list_display = ["fleet", "cost_centre", "amount", "currency", "warn_percent"]
    list_filter = ["fleet"]
    list_select_related = ["fleet", "cost_centre"]
    search_fields = ["fleet__name", "cost_centre__code"]
    autocomplete_fields = ["fleet", "cost_centre"]
    ordering = ["fleet", "pk"]

    def get_readonly_fields(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Budget | None = None,
    ) -> list[str]:
        return ["fleet", "cost_centre", "currency"] if obj else []
