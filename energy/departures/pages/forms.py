"""What comes in from the pages about departures. Times are those of a vehicle's clocks."""

from collections.abc import Mapping
from datetime import date, datetime
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from energy.departures.actions import Plan, Weekday
from energy.models import Departure
from shell.comma_field import CommaField
from shell.plain_text import OneLines
from shell.wall_clock import WallClockForm

PERCENT_SIGNS = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "3"}


def day_field(label: Any, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label,
        required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Please enter a day."), "invalid": _("Please enter a day.")},
    )


def time_field(label: Any, *, required: bool = True) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=required,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={
            "required": _("Please enter a time."),
            "invalid": _("Please enter a time such as 06:00."),
        },
    )


def percent_field(label: Any) -> forms.IntegerField:
    text = _("Please enter a whole number from 1 to 100.")
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=1,
        max_value=100,
        widget=forms.TextInput(attrs=PERCENT_SIGNS),
        error_messages={"invalid": text, "min_value": text, "max_value": text},
    )


class DepartureForm(WallClockForm):
    """One departure; a valid form has its `plan`."""

    day = day_field(_("Leaves on"))
    time = time_field(_("Leaves at"))
    target_percent = percent_field(_("Target (%)"))
    distance_km = CommaField(label=_("Distance (km)"), most=9999, places=1)
    energy_kwh = CommaField(label=_("Energy (kWh)"), most=9999, places=1)
    returns_day = day_field(_("Returns on"), required=False)
    returns_time = time_field(_("Returns at"), required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=0)

    def clean(self) -> dict[str, Any]:
        """Work out the instants: the first of two; none where the clocks skip the time."""
        data = super().clean() or {}
        leaves_at = self._instant("time", data.get("day"), data.get("time"))
        returns_at = None
        if data.get("returns_day") and not data.get("returns_time"):
            self.add_error("returns_time", _("Please enter a time."))
        elif data.get("returns_time"):
            day = data.get("returns_day") or data.get("day")
            returns_at = self._instant("returns_time", day, data["returns_time"])
        if leaves_at and not self.errors:
            needs = ("target_percent", "distance_km", "energy_kwh")
            self.plan = Plan(leaves_at, returns_at, **{name: data.get(name) for name in needs})
        return data

    def _instant(self, name: str, day: date | None, clock: clock_time | None) -> datetime | None:
        if day is None or clock is None:
            return None
        # Far from the end of the calendar, where a zone leads out of it.
        if not 2000 <= day.year <= 2200:
            self.add_error("day", _("Please pick a day within a year."))
            return None
        return next(iter(self.instants(name, day, clock)), None)


def initial_of(row: Departure, zone: ZoneInfo) -> dict[str, Any]:
    """Return what the form shows of a departure that is there."""
    leaves, returns = row.leaves_at.astimezone(zone), row.returns_at
    back = returns.astimezone(zone) if returns else None
    return {
        "day": leaves.date(),
        "time": leaves.time(),
        "target_percent": row.target_percent,
        "distance_km": row.distance_km,
        "energy_kwh": row.energy_kwh,
        "returns_day": back and back.date(),
        "returns_time": back and back.time(),
        "version": row.version,
    }


class WeekForm(OneLines, forms.Form):
    """When a vehicle leaves on each weekday; a valid form has its `week`."""

    seen = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, week: Mapping[int, Weekday], seen: str
    ) -> None:
        super().__init__(data, initial={"seen": seen})
        for number, day in week.items():
            name = WEEKDAYS[number]
            self.fields[f"leaves_{number}"] = time_field(name, required=False)
            self.fields[f"target_{number}"] = percent_field(_("Target (%)"))
            self.initial[f"leaves_{number}"] = day.leaves_at
            self.initial[f"target_{number}"] = day.target_percent

    def clean(self) -> dict[str, Any]:
        """Refuse a target of a day on which it does not leave."""
        data = super().clean() or {}
        self.week: dict[int, Weekday] = {}
        for number in range(7):
            leaves_at, target = data.get(f"leaves_{number}"), data.get(f"target_{number}")
            if target and not leaves_at and f"leaves_{number}" not in self.errors:
                self.add_error(f"leaves_{number}", _("Please enter a time."))
            self.week[number] = Weekday(leaves_at, target if leaves_at else None)
        return data

    def days(self) -> list[tuple[Any, Any, Any]]:
        """Return the days with their two fields, for the table."""
        return [
            (WEEKDAYS[number], self[f"leaves_{number}"], self[f"target_{number}"])
            for number in range(7)
        ]


class ChargeForm(OneLines, forms.Form):
    """What somebody read in the vehicle just now."""

    percent = CommaField(label=_("State of charge (%)"), most=100, places=1)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = _("Please enter a number from 0 to 100.")
        self.fields["percent"].required = True
        self.fields["percent"].error_messages |= dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), text
        )


class FirstForm(OneLines, forms.Form):
    """Which session comes first, or no longer does."""

    session = forms.CharField(max_length=64)
    key = forms.UUIDField()
    usual = forms.BooleanField(required=False)


def today_in(zone: ZoneInfo) -> date:
    return timezone.now().astimezone(zone).date()
