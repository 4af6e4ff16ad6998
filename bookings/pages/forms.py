"""What comes in from pages: parsing and shape, and the slot that it names.

The rules are in bookings.actions.candidate.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.candidate import Candidate, Slot, meant_chargers
from bookings.models import Booking
from bookings.selectors import BookingFilter
from drivers.models import Fleet
from drivers.permissions import private_partners
from shell.formats import instant
from shell.plain_text import OneLines
from sites.models import Location
from sites.selectors import Criteria, visible_evses, visible_locations
from sites.slots.picker.form import DRAFT, criteria_params

REFERENCE_LENGTH = Booking._meta.get_field("reference").max_length
YEARS = range(2000, 2200)
LONGEST_INSTANT = 40
# What a link to another slot takes along, so that nothing has to be typed again.
FILLED_IN = (*DRAFT, "draft", "move")


def plausible_day(day: date) -> date:
    """Return a day that was typed. Raises ValidationError where its year makes no sense."""
    if day.year not in YEARS:
        raise forms.ValidationError(gettext("Please use a year from 2000 to 2199."))
    return day


class InstantField(forms.Field):
    """An instant in ISO 8601 with its offset; the result is in UTC."""

    default_error_messages = {
        "required": _("Please pick a start time."),
        "malformed": _("This date or time is not valid."),
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


class SlotForm(OneLines, forms.Form):
    """Which slot is meant, as the links of the slot picker say it."""

    site = forms.IntegerField(min_value=1, max_value=2**62)
    evse = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    any = forms.BooleanField(required=False)
    current = forms.ChoiceField(choices=[("", ""), ("ac", "AC"), ("dc", "DC")], required=False)
    connector = forms.SlugField(max_length=32, required=False)
    min_power = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(10000), decimal_places=2, required=False
    )
    max_power = forms.DecimalField(
        min_value=Decimal(0), max_value=Decimal(10000), decimal_places=2, required=False
    )
    start = InstantField()
    minutes = forms.IntegerField(
        min_value=-1_000_000,
        max_value=1_000_000,
        error_messages={"invalid": _("This length is not valid.")},
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
        for errors in self.errors.values():
            return str(errors[0])
        return ""


class BookingForm(OneLines, forms.Form):
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
    vehicle = forms.IntegerField(
        label=_("Vehicle"),
        min_value=1,
        max_value=2**62,
        required=False,
        error_messages={"invalid": _("Please pick a vehicle from the list.")},
    )
    vehicle_query = forms.CharField(
        label=_("Find a vehicle"), max_length=100, required=False, empty_value=""
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=REFERENCE_LENGTH,
        required=False,
        help_text=_("A cost centre or job number. The driver sees it too."),
    )
    submission_key = forms.UUIDField(widget=forms.HiddenInput)
    confirmed_overlap = forms.CharField(max_length=100, required=False)
    confirmed_misfit = forms.CharField(max_length=100, required=False)
    # Of the booking that is to be moved, as it was when the form was shown.
    version = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, widget=forms.HiddenInput
    )


class CancelForm(OneLines, forms.Form):
    """Which version of the booking was seen by the person who cancels it."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)


class BookingListForm(OneLines, forms.Form):
    """How the list of bookings is narrowed."""

    q = forms.CharField(label=_("Search"), max_length=100, required=False)
    site = forms.CharField(label=_("Site"), max_length=100, required=False)
    driver = forms.CharField(label=_("Driver"), max_length=100, required=False)
    vehicle = forms.CharField(label=_("Vehicle"), max_length=100, required=False)
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
            vehicle=data.get("vehicle", ""),
            status=data.get("status", ""),
        )
        if since:
            narrowed["since"] = datetime.combine(since, time(), zone or UTC)
        if until:
            narrowed["until"] = datetime.combine(until + timedelta(days=1), time(), zone or UTC)
        return narrowed


def location_or_404(form: SlotForm, fleet: Fleet) -> Location:
    """Return the site that the form names, if this fleet can see it; anything else is a 404."""
    form.is_valid()
    pk = form.cleaned_data.get("site")
    visible = visible_locations(partner_ids=private_partners(fleet))
    location = visible.filter(pk=pk).first() if pk else None
    if location is None:
        raise Http404
    return location


def candidate_or_404(form: SlotForm, fleet: Fleet, *, moved: Booking | None = None) -> Candidate:
    """Return what a valid form asks for, without a driver yet; `moved` is the booking to replace.

    What the fleet cannot see is a 404. Site and chargers come from one query, unless nothing there
    can be booked.
    """
    data = form.cleaned_data
    criteria = (
        Criteria()
        if data["evse"]
        else Criteria(
            data["current"],
            data["connector"],
            data["min_power"] or None,
            data["max_power"] or None,
        )
    )
    chargers = meant_chargers(fleet, data["site"], data["evse"], criteria)
    location = chargers[0].charge_point.location if chargers else location_or_404(form, fleet)
    evse = None
    if data["evse"]:
        seen = visible_evses(location, partner_ids=private_partners(fleet))
        evse = chargers[0] if chargers else seen.filter(pk=data["evse"]).first()
        if evse is None:
            raise Http404
    slot = Slot(location, evse, criteria, data["start"], data["end"])
    candidate = Candidate(fleet, slot, previous=moved, moves=moved is not None)
    candidate.chargers = chargers
    return candidate


def slot_params(slot: Slot) -> dict[str, Any]:
    """Return the query parameters by which addresses name a slot."""
    place: dict[str, Any] = {"evse": slot.evse.pk} if slot.evse else criteria_params(slot.criteria)
    return {
        "site": slot.location.pk,
        **place,
        "start": instant(slot.start_at),
        "minutes": slot.minutes,
    }


def slot_url(name: str, slot: Slot, filled_in: Mapping[str, Any]) -> str:
    """Return the address of a page about a slot, with what is filled in there already."""
    known = {key: value for key, value in filled_in.items() if value}
    return f"{reverse(name)}?{urlencode(slot_params(slot) | known)}"
