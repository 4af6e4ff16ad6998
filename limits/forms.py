"""The forms by which a fleet's admins set rules for their own fleet."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from drivers.models import Fleet
from limits.models import Limit
from limits.rules import Rule
from shell.comma_field import CommaField
from shell.plain_text import OneLines
from shell.seen import SeenForm
from shell.wall_clock import instants_of
from sites.models import Evse, Location

Kind = Limit.Kind
# What each kind asks for.
FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(Limit.COUNTS_BOOKINGS | Limit.IN_HOURS, ("most",)),
    Kind.WINDOW: ("weekdays", "begins", "ends"),
    Kind.BLACKOUT: ("start_at", "end_at"),
}
MISSING = {
    "most": _("Please enter a number."),
    "weekdays": _("Please pick at least one day."),
    **dict.fromkeys(("begins", "ends"), _("Please enter a time.")),
    **dict.fromkeys(("start_at", "end_at"), _("Please enter a day and a time.")),
}
CLOCK = {"widget": forms.TimeInput(attrs={"type": "time"}), "required": False}
DAY_AND_TIME = {
    "widget": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    "required": False,
}


class OwnLimitForm(OneLines, forms.Form):
    """A rule of one kind, for all sites or for one; a valid form has its `limit`.

    Days and times of a blackout are those of the site's clocks.
    """

    most = CommaField(most=9999, places=2)
    weekdays = forms.MultipleChoiceField(
        label=_("Days on which it begins"),
        choices=lambda: [(str(day), WEEKDAYS[day]) for day in range(7)],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    begins = forms.TimeField(label=pgettext_lazy("time of day", "From"), **CLOCK)  # type: ignore[arg-type]
    ends = forms.TimeField(
        label=pgettext_lazy("time of day", "To"),
        help_text=_("A time that is not after the first means the next day."),
        **CLOCK,  # type: ignore[arg-type]
    )
    start_at = forms.DateTimeField(label=_("Start"), **DAY_AND_TIME)  # type: ignore[arg-type]
    end_at = forms.DateTimeField(label=_("End"), **DAY_AND_TIME)  # type: ignore[arg-type]
    evses = forms.ModelMultipleChoiceField(
        label=_("Only these chargers"),
        queryset=Evse.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None: all chargers at the site."),
    )
    note = forms.CharField(
        label=_("Why"),
        max_length=120,
        required=False,
        help_text=_("Your managers read it beside the rule."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        kind: str,
        location: Location | None,
        evses: Iterable[int] = (),
        set_by_operator: Iterable[Rule] = (),
    ) -> None:
        super().__init__(data)
        self.kind, self.location = Kind(kind), location
        self.set_by_operator = list(set_by_operator)
        self.limit = Limit(kind=kind, location=location)
        counts = kind in Limit.COUNTS_BOOKINGS
        self.fields["most"].label = _("Number of bookings") if counts else _("Hours")
        if not counts:
            self.fields["most"].help_text = _("In quarter hours, such as 1.5.")
        chosen = self.fields["evses"]
        assert isinstance(chosen, forms.ModelMultipleChoiceField)
        chosen.queryset = Evse.objects.filter(pk__in=evses).select_related("charge_point")
        chosen.label_from_instance = lambda evse: evse.name  # type: ignore[assignment, method-assign]
        wanted = {*FIELDS[kind], "note", *(["evses"] if location else [])}
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
        for name in FIELDS[kind]:
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = MISSING[name]

    def clean(self) -> dict[str, Any]:
        """Hold it against what the kind needs, and against what the operator has set already."""
        data = super().clean() or {}
        limit = self.limit
        limit.note = data.get("note", "")
        for name in FIELDS[self.kind]:
            value = data.get(name)
            if name == "weekdays":
                value = "".join(value or ())
            elif isinstance(value, datetime):
                value = self._instant(name, value)
            setattr(limit, name, value)
        try:
            limit.clean()
        except forms.ValidationError as problem:
            for name, texts in problem.message_dict.items():
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, texts)
        if not self.errors and self._changes_nothing(frozenset(data.get("evses") or ())):
            self.add_error(
                "most",
                gettext("The operator allows no more than that already; please set less."),
            )
        return data

    def _instant(self, name: str, typed: datetime) -> datetime | None:
        """Return what the site's clocks mean; of two the one that makes the blackout longer."""
        if self.location is None:
            return typed
        meanings = instants_of(typed.date(), typed.time(), self.location.zone)
        if not meanings:
            self.add_error(name, gettext("The clocks skip this time on that day."))
            return None
        return meanings[0 if name == "start_at" else -1].astimezone(UTC)

    def _changes_nothing(self, evses: frozenset[Evse]) -> bool:
        most = self.limit.most
        if most is None:
            return False
        location = self.location.pk if self.location else None
        chosen = frozenset(evse.pk for evse in evses)
        return any(
            rule.kind == self.kind
            and rule.location in {None, location}
            and (not rule.evses or (chosen and chosen <= rule.evses))
            and self._is_as_strict(rule.most, most)
            for rule in self.set_by_operator
        )

    def _is_as_strict(self, theirs: Decimal, ours: Decimal) -> bool:
        return theirs >= ours if self.kind == Kind.NOTICE else theirs <= ours


class DriversForm(SeenForm):
    """What drivers may do on their own pages."""

    change_end = forms.BooleanField(
        label=_("End their booking early, or extend it if the charger is free"), required=False
    )
    move = forms.BooleanField(
        label=_("Take another free charger when theirs is blocked or broken"), required=False
    )
    start = forms.BooleanField(
        label=_("Start and stop the charge, and unlock the connector, at their charger"),
        required=False,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, fleet: Fleet) -> None:
        initial = {
            "change_end": fleet.drivers_may_change_end,
            "move": fleet.drivers_may_move,
            "start": fleet.drivers_may_start,
        }
        super().__init__(data, changes=True, initial=initial)
