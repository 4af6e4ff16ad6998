"""What comes in from the pages about sessions, cost centres and budgets."""

import re
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from charging.actions.assign import Wanted
from charging.models import Budget, CostCentre, Session
from charging.selectors.cost_centres import cost_centres_of, current_cost_centres
from charging.selectors.filters import NONE, Paid, SessionFilter
from charging.services import last_day_of
from drivers.models import Fleet
from shell.comma_field import CommaField
from shell.money import minor_digits
from shell.plain_text import OneLines
from shell.seen import SeenForm
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles

YEARS = range(2000, 2200)
LARGEST_KEY = 2**62
REFERENCE_LENGTH = Session._meta.get_field("reference").max_length
# How a field of choice says that there is to be none.
NO_CENTRE = str(NONE)
MOST_AMOUNT = Decimal(10) ** 9
CURRENCY = re.compile(r"^[A-Za-z]{3}$")


class Period(StrEnum):
    """Stretches of days that are picked by name."""

    MONTH = "month"
    LAST_MONTH = "last-month"
    YEAR = "year"
    LAST_YEAR = "last-year"
    ALL = "all"


PERIODS = {
    Period.MONTH: _("This month"),
    Period.LAST_MONTH: _("Last month"),
    Period.YEAR: _("This year"),
    Period.LAST_YEAR: _("Last year"),
    Period.ALL: _("All"),
}
# What the choice of a period shows while days that were entered go before it.
ENTERED = ("", _("The dates entered"))


def days_of(period: Period, today: date) -> tuple[date | None, date | None]:
    """Return the first and the last day of a period; None where it is open."""
    month, year = today.replace(day=1), today.replace(month=1, day=1)
    if period == Period.ALL:
        return None, None
    if period == Period.LAST_MONTH:
        last = month - timedelta(days=1)
        return last.replace(day=1), last
    if period == Period.LAST_YEAR:
        last = year - timedelta(days=1)
        return last.replace(month=1, day=1), last
    if period == Period.YEAR:
        return year, year.replace(month=12, day=31)
    return month, last_day_of(month)


def _key() -> forms.IntegerField:
    return forms.IntegerField(
        min_value=NONE, max_value=LARGEST_KEY, required=False, widget=forms.HiddenInput
    )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"})
    )


