"""What comes in from pages about a booking that runs: another end, another charger."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.actions.running import Ends, ends_of
from bookings.models import Booking
from bookings.pages.forms import InstantField
from shell.formats import duration, instant
from shell.kept_forms import retyped
from shell.plain_text import OneLines
from sites.slots.clocks import Clock


class EndForm(OneLines, forms.Form):
    """Another end for a booking, out of those that can be asked for."""

    end_at = InstantField(
        label=_("New end"),
        widget=forms.Select,
        error_messages={"required": _("Please pick a new end.")},
    )
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    submission_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, booking: Booking, ends: Ends) -> None:
        initial = {"version": booking.version, "submission_key": uuid.uuid4()}
        super().__init__(data, initial=initial)
        clock = Clock(booking.zone)

        def option(at: datetime) -> tuple[str, str]:
            words = {
                "time": clock.text(at),
                "by": duration(abs(at - booking.end_at)),
            }
            text = (
                gettext("%(time)s (%(by)s less)")
                if at < booking.end_at
                else gettext("%(time)s (%(by)s more)")
            )
            return instant(at), text % words

        groups = [
            (gettext("End early and give back the rest"), [option(at) for at in ends.earlier]),
            (gettext("Extend, as the charger is free"), [option(at) for at in ends.later]),
        ]
        self.fields["end_at"].widget.choices = [
            ("", gettext("Please pick")),
            *((label, options) for label, options in groups if options),
        ]


def end_form_again(data: QueryDict, *, booking: Booking, now: datetime) -> tuple[EndForm, Ends]:
    """Return the form with what was typed, about the booking as it is now; and its ends.

    Whoever gets it has been told of that, and can send it again.
    """
    ends = ends_of(booking, now=now)
    return EndForm(retyped(data, version=str(booking.version)), booking=booking, ends=ends), ends


class AnotherForm(OneLines, forms.Form):
    """Which other charger is taken, from a list that was shown of a version of the booking."""

    evse = forms.IntegerField(min_value=1, max_value=2**62)
    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    submission_key = forms.UUIDField()
