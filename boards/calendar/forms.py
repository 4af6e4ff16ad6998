"""How the fleet's calendar is turned and narrowed."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.pages.forms import YEARS, BookingListForm


class CalendarForm(BookingListForm):
    """The list's filters, without those that a calendar has by itself, and the day it shows."""

    q = None  # type: ignore[assignment]
    since = None  # type: ignore[assignment]
    until = None  # type: ignore[assignment]
    day = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    cancelled = forms.BooleanField(label=_("Show cancelled and rejected"), required=False)

    field_order = ("day", "site", "driver", "status", "cancelled")

    def clean(self) -> dict[str, Any]:
        """Take no day too far away for a clock."""
        data = super().clean()
        day = data.get("day")
        # A month's first and last weeks may reach into the years beside it.
        if day and day.year not in YEARS:
            self.add_error("day", _("Please use a year from 2000 to 2199."))
        return data

    def day_or(self, today: date) -> date:
        """Return the day that is asked for, of a form whose `is_valid` was asked; else today."""
        day: date | None = self.cleaned_data.get("day")
        return day or today
