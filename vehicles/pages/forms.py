"""What comes in from the pages about vehicles."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from drivers.models import Driver, Fleet
from drivers.permissions import BY_NAME, current_drivers, private_partner_ids
from shell.comma_field import CommaField
from shell.plain_text import OneLines
from shell.search_form import SearchForm
from sites.facts import CONNECTOR_TYPES
from sites.models import Location
from sites.selectors import visible_locations
from vehicles.facts import VIN_SHAPE
from vehicles.models import Vehicle


def _measure(label: Any, *, most: int) -> forms.IntegerField:
    field = forms.IntegerField(label=label, required=False, min_value=1, max_value=most)
    field.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return field


class VehicleForm(OneLines, forms.ModelForm):
    """A vehicle's facts. Units stand in the labels; what is left empty is not known."""

    battery_kwh = CommaField(label=_("Battery (kWh)"), most=9999, places=1)
    ac_kw = CommaField(
        label=_("AC power (kW)"), most=999, places=1, help_text=_("0 if it takes no AC.")
    )
    dc_kw = CommaField(
        label=_("DC power (kW)"), most=9999, places=1, help_text=_("0 if it takes no DC.")
    )
    kwh_per_km = CommaField(label=_("Consumption (kWh per km)"), most=20, places=3)
    plugs = forms.MultipleChoiceField(
        label=_("Plugs"), required=False, widget=forms.CheckboxSelectMultiple
    )
    weight_kg = _measure(_("Weight (kg)"), most=100_000)
    height_cm = _measure(_("Height (cm)"), most=1000)
    length_cm = _measure(_("Length (cm)"), most=5000)
    width_cm = _measure(_("Width (cm)"), most=1000)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Vehicle
        fields = [
            "number",
            "plate",
            "vin",
            "make",
            "model",
            "ampeco_type",
            "plugs",
            "ac_kw",
            "dc_kw",
            "battery_kwh",
            "kwh_per_km",
            "reserve_percent",
            "length_cm",
            "height_cm",
            "width_cm",
            "weight_kg",
            "needs_drive_through",
            "needs_refrigeration",
            "carries_dangerous_goods",
            "home_site",
            "usual_driver",
            "cost_centre",
        ]

    def __init__(self, *args: Any, fleet: Fleet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = set(self.instance.plugs or [])
        self.fields["plugs"].choices = _plug_choices(kept)  # type: ignore[attr-defined]
        kinds: Any = self.fields["ampeco_type"]
        kinds.choices = [("", gettext("Not known")), *Vehicle.Type.choices]
        self.fields["number"].error_messages["required"] = gettext(
            "Please enter what your fleet calls it."
        )
        visible = visible_locations(partner_ids=private_partner_ids(fleet))
        # What a vehicle has already stays, even where nobody could pick it now.
        sites = Q(pk__in=visible.values("pk")) | Q(pk=self.instance.home_site_id)
        drivers = Q(pk__in=current_drivers(fleet).values("pk")) | Q(
            pk=self.instance.usual_driver_id
        )
        for name, rows in (
            ("home_site", Location.objects.filter(sites).only("name").order_by("name", "pk")),
            ("usual_driver", Driver.objects.filter(drivers).order_by(*BY_NAME)),
        ):
            field: Any = self.fields[name]
            field.queryset, field.empty_label = rows, gettext("None")
        # The page has a list of suggestions by this name; what is not on it may be typed as well.
        self.fields["cost_centre"].widget.attrs |= {"list": "cost-centres", "autocomplete": "off"}
        self.fields["reserve_percent"].widget = forms.TextInput(attrs={"inputmode": "numeric"})
        for field in self.fields.values():
            # The model's labels begin in small letters, for the back office.
            label = str(field.label)
            field.label = label[:1].upper() + label[1:]
        self.initial["version"] = self.instance.version

    def clean_vin(self) -> str:
        """Refuse signs that no number has; a wrong check digit is no more than a hint."""
        vin = "".join(self.cleaned_data["vin"].split()).upper()
        if vin and not VIN_SHAPE.fullmatch(vin):
            raise ValidationError(
                gettext("A VIN has digits and letters without I, O and Q, 17 in all.")
            )
        return vin

    def validate_unique(self) -> None:
        """Leave names that are taken to the action, which knows what to say."""

    def validate_constraints(self) -> None:
        """Leave names that are taken to the action, which knows what to say."""


class VehicleSearchForm(SearchForm):
    """Words to search the fleet's vehicles for, and whether the retired ones are meant."""

    about = _("Number, plate, make or driver")
    retired = forms.BooleanField(label=_("Retired vehicles"), required=False)

    def wants_retired(self) -> bool:
        self.is_valid()
        return bool(self.cleaned_data.get("retired"))


# What vehicles have most, before the rarer ones.
USUAL_PLUGS = ("ccs2", "type2", "ccs1", "j1772", "nacs", "chademo")
RARE_PLUGS = ("type1", "schuko", "cee16", "cee32", "gb-t-ac", "gb-t-dc", "chaoji", "inductive")


def _plug_choices(kept: Iterable[str]) -> list[tuple[str, Any]]:
    known = [*USUAL_PLUGS, *RARE_PLUGS]
    others = sorted(set(kept) - set(known))
    return [(plug, CONNECTOR_TYPES.get(plug, plug)) for plug in (*known, *others)]