class SessionListForm(OneLines, forms.Form):
    """How sessions are narrowed: first and last day go before the period that is picked by name."""

    period = forms.ChoiceField(
        label=_("Period"),
        choices=list(PERIODS.items()),
        required=False,
        widget=forms.Select(attrs={"data-empties": "since until"}),
    )
    since = _day(_("From"))
    until = _day(_("To"))
    q = forms.CharField(label=_("Reference begins with"), max_length=64, required=False)
    driver = forms.CharField(label=_("Driver"), max_length=100, required=False)
    vehicle = forms.CharField(label=_("Vehicle"), max_length=100, required=False)
    site = forms.CharField(label=_("Site"), max_length=100, required=False)
    cost_centre = forms.TypedChoiceField(
        label=_("Cost centre"), coerce=int, empty_value=None, required=False
    )
    paid = forms.ChoiceField(
        label=_("Payment"),
        choices=[
            ("", _("Any")),
            (Paid.YES.value, _("Paid")),
            (Paid.NO.value, _("Not paid")),
            (Paid.FREE.value, _("Free of charge")),
            (Paid.REFUNDED.value, _("Refunded")),
        ],
        required=False,
    )
    booked = forms.ChoiceField(
        label=_("Booking"),
        choices=[("", _("Any")), ("yes", _("Booked")), ("no", _("Not booked"))],
        required=False,
    )
    # One thing alone, as the sums by driver and such link to it.
    driver_key = _key()
    vehicle_key = _key()
    site_key = _key()

    def __init__(self, *args: Any, fleet: Fleet, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["cost_centre"].choices = [  # type: ignore[attr-defined]
            ("", gettext("Any")),
            (NO_CENTRE, gettext("Without cost centre")),
            *((each.pk, str(each)) for each in cost_centres_of(fleet)),
        ]
        if self.data.get("since") or self.data.get("until"):
            self.fields["period"].choices = [ENTERED, *PERIODS.items()]  # type: ignore[attr-defined]
            self.data = dict(self.data.items()) | {"period": ""}

    def clean(self) -> dict[str, Any]:
        """Take no period that ends before it begins, nor a day too far away for a clock."""
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day must not be before the first."))
        for name, day in (("since", since), ("until", until)):
            if day and day.year not in YEARS:
                self.add_error(name, _("Please use a year from 2000 to 2199."))
        return data

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is picked besides what holds without."""
        picked = {name for name in self.fields if self.data.get(name)}
        return bool(picked - {"period"}) or self.data.get("period", "") not in {"", Period.MONTH}

    def narrowing(self) -> SessionFilter:
        """Return the filters that are well-formed, of a form whose `is_valid` was asked."""
        data = self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since is None and until is None and not {"since", "until"} & set(self.errors):
            since, until = days_of(Period(data.get("period") or Period.MONTH), self.today)
        return SessionFilter(
            since=since,
            until=until,
            q=data.get("q", ""),
            driver=data.get("driver", ""),
            vehicle=data.get("vehicle", ""),
            site=data.get("site", ""),
            driver_key=data.get("driver_key"),
            vehicle_key=data.get("vehicle_key"),
            site_key=data.get("site_key"),
            cost_centre=data.get("cost_centre"),
            paid=Paid(data["paid"]) if data.get("paid") else None,
            booked=data["booked"] == "yes" if data.get("booked") else None,
        )


class AssignForm(SeenForm):
    """What sessions were for. Of several, what is left empty stays as it is on each."""

    cost_centre = forms.ChoiceField(label=_("Cost centre"), required=False)
    vehicle = forms.CharField(
        label=_("Vehicle"),
        max_length=64,
        required=False,
        help_text=_("Its number or plate."),
        widget=forms.TextInput(attrs={"list": "vehicle-numbers", "autocomplete": "off"}),
    )
    reference = forms.CharField(label=_("Reference"), max_length=REFERENCE_LENGTH, required=False)

    def __init__(self, data: Any, *, fleet: Fleet, sessions: list[Session]) -> None:
        self.fleet = fleet
        self.only = sessions[0] if len(sessions) == 1 else None
        super().__init__(
            data,
            changes=self.only is not None,
            initial=_assigned(self.only) if self.only else {},
        )
        kept = self.only.cost_centre_id if self.only else None
        centres = cost_centres_of(fleet).filter(Q(retired_at=None) | Q(pk=kept))
        self.centres = {str(each.pk): each for each in centres}
        stays = [] if self.only else [("", gettext("As it is"))]
        self.fields["cost_centre"].choices = [  # type: ignore[attr-defined]
            *stays,
            (NO_CENTRE, gettext("None")),
            *((key, str(each)) for key, each in self.centres.items()),
        ]

    def clean_vehicle(self) -> Vehicle | None:
        """Return the vehicle meant; that of the only session may be retired by now."""
        text = self.cleaned_data["vehicle"].strip()
        if not text:
            return None
        if self.only and self.only.vehicle and text == self.only.vehicle.number:
            return self.only.vehicle
        same = Q(number__iexact=text) | Q(plate__iexact=" ".join(text.split()))
        found = list(current_vehicles(self.fleet).filter(same)[:2])
        if len(found) != 1:
            raise forms.ValidationError(_("No vehicle of your fleet has this number or plate."))
        return found[0]

    def clean(self) -> dict[str, Any]:
        """Ask for at least one thing."""
        data = super().clean() or {}
        if not self.errors and not self.wanted():
            self.add_error(None, _("Please fill in what these sessions were for."))
        return data

    def wanted(self) -> Wanted:
        """Return what is to be changed, of a form that is valid."""
        data = self.cleaned_data
        wanted = Wanted()
        if self.only or data["cost_centre"]:
            wanted["cost_centre"] = self.centres.get(data["cost_centre"])
        if self.only or data["vehicle"]:
            wanted["vehicle"] = data["vehicle"]
        if self.only or data["reference"]:
            wanted["reference"] = data["reference"]
        return wanted


def _assigned(session: Session) -> dict[str, Any]:
    return {
        "cost_centre": str(session.cost_centre_id or NO_CENTRE),
        "vehicle": session.vehicle.number if session.vehicle else "",
        "reference": session.reference,
    }


class CostCentreForm(SeenForm):
    """A cost centre: its code, and what it is called."""

    # Not “code”, as which a form that is kept for later would take it for a secret.
    cost_centre = forms.CharField(
        label=_("Code"), max_length=CostCentre._meta.get_field("code").max_length
    )
    name = forms.CharField(
        label=_("Name"), max_length=CostCentre._meta.get_field("name").max_length, required=False
    )


def above_nothing(amount: Decimal) -> Decimal:
    """Return the amount of a budget. Raises ValidationError for nothing."""
    if not amount:
        raise forms.ValidationError(_("Please enter an amount above 0."))
    return amount


def too_many_digits(amount: Decimal, currency: str) -> str:
    """Return what is wrong with an amount, or "": 2,000 euro as somebody typed it is two thousand.

    Zeros at the end count.
    """
    if -int(amount.as_tuple().exponent) <= minor_digits(currency):
        return ""
    text = gettext(
        "%(currency)s has fewer digits after the decimal sign. Please write the amount "
        "without separators of thousands, such as 1250."
    )
    return text % {"currency": currency}


class BudgetForm(SeenForm):
    """What may be spent in a month. Of a budget that there is, whose it is stays."""

    cost_centre = forms.ChoiceField(label=_("For"), required=False)
    amount = CommaField(label=_("Amount a month, with tax"), most=MOST_AMOUNT, places=3)
    currency = forms.RegexField(
        label=_("Currency"),
        regex=CURRENCY,
        error_messages={"invalid": _("Please write its three letters, such as EUR.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": "3"}),
    )
    warn_percent = forms.IntegerField(
        label=_("Warn at (%)"),
        min_value=1,
        max_value=100,
        initial=Budget._meta.get_field("warn_percent").default,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, fleet: Fleet, budget: Budget | None = None) -> None:
        initial = {}
        if budget:
            initial = {"amount": budget.amount, "warn_percent": budget.warn_percent}
        super().__init__(data, changes=budget is not None, initial=initial)
        self.budget = budget
        self.fields["amount"].required = True
        if budget:
            del self.fields["cost_centre"], self.fields["currency"]
            return
        self.centres = {str(each.pk): each for each in current_cost_centres(fleet)}
        self.fields["cost_centre"].choices = [  # type: ignore[attr-defined]
            ("", gettext("The whole fleet")),
            *((key, str(each)) for key, each in self.centres.items()),
        ]

    def clean_amount(self) -> Decimal:
        """Refuse a budget of nothing."""
        return above_nothing(self.cleaned_data["amount"])

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean(self) -> dict[str, Any]:
        """Hold the amount against its currency."""
        data = super().clean()
        amount = data.get("amount")
        currency = self.budget.currency if self.budget else data.get("currency")
        if amount and currency and (problem := too_many_digits(amount, currency)):
            self.add_error("amount", problem)
        return data

    def for_whom(self) -> CostCentre | None:
        """Return the cost centre that was picked, of a form that is valid."""
        return self.centres.get(self.cleaned_data["cost_centre"])
