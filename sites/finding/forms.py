"""The form that searches and filters the list of sites."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shell.plain_text import OneLines
from sites.facts import connector_label
from sites.models import Evse

MOST_KW = 9999
# A link to a map may be that long; of an address 200 are read.
MOST_LETTERS_OF_PLACE = 1000


class SiteSearchForm(OneLines, forms.Form):
    """What to search for and near what; a value that makes no sense is left out."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, city or address"), "maxlength": 100}
        ),
        error_messages={"max_length": _("Please search for at most 100 characters.")},
    )
    near = forms.CharField(
        label=_("Near"),
        required=False,
        max_length=MOST_LETTERS_OF_PLACE,
        widget=forms.TextInput(
            attrs={
                "placeholder": _("Address, town or lat, lon"),
                "maxlength": MOST_LETTERS_OF_PLACE,
                "autocomplete": "off",
            }
        ),
        error_messages={"max_length": _("Please describe the place in at most 200 characters.")},
    )
    connector = forms.ChoiceField(
        label=_("Connector"),
        required=False,
        error_messages={
            "invalid_choice": _(
                "No charger you can book has this connector. This filter is ignored."
            )
        },
    )
    current = forms.ChoiceField(
        label=_("Current"),
        required=False,
        choices=[
            ("", _("AC or DC")),
            (Evse.CurrentType.AC.value, Evse.CurrentType.AC.label),
            (Evse.CurrentType.DC.value, Evse.CurrentType.DC.label),
        ],
        error_messages={"invalid_choice": _("Please pick AC or DC. This filter is ignored.")},
    )
    power = forms.DecimalField(
        label=_("Minimum power (kW)"),
        required=False,
        min_value=0,
        max_value=MOST_KW,
        max_digits=6,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )

    favourites = forms.BooleanField(label=_("Favourites only"), required=False)

    def __init__(self, *args: Any, connectors: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connectors = tuple(connectors)
        choices = [(kind, connector_label(kind)) for kind in connectors]
        self.fields["connector"].choices = [  # type: ignore[attr-defined]
            ("", _("Any connector")),
            *sorted(choices, key=lambda choice: choice[1]),
        ]
        power = self.fields["power"]
        unclear = _("Please enter a power between 0 and 9999 kW. This filter is ignored.")
        power.error_messages = dict.fromkeys(power.error_messages, unclear)
        for validator in power.validators:
            validator.message = unclear  # type: ignore[attr-defined]

    def criteria(self) -> dict[str, Any]:
        """Return what to search for, for `search_locations`, without the values that are wrong."""
        self.is_valid()
        cleaned = self.cleaned_data
        return {
            "query": cleaned.get("q", ""),
            "connector": cleaned.get("connector", ""),
            "current": cleaned.get("current", ""),
            "min_power_kw": cleaned.get("power"),
        }

    @property
    def wanted_place(self) -> str:
        self.is_valid()
        return str(self.cleaned_data.get("near", ""))

    @property
    def only_favourites(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("favourites"))

    @property
    def narrows(self) -> bool:
        wanted = any(value not in ("", None) for value in self.criteria().values())
        return wanted or self.only_favourites

    def narrowing(self) -> dict[str, str]:
        """Return the filters as they came, without those that narrow nothing, for another view."""
        names = [name for name in self.fields if name != "near"]
        given = {name: str(self.data.get(name, "")) for name in names}
        return {name: value for name, value in given.items() if value}
