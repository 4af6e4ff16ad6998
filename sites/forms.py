"""The form that searches and filters the list of sites."""

from decimal import Decimal
from typing import Any, TypedDict

from django import forms
from django.utils.translation import gettext_lazy as _

from sites.labels import connector_label
from sites.models import Evse

MOST_KW = 9999


class Search(TypedDict):
    """What `search_locations` is asked for."""

    query: str
    connector: str
    current: str
    min_power_kw: Decimal | None


class SiteSearchForm(forms.Form):
    """Words, connector, current and least power; a value that makes no sense is left out."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": _("Name, city or address"), "maxlength": 100}
        ),
        error_messages={"max_length": _("Please search for at most 100 characters.")},
    )
    connector = forms.ChoiceField(
        label=_("Connector"),
        required=False,
        error_messages={
            "invalid_choice": _("No charger you can book has this connector. It is left out.")
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
        error_messages={"invalid_choice": _("Please pick AC or DC. This filter is left out.")},
    )
    power = forms.DecimalField(
        label=_("Least power (kW)"),
        required=False,
        min_value=0,
        max_value=MOST_KW,
        max_digits=6,
        decimal_places=2,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )

    def __init__(self, *args: Any, connectors: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind, connector_label(kind)) for kind in connectors]
        self.fields["connector"].choices = [  # type: ignore[attr-defined]
            ("", _("Any connector")),
            *sorted(choices, key=lambda choice: choice[1]),
        ]
        power = self.fields["power"]
        unclear = _("Please enter a power between 0 and 9999 kW. This filter is left out.")
        power.error_messages = dict.fromkeys(power.error_messages, unclear)
        for validator in power.validators:
            validator.message = unclear  # type: ignore[attr-defined]

    def criteria(self) -> Search:
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
    def narrows(self) -> bool:
        """Return whether anything is searched for at all."""
        return any(value not in ("", None) for value in self.criteria().values())
