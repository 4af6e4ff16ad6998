"""What comes in from pages: parsing and shape; the rules are in bookings.eligibility."""

import uuid
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as translate
from django.utils.translation import gettext_lazy as _

from accounts.templatetags.portal import abbreviation, duration
from bookings.models import Booking
from bookings.wall_clock import instants_of, skipped_stretch
from bookings.selectors import BookingFilter

REFERENCE_LENGTH = Booking._meta.get_field("reference").max_length
YEARS = range(2000, 2200)
LONGEST_INSTANT = 40
# Lengths to choose from: fine steps for short stays, coarse ones for long stays.
STEPS_MINUTES = ((15, 4 * 60), (30, 12 * 60), (60, 24 * 60))
MOST_TOGETHER = 100


class InstantField(forms.Field):
    """An instant in ISO 8601 with its offset; the result is in UTC."""

    default_error_messages = {
        "required": _("Please pick a start."),
        "malformed": _("This is not a date and time that we understand."),
    }

    def to_python(self, value: Any) -> datetime | None:
        """Return the instant. Raises ValidationError for text that is none."""
        text = str(value or "").strip()[:LONGEST_INSTANT]
        if not text:
            return None
        try:
            # A plus sign in a query string arrives as a space.
            instant = parse_datetime(text.replace(" ", "+"))
        except ValueError:
            instant = None
        if instant is None or instant.tzinfo is None or instant.year not in YEARS:
            raise forms.ValidationError(self.error_messages["malformed"], code="malformed")
        return instant.astimezone(UTC)


class SlotForm(forms.Form):
    """Which slot is meant, as the links of the slot picker say it."""

    site = forms.IntegerField(min_value=1, max_value=2**62)
    evse = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    any = forms.BooleanField(required=False)
    current = forms.ChoiceField(choices=[("", ""), ("ac", "AC"), ("dc", "DC")], required=False)
    connector = forms.SlugField(max_length=32, required=False)
    min_power = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(10000), decimal_places=2, required=False
    )
    start = InstantField()
    minutes = forms.IntegerField(
        min_value=-1_000_000,
        max_value=1_000_000,
        error_messages={"invalid": _("This is not a length that we understand.")},
    )

    def clean(self) -> dict[str, Any]:
        """Ask for either one charger or any that fits; derive the end."""
        data = super().clean() or {}
        if not data.get("evse") and not data.get("any"):
            self.add_error(None, _("Please pick a charger."))
        start, minutes = data.get("start"), data.get("minutes")
        if start is not None and minutes is not None:
            data["end"] = start + timedelta(minutes=minutes)
        return data

    def sentence(self) -> str:
        """Return the first thing that is wrong, as one sentence."""
        for errors in self.errors.values():
            return str(errors[0])
        return ""


