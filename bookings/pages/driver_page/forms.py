"""What comes in from the drivers' own pages."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from bookings.actions.driver import LATE_MINUTES, LONGEST_NOTE
from bookings.actions.on_site import LONGEST_MESSAGE
from bookings.models import ChargerReport
from shell.plain_text import OneLines


def late_choices() -> list[tuple[int, str]]:
    """Return how late somebody may say they are, in words of the active language."""
    return [
        (
            minutes,
            ngettext("%(minutes)d minute", "%(minutes)d minutes", minutes) % {"minutes": minutes},
        )
        for minutes in LATE_MINUTES
    ]


class LateForm(OneLines, forms.Form):
    """How late somebody will be."""

    minutes = forms.TypedChoiceField(
        label=_("How late will you be?"),
        choices=late_choices,
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please pick how late you will be."),
            "invalid_choice": _("Please pick one of these."),
        },
    )
    note = forms.CharField(
        label=_("Message to your fleet manager"),
        max_length=LONGEST_NOTE,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ReportForm(OneLines, forms.Form):
    """What somebody found at the charger."""

    what = forms.ChoiceField(
        label=_("What is wrong?"),
        choices=ChargerReport.What,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please pick what is wrong."),
            "invalid_choice": _("Please pick one of these."),
        },
    )
    message = forms.CharField(
        label=_("What you see"),
        max_length=LONGEST_MESSAGE,
        required=False,
        help_text=_("For example the plate of the vehicle, or what the screen says."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
