"""What somebody types of a series: its rhythm, who charges where, and what is left out."""

import re
import uuid
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.models import Booking
from bookings.pages.forms import plausible_day
from bookings.pages.vehicles.choice import LONGEST_QUERY
from drivers.models import Fleet
from imports.names import Names, UnknownName
from series.days.rhythm import MOST_YEARS, last_day_allowed, last_day_of_weeks
from series.models import Series
from series.pages.picking import Picks
from shell.plain_text import OneLines
from shell.wall_clock import clock_field
from sites.models import Evse, Location
from sites.slots import rules
from spreadsheets.values import NotUnderstood, read_moment
from vehicles.models import Vehicle

MOST_WEEKS = 53 * MOST_YEARS
WORKDAYS = ("0", "1", "2", "3", "4")
REFERENCE_LENGTH = Booking._meta.get_field("reference").max_length


def _named(label: Any, help_text: Any = "", *, required: bool = False, list_id: str) -> Any:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=255,
        widget=forms.TextInput(attrs={"list": list_id, "autocomplete": "off"}),
    )


def _day_field(label: Any, *, required: bool) -> forms.DateField:
    return forms.DateField(
        label=label, required=required, widget=forms.DateInput(attrs={"type": "date"})
    )


class SeriesForm(OneLines, forms.Form):
    """A series as somebody wants it; `wanted` is it once the form is valid, and not saved."""

    site = _named(gettext_lazy("Site"), required=True, list_id="sites")
    vehicle = forms.CharField(label=gettext_lazy("Vehicle"), required=False, max_length=255)
    vehicle_query = forms.CharField(required=False, max_length=LONGEST_QUERY)
    driver = _named(
        gettext_lazy("Driver"),
        gettext_lazy("Empty: whoever usually drives the vehicle."),
        list_id="drivers",
    )
    charger = forms.CharField(
        label=gettext_lazy("Charger"),
        required=False,
        max_length=255,
        widget=forms.Select,
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        choices=[(str(number), name) for number, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Please pick at least one weekday.")},
    )
    start = clock_field(pgettext_lazy("time of day", "From"))
    end = clock_field(pgettext_lazy("time of day", "To"))
    first_day = _day_field(gettext_lazy("First day"), required=True)
    weeks = forms.IntegerField(
        label=gettext_lazy("For so many weeks"),
        min_value=1,
        max_value=MOST_WEEKS,
        required=False,
        error_messages={
            "max_value": gettext_lazy("A series can last 5 years at most."),
        },
    )
    last_day = _day_field(gettext_lazy("Or until"), required=False)
    without_holidays = forms.BooleanField(
        label=gettext_lazy("Not on public holidays"),
        required=False,
        help_text=gettext_lazy(
            "Those of the whole country; those of a part of it please enter below."
        ),
    )
    excluded = forms.CharField(
        label=gettext_lazy("Not on these days"),
        required=False,
        max_length=1000,
        help_text=gettext_lazy("Days with commas between them, such as 24.12.2026, 31.12.2026."),
    )
    asks_again = forms.BooleanField(
        label=gettext_lazy("Ask again by itself for what was not free"), required=False
    )
    may_overlap = forms.BooleanField(
        label=gettext_lazy("Also when the driver or the vehicle has another booking then"),
        required=False,
    )
    reference = forms.CharField(
        label=gettext_lazy("Reference"), max_length=REFERENCE_LENGTH, required=False
    )
    name = forms.CharField(label=gettext_lazy("Name of the series"), max_length=80, required=False)
    submission_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        fleet: Fleet,
        changes: Series | None = None,
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.fleet, self.changes, self.names = fleet, changes, Names(fleet)
        given = (initial or {}) if data is None else data
        self.picks = Picks.of(given, self.names)
        given = self.picks.filled_in(given)
        super().__init__(None if data is None else given, initial=given if data is None else None)
        self.fields["charger"].widget.choices = self.picks.charger_choices(
            str(self["charger"].value() or "").strip()
        )
        if not self.picks.site:
            self.fields["charger"].help_text = gettext_lazy("Those of the site, once it is named.")
        self.fields["end"].help_text = gettext_lazy("Not after the start: on the next day.")
        if changes:
            # When it began is history.
            del self.fields["first_day"], self.fields["weeks"]
            self.fields["last_day"].label = gettext_lazy("Until")

    def clean(self) -> dict[str, Any]:
        """Find what the names mean, and how long it lasts; hold the times against the rules."""
        data = super().clean() or {}
        self._find_names(data)
        self._find_days(data)
        if "start" in data and "end" in data and not self.errors:
            self._check_times(data)
        if not self.errors:
            self.wanted = self._wanted(data)
            if not any(self.wanted.rhythm.days()):
                self.add_error("weekdays", _("None of these weekdays lies between the two days."))
        return data

    def clean_first_day(self) -> date:
        return plausible_day(self.cleaned_data["first_day"])

    def clean_last_day(self) -> date | None:
        last = self.cleaned_data["last_day"]
        return plausible_day(last) if last else None

    def _find_names(self, data: dict[str, Any]) -> None:
        for name, meant in (("site", self.names.site), ("driver", self.names.driver)):
            if not data.get(name):
                data[name] = None
                continue
            try:
                data[name] = meant(data[name])
            except UnknownName as unknown:
                self.add_error(name, unknown.message)
                data[name] = None
        data["vehicle"] = self._vehicle(data)
        if data["site"]:
            data["charger"] = self._charger(data.get("charger", ""), data["site"])
        vehicle = data["vehicle"]
        if self.errors.keys() & {"vehicle", "driver"} or data["driver"]:
            return
        if vehicle is None:
            self.add_error("vehicle", _("Please pick a vehicle or a driver."))
        elif self.names.usual_driver(vehicle) is None:
            text = _(
                "%(vehicle)s has no usual driver, and the operator needs one. Please pick one."
            )
            self.add_error("driver", text % {"vehicle": vehicle.number})

    def _vehicle(self, data: dict[str, Any]) -> Vehicle | None:
        """Return the vehicle that was picked or typed; say what is wrong with that."""
        picked, sought = self.picks.vehicle, self.picks.sought
        if picked and sought and picked != sought:
            text = _("%(picked)s is picked, and %(typed)s was typed. Please pick one of them.")
            self.add_error("vehicle", text % {"picked": picked.name, "typed": sought.name})
        elif data.get("vehicle") and not picked:
            text = _("This vehicle is not in your fleet. Please pick another one.")
            self.add_error("vehicle", text)
        elif self.picks.query and not picked and not sought:
            try:
                return self.names.vehicle(self.picks.query)
            except UnknownName as unknown:
                self.add_error("vehicle", unknown.message)
        return picked or sought

    def _charger(self, typed: str, site: Location) -> Evse | None:
        if typed.isdecimal() and not self.picks.charger:
            text = _("This charger cannot be booked here. Please pick another one.")
            self.add_error("charger", text)
        elif not self.picks.charger:
            try:
                return self.names.charger(typed, site)
            except UnknownName as unknown:
                self.add_error("charger", unknown.message)
        return self.picks.charger

    def _find_days(self, data: dict[str, Any]) -> None:
        site = data.get("site")
        today = timezone.now().astimezone(site.zone if site else None).date()
        first = self.changes.first_day if self.changes else data.get("first_day")
        data["excluded_days"] = self._excluded(data.get("excluded", ""), today)
        if first is None:
            return
        if not self.changes and first < today:
            self.add_error("first_day", _("This day has passed."))
        weeks, last = data.get("weeks"), data.get("last_day")
        if weeks and not last:
            last = last_day_of_weeks(first, weeks)
        if last is None:
            if not self.errors.keys() & {"weeks", "last_day"}:
                field = "last_day" if self.changes else "weeks"
                self.add_error(field, _("Please say for how long."))
            return
        allowed = last_day_allowed(first)
        if last > allowed:
            text = _("A series can last %(years)d years at most: until %(day)s.")
            words = {"years": MOST_YEARS, "day": allowed.isoformat()}
            self.add_error("last_day" if data.get("last_day") else "weeks", text % words)
        elif last < max(first, today) and not self.has_error("first_day"):
            field = "last_day" if data.get("last_day") else "weeks"
            self.add_error(field, _("The last day must not be before the first."))
        data["first_day"], data["last_day"] = first, last

    def _excluded(self, text: str, today: date) -> list[str]:
        found = set()
        for part in filter(None, (each.strip() for each in re.split(r"[,;\n]", text))):
            day, problem = _read_day(part, today)
            if day is None:
                self.add_error("excluded", problem)
            else:
                found.add(day.isoformat())
        return sorted(found)

    def _check_times(self, data: dict[str, Any]) -> None:
        """Say what is wrong with the times on any day: their length, and odd minutes."""
        day = datetime(2000, 1, 3, tzinfo=timezone.get_default_timezone())
        start = datetime.combine(day, data["start"], day.tzinfo)
        end = datetime.combine(day, data["end"], day.tzinfo)
        if end <= start:
            end = end.replace(day=4)
        times = rules.Times(start, end, start)
        on_start = rules.starts_on_quarter_hour(times)
        on_end = (
            rules.ends_on_quarter_hour(times)
            or rules.not_too_long(times)
            or rules.long_enough(times)
        )
        for name, problem in (("start", on_start), ("end", on_end)):
            if problem:
                self.add_error(name, problem)

    def _wanted(self, data: dict[str, Any]) -> Series:
        return Series(
            fleet=self.fleet,
            name=data["name"],
            weekdays=sorted(map(int, data["weekdays"])),
            start_time=data["start"],
            end_time=data["end"],
            first_day=data["first_day"],
            last_day=data["last_day"],
            without_holidays=data["without_holidays"],
            excluded_days=data["excluded_days"],
            vehicle=data["vehicle"],
            driver=data["driver"],
            location=data["site"],
            evse=data["charger"],
            reference=data["reference"],
            asks_again=data["asks_again"],
            may_overlap=data["may_overlap"],
            submission_key=data["submission_key"],
        )


def _read_day(text: str, today: date) -> tuple[date | None, str]:
    """Return the day that a text names, or None and why it names none."""
    is_no_day = _("“%(text)s” is no day.") % {"text": text[:40]}
    if not any(sign.isdigit() for sign in text):
        return None, is_no_day
    try:
        day, _clock = read_moment(text, order=None, today=today)
    except NotUnderstood as problem:
        return None, problem.message
    return day, "" if day else is_no_day


def as_typed(series: Series) -> dict[str, Any]:
    """Return what the form of a series is filled in with."""
    return {
        "site": series.location.name,
        "vehicle": _key_or_name(series.vehicle),
        "driver": series.driver.email if series.driver else "",
        "charger": series.evse.name if series.evse else "",
        "weekdays": [str(day) for day in series.weekdays],
        "start": series.start_time,
        "end": series.end_time,
        "last_day": series.last_day,
        "without_holidays": series.without_holidays,
        "excluded": ", ".join(series.excluded_days),
        "asks_again": series.asks_again,
        "may_overlap": series.may_overlap,
        "reference": series.reference,
        "name": series.name,
        "submission_key": uuid.uuid4(),
    }


def as_repeated(booking: Booking) -> dict[str, Any]:
    """Return the form filled in as a booking: at the same time, from the next such day on."""
    start, end = (at.astimezone(booking.zone) for at in (booking.start_at, booking.end_at))
    return empty_form() | {
        "site": booking.location.name,
        "vehicle": _key_or_name(booking.vehicle),
        "driver": booking.driver.email,
        "charger": booking.evse.name if booking.evse else "",
        "start": time(start.hour, start.minute),
        "end": time(end.hour, end.minute),
        "reference": booking.reference,
    }


def typed_so_far(data: Any) -> dict[str, Any]:
    """Return the form filled in with what was sent, without a word of what is wrong with it."""
    return {name: data.get(name) for name in data} | {"weekdays": data.getlist("weekdays")}


def _key_or_name(vehicle: Vehicle | None) -> str:
    """Return what stands for a vehicle; for a retired one, which is not offered, its number."""
    if vehicle is None:
        return ""
    return vehicle.number if vehicle.retired_at else str(vehicle.pk)


def empty_form() -> dict[str, Any]:
    return {
        "weekdays": list(WORKDAYS),
        "weeks": 4,
        "asks_again": True,
        "submission_key": uuid.uuid4(),
    }
