"""The form by which something is put on the waiting list, or changed there."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.pages.change_form import STEPS
from bookings.pages.forms import REFERENCE_LENGTH, YEARS, plausible_day
from drivers.models import Driver, Fleet
from drivers.permissions import driver_of
from shell.formats import duration
from shell.wall_clock import WallClockForm, clock_field
from sites.facts import connector_label
from sites.models import Evse, Location
from sites.periods import Period
from sites.selectors import Criteria
from sites.slots import rules
from sites.slots.limits import default_minutes, longest_minutes
from sites.slots.picker.form import connector_types
from vehicles.choices import Choices, charger_choices, vehicle_choices
from vehicles.fitting import why_not
from vehicles.models import Vehicle
from vehicles.selectors import current_vehicles, vehicle_of
from waiting.actions import Wanted
from waiting.matching import starts

FARTHEST_KM = 100
FARTHEST_AHEAD = timedelta(days=366)
OFFER, BY_ITSELF = "offer", "by-itself"


def _day_field(label: Any, required: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": required},
    )


class WishForm(WallClockForm):
    """What a fleet waits for at a site; days and times are those of the site's clocks.

    A valid form has `wanted`. What names somebody or something of another fleet is a 404.
    """

    charger = forms.TypedChoiceField(label=_("Charger"), coerce=int, required=False)
    current = forms.ChoiceField(
        label=_("Current"),
        choices=[("", _("Any")), ("ac", "AC"), ("dc", "DC")],
        required=False,
    )
    connector = forms.ChoiceField(label=_("Connector"), required=False)
    min_power = forms.DecimalField(
        label=_("At least (kW)"),
        min_value=Decimal(0),
        max_value=Decimal(10000),
        decimal_places=2,
        required=False,
        localize=True,
    )
    radius = forms.IntegerField(
        label=_("Also at sites near by, up to (km)"),
        min_value=0,
        max_value=FARTHEST_KM,
        required=False,
        help_text=_("Leave it empty for this site alone."),
        error_messages={
            "max_value": _("Please enter at most 100 km."),
            "min_value": _("Please enter a distance from 0 to 100 km."),
            "invalid": _("Please enter a whole number of kilometres, from 0 to 100."),
        },
    )
    from_day = _day_field(_("Not before: day"), _("Please pick the first day."))
    from_time = clock_field(_("Not before: time"), required=_("Please pick a time."))
    until_day = _day_field(_("Over by: day"), _("Please pick the last day."))
    until_time = clock_field(_("Over by: time"), required=_("Please pick a time."))
    minutes = forms.TypedChoiceField(
        label=_("Length"),
        coerce=int,
        error_messages={
            "required": _("Please pick a length."),
            "invalid_choice": _("This length is not valid."),
        },
    )
    earliest = clock_field(_("Start on any day from"))
    latest = clock_field(_("Start on any day until"))
    vehicle = forms.TypedChoiceField(label=_("Vehicle"), coerce=int, required=False)
    driver = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    driver_query = forms.CharField(max_length=100, required=False, empty_value="")
    how = forms.ChoiceField(
        label=_("Once something becomes free"),
        choices=[
            (OFFER, _("Offer it to me by e-mail; I decide")),
            (BY_ITSELF, _("Ask the operator for it at once")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please pick one.")},
    )
    reference = forms.CharField(
        label=_("Reference"),
        max_length=REFERENCE_LENGTH,
        required=False,
        help_text=_("A cost centre or job number. The driver sees it too."),
    )
    version = forms.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, widget=forms.HiddenInput
    )
    submission_key = forms.UUIDField(required=False, initial=uuid.uuid4, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        fleet: Fleet,
        location: Location,
        evses: Sequence[Evse],
        filled_in: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, zone=location.zone, initial=filled_in)
        self.fleet, self.location = fleet, location
        self.evses = {evse.pk: evse for evse in evses}
        self.wanted: Wanted | None = None
        for name in ("earliest", "latest"):
            self.fields[name].required = False
        lengths = [(str(minutes), duration(minutes)) for minutes in _lengths()]
        vehicles = list(current_vehicles(fleet))
        connectors = [(kind, connector_label(kind)) for kind in connector_types(evses)]
        evse = self.evses.get(self._key("charger"))
        vehicle = next((each for each in vehicles if each.pk == self._key("vehicle")), None)
        self._offer("minutes", lengths)
        nobody, whatever = gettext("No particular vehicle"), gettext("Any suitable charger")
        self._offer("vehicle", vehicle_choices(evse, vehicles, none_label=nobody))
        self._offer("connector", [("", gettext("Any")), *connectors])
        self._offer("charger", charger_choices(vehicle, evses, any_label=whatever))

    def _offer(self, name: str, choices: Choices) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _key(self, name: str) -> int:
        """Return the key that was picked, or that the form is filled in with; 0 where none was."""
        given = str(self[name].value() or "")
        return int(given) if given.isascii() and given.isdecimal() and len(given) <= 18 else 0

    def clean_from_day(self) -> date:
        return plausible_day(self.cleaned_data["from_day"])

    def clean_until_day(self) -> date:
        return plausible_day(self.cleaned_data["until_day"])

    def clean(self) -> dict[str, Any]:
        """Work out what is wanted, where all of it makes sense."""
        data = super().clean() or {}
        vehicle, driver = self._vehicle(data), self._driver(data)
        if not (vehicle or driver) and "driver" not in self.errors:
            self.add_error("driver", gettext("Please pick a driver or a vehicle."))
        elif data.get("how") == BY_ITSELF and not (driver or (vehicle and vehicle.usual_driver)):
            text = gettext("Please pick the driver for whom it is to be asked for.")
            self.add_error("driver", text)
        evse = self.evses[data["charger"]] if data.get("charger") else None
        reason = why_not(vehicle, evse) if vehicle and evse else None
        if vehicle and reason and not (reason.is_about_driver and driver):
            text = gettext("%(vehicle)s would never get this charger. %(reason)s")
            self.add_error("charger", text % {"vehicle": vehicle.name, "reason": reason.text})
        elsewhere = evse or data.get("radius") or {"radius", "min_power"} & self.errors.keys()
        if not elsewhere and not any(map(_criteria(data).fits, self.evses.values())):
            text = gettext(
                "No charger at this site meets all of these requirements. Please ask for less."
            )
            self.add_error("min_power" if data.get("min_power") else "connector", text)
        if data.get("radius") and evse:
            text = gettext("A certain charger is at one site. Please pick any suitable charger.")
            self.add_error("radius", text)
        elif data.get("radius") and self.location.latitude is None:
            text = gettext("It is not known where this site is, so nothing can be found near it.")
            self.add_error("radius", text)
        window = self._window(data)
        if window and not self.errors:
            self.wanted = Wanted(
                location=self.location,
                evse=evse,
                criteria=Criteria() if evse else _criteria(data),
                radius_km=data.get("radius") or 0,
                window_start=window.start_at,
                window_end=window.end_at,
                minutes=data["minutes"],
                earliest_clock=data.get("earliest"),
                latest_clock=data.get("latest"),
                vehicle=vehicle,
                driver=driver,
                by_itself=data["how"] == BY_ITSELF,
                reference=data.get("reference", ""),
            )
        return data

    def _vehicle(self, data: dict[str, Any]) -> Vehicle | None:
        given = self.data.get("vehicle", "")
        if "vehicle" in self.errors and given.isascii() and given.isdecimal():
            try:
                vehicle_of(self.fleet, int(given[:18]))
            except Vehicle.DoesNotExist:
                raise Http404 from None
        return vehicle_of(self.fleet, data["vehicle"]) if data.get("vehicle") else None

    def _driver(self, data: dict[str, Any]) -> Driver | None:
        if not data.get("driver"):
            return None
        try:
            return driver_of(self.fleet, data["driver"])
        except Driver.DoesNotExist:
            raise Http404 from None

    def _window(self, data: dict[str, Any]) -> Period | None:
        """Return the window, or None once it is said what is wrong with it."""
        ends: list[datetime] = []
        for name, which in (("from", 0), ("until", -1)):
            day, clock = data.get(f"{name}_day"), data.get(f"{name}_time")
            if day is None or clock is None:
                return None
            # Of a time that comes twice the one that leaves more room.
            meanings = self.instants(f"{name}_time", day, clock)
            if not meanings:
                return None
            ends.append(meanings[which])
        start_at, end_at = ends
        problem = self._window_problem(start_at, end_at, data.get("minutes"))
        if problem:
            self.add_error(*problem)
            return None
        return Period.between(start_at, end_at)

    def _window_problem(
        self, start_at: datetime, end_at: datetime, minutes: int | None
    ) -> tuple[str, str] | None:
        now = timezone.now()
        if end_at <= start_at:
            return "until_day", gettext("The end must be after the start.")
        if end_at <= now:
            return "until_day", gettext("This window has passed. Please pick a later one.")
        if end_at > now + FARTHEST_AHEAD:
            return "until_day", gettext("Please pick a day within a year.")
        if minutes is None:
            return None
        length = timedelta(minutes=minutes)
        if length > end_at - start_at:
            return "minutes", gettext("So long a stay does not fit between the two times.")
        earliest = max(start_at, (now + rules.notice()).astimezone(UTC))
        if earliest + length > end_at:
            return "until_time", gettext("There is not enough time left in this window.")
        whole = Period.between(earliest, end_at)
        clocks = (self.cleaned_data.get("earliest"), self.cleaned_data.get("latest"))
        fitting = starts([whole], window=whole, length=length, clocks=clocks, zone=self.zone)
        if next(fitting, None) is None:
            return "earliest", gettext("No start within the window lies between these times.")
        return None


def typed_wish(location: Location, given: Mapping[str, str]) -> dict[str, str]:
    """Return what the form holds at first, from what the address says of a slot or of a day.

    A day stands for all of it, a slot for just that.
    """
    zone = location.zone
    typed = {
        name: str(given.get(name, ""))
        for name in ("connector", "current", "min_power", "driver", "driver_query", "reference")
    }
    typed |= {name: given[name] for name in ("vehicle", "radius") if given.get(name)}
    minutes = _number(given.get("minutes", "")) or default_minutes()
    start_at = _instant(given.get("start", ""))
    if start_at is not None:
        start, end = start_at, start_at + timedelta(minutes=minutes)
    else:
        start, end = _whole_day(given, zone)
    return {
        **typed,
        "charger": str(given.get("evse", "")),
        "minutes": str(minutes),
        "how": OFFER,
        **clock_times("from", start, zone),
        **clock_times("until", end, zone),
    }


def clock_times(name: str, at: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Return an instant as the form holds it: day and time on the site's clocks."""
    local = at.astimezone(zone)
    return {f"{name}_day": f"{local:%Y-%m-%d}", f"{name}_time": f"{local:%H:%M}"}


def _whole_day(given: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime, datetime]:
    now = timezone.now().astimezone(zone)
    try:
        day = date.fromisoformat(given.get("day", ""))
        clock = time.fromisoformat(given.get("from") or "00:00")
    except ValueError:
        day, clock = now.date(), time()
    start = max(datetime.combine(day, clock, zone), now.replace(second=0, microsecond=0))
    return start, datetime.combine(max(day, now.date()) + timedelta(days=1), time(), zone)


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.replace(" ", "+")[:40])
    except ValueError:
        return None
    return found if found.tzinfo and found.year in YEARS else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else 0


def _criteria(data: dict[str, Any]) -> Criteria:
    return Criteria(
        data.get("current", ""), data.get("connector", ""), data.get("min_power") or None
    )


def _lengths() -> list[int]:
    """Return the lengths that may be booked, in minutes."""
    lengths: list[int] = []
    begin = 0
    for step, end in STEPS:
        lengths += range(begin + step, min(end, longest_minutes()) + 1, step)
        begin = end
    return [minutes for minutes in lengths if minutes >= settings.BOOKING_MIN_MINUTES]
