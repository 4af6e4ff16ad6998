"""The form by which staff plan downtime at a site: why, from when until when, and of what."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ampeco.types.downtime import EXEMPT
from maintenance.asking import Place
from maintenance.models import DowntimeNotice
from shell.wall_clock import WallClockForm, clock_field
from sites.models import ChargePoint, Location

LATEST_YEAR = 2100
# As the back office draws its own.
BOX = (
    "border border-base-200 px-3 py-2 rounded-default bg-white dark:bg-base-900 "
    "dark:border-base-700"
)


class DowntimeForm(WallClockForm):
    """Downtime by the clocks of a site.

    A time that the clocks show twice means the first or the second, as `twice` says. A valid form
    has `start_at` and `end_at` in its cleaned data, in UTC, and knows its `chosen` places.
    """

    notice = forms.ModelChoiceField(
        label=_("Reason"), queryset=DowntimeNotice.objects.none(), empty_label=None
    )
    first_day = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    begins = clock_field(_("From, time"))
    last_day = forms.DateField(label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}))
    ends = clock_field(_("Until, time"))
    twice = forms.ChoiceField(
        label=_("If the clocks show a time twice, use"),
        choices=[("first", _("The first")), ("second", _("The second"))],
        required=False,
    )
    places = forms.MultipleChoiceField(
        label=_("What is out of use"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please pick at least one charge point or charger.")},
    )

    def __init__(self, data: Mapping[str, Any] | None, *, location: Location) -> None:
        super().__init__(data, auto_id="downtime-%s", zone=location.zone)
        for name, field in self.fields.items():
            if name != "places":
                field.widget.attrs["class"] = BOX
        self.known = places_at(location)
        self.fields["places"].choices = [  # type: ignore[attr-defined]
            (key, place.name) for key, place in self.known.items()
        ]
        self.fields["notice"].queryset = (  # type: ignore[attr-defined]
            DowntimeNotice.objects.filter(type=EXEMPT, retired_at=None).order_by("notice", "pk")
        )

    @property
    def has_reasons(self) -> bool:
        return self.fields["notice"].queryset.exists()  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[Place]:
        """The places that are picked, a charger not besides its whole charge point."""
        found = [self.known[key] for key in self.cleaned_data["places"]]
        whole = {place.charge_point.pk for place in found if place.evse is None}
        return [p for p in found if p.evse is None or p.charge_point.pk not in whole]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start_at = self._instant("begins", data.get("first_day"), data.get("begins"))
        end_at = self._instant("ends", data.get("last_day"), data.get("ends"))
        if start_at and end_at:
            data["start_at"], data["end_at"] = start_at, end_at
            if end_at <= start_at:
                self.add_error("ends", gettext("The end must be after the start."))
        return data

    def _instant(self, name: str, day: date | None, clock: time | None) -> datetime | None:
        if day is None or clock is None:
            return None
        if day.year > LATEST_YEAR:
            self.add_error(name, gettext("This date is not valid."))
            return None
        meanings = self.instants(name, day, clock)
        if not meanings:
            return None
        return meanings[-1 if self.cleaned_data.get("twice") == "second" else 0]


def places_at(location: Location) -> dict[str, Place]:
    """Return what of a site may be out of use, by the keys that the form knows it by."""
    points = (
        ChargePoint.objects.filter(location=location, retired_at=None)
        .prefetch_related("evses")
        .order_by("name", "pk")
    )
    found: dict[str, Place] = {}
    for point in points:
        evses = [evse for evse in point.evses.all() if evse.retired_at is None]
        found[f"p{point.pk}"] = Place(point)
        if len(evses) > 1:
            for evse in sorted(evses, key=lambda each: (each.network_id, each.pk)):
                found[f"e{evse.pk}"] = Place(point, evse)
    return found