class BookingForm(forms.Form):
    """For whom, and what the fleet calls it."""

    driver = forms.IntegerField(
        label=_("Driver"),
        min_value=1,
        max_value=2**62,
        error_messages={
            "required": _("Please pick a driver."),
            "invalid": _("Please pick a driver from the list."),
        },
    )
    driver_query = forms.CharField(
        label=_("Find a driver"), max_length=100, required=False, empty_value=""
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=REFERENCE_LENGTH,
        required=False,
        help_text=_("A cost centre or job number. The driver sees it too."),
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_submission_key(self) -> uuid.UUID:
        """Return the mark of this filled-in form."""
        return self.cleaned_data["submission_key"]


class ChangeForm(forms.Form):
    """Another time or driver for a booking, its day and time as the site's clocks show them.

    A valid form has `start_at` and `end_at` in its cleaned data, as instants in UTC. `start` tells
    which instant is meant where the clocks show the typed time twice, and counts for nothing else.
    """

    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Please pick a day.")},
    )
    time = forms.TimeField(
        label=_("Start"),
        widget=forms.TimeInput(attrs={"type": "time", "step": "900"}, format="%H:%M"),
        error_messages={"required": _("Please pick a start.")},
    )
    start = InstantField(required=False)
    minutes = forms.IntegerField(
        label=_("Length"),
        min_value=1,
        max_value=100_000,
        widget=forms.Select,
        error_messages={"invalid": _("This is not a length that we understand.")},
    )
    driver = forms.IntegerField(
        label=_("Driver"),
        min_value=1,
        max_value=2**62,
        error_messages={
            "required": _("Please pick a driver."),
            "invalid": _("Please pick a driver from the list."),
        },
    )
    driver_query = forms.CharField(
        label=_("Find a driver"), max_length=100, required=False, empty_value=""
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    confirmed_overlap = forms.CharField(max_length=100, required=False)

    def __init__(self, data: Mapping[str, Any], *, booking: Booking) -> None:
        super().__init__(data)
        self.zone = booking.zone
        self.meanings: list[datetime] = []
        self.fields["minutes"].widget.choices = [  # type: ignore[attr-defined]
            (minutes, duration(minutes)) for minutes in self._lengths(booking)
        ]

    @property
    def overlap_key(self) -> str:
        """What a person confirms who books a driver twice: this driver at just this time."""
        data = self.cleaned_data
        return f"{data['driver']}|{data['start_at']:%Y%m%dT%H%M}|{data['minutes']}"

    @property
    def overlap_is_confirmed(self) -> bool:
        """Whether the overlap that was warned of is the one that is asked for now."""
        return self.cleaned_data["confirmed_overlap"] == self.overlap_key

    @property
    def picked(self) -> str:
        """The start as an instant in UTC, or nothing where it is not clear."""
        start_at = getattr(self, "cleaned_data", {}).get("start_at")
        return f"{start_at:%Y-%m-%dT%H:%M:%SZ}" if start_at else ""

    def clean_day(self) -> date:
        """Refuse days of which no clock knows anything."""
        day: date = self.cleaned_data["day"]
        if day.year not in YEARS:
            raise forms.ValidationError(_("Please use a year from 2000 to 2199."))
        return day

    def clean(self) -> dict[str, Any]:
        """Find the instants that day and time mean at the site."""
        data = super().clean() or {}
        day, clock = data.get("day"), data.get("time")
        if day is None or clock is None:
            return data
        self.meanings = instants_of(day, clock, self.zone)
        start = data.get("start")
        if not self.meanings:
            since, until = skipped_stretch(day, clock, self.zone)
            text = translate(
                "There is no %(time)s on this day: the clocks go from %(since)s straight to"
                " %(until)s. Please pick another time."
            )
            self.add_error(
                "time",
                text
                % {"time": f"{clock:%H:%M}", "since": f"{since:%H:%M}", "until": f"{until:%H:%M}"},
            )
        elif len(self.meanings) == 1 or start in self.meanings:
            data["start_at"] = start if start in self.meanings else self.meanings[0]
            if data.get("minutes"):
                data["end_at"] = data["start_at"] + timedelta(minutes=data["minutes"])
        else:
            text = translate(
                "The clocks are put back on this day and show %(time)s twice. Please say which"
                " of the two is meant."
            )
            self.add_error("time", text % {"time": f"{clock:%H:%M}"})
        return data

    def both_meanings(self) -> list[tuple[str, str]]:
        """Return the two instants of a time that the clocks show twice, with words; else none."""
        if len(self.meanings) < 2:
            return []
        texts = [translate("the first time, %(time)s"), translate("the second time, %(time)s")]
        return [
            (f"{at:%Y-%m-%dT%H:%M:%SZ}", text % {"time": self._clock_text(at)})
            for at, text in zip(self.meanings, texts, strict=True)
        ]

    def _clock_text(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{local:%H:%M} {abbreviation(local)}"

    def _lengths(self, booking: Booking) -> list[int]:
        """Return the lengths to choose from, with the present one and the one that was chosen."""
        lengths = {int(booking.duration.total_seconds() // 60)}
        for step, until in STEPS_MINUTES:
            lengths |= set(range(step, until + 1, step)) if not lengths else set()
        return sorted(lengths)


class BookingListForm(forms.Form):
    """How the list of bookings is narrowed."""

    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    site = forms.CharField(label=_("Site"), max_length=100, required=False)
    driver = forms.CharField(label=_("Driver"), max_length=100, required=False)
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("Any")), *Booking.Status.choices], required=False
    )
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

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

    def narrowing(self, zone: ZoneInfo | None) -> BookingFilter:
        """Return the filters that are well-formed, of a form whose `is_valid` was asked.

        Days begin and end in the viewer's zone, or in UTC where it is not known.
        """
        data = self.cleaned_data
        since, until = data.get("since"), data.get("until")
        narrowed = BookingFilter(
            q=data.get("q", ""),
            site=data.get("site", ""),
            driver=data.get("driver", ""),
            status=data.get("status", ""),
        )
        if since:
            narrowed["since"] = datetime.combine(since, time(), zone or UTC)
        if until:
            narrowed["until"] = datetime.combine(until + timedelta(days=1), time(), zone or UTC)
        return narrowed
