"""What comes in from pages about tables. Times are those that the clocks of the site show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from batches.models import Batch, BatchRow
from batches.services import MOST_ROWS
from bookings.pages.forms import REFERENCE_LENGTH, YEARS
from drivers.models import Driver, Fleet
from drivers.permissions import private_partners
from shell.kept_forms import retyped
from shell.plain_text import OneLines
from shell.wall_clock import WallClockForm, clock_field, instants_of
from sites.models import Evse, Location
from sites.periods import Period, next_step
from sites.selectors import search_locations
from sites.slots import rules
from vehicles.choices import Choices, charger_choices, vehicle_choices
from vehicles.fitting import misfit_of_all
from vehicles.models import Vehicle

MOST_NAMED = 4
ONE_DAY = timedelta(days=1)
EVENING, MORNING = time(18), time(6)


def tonight(zone: ZoneInfo, *, now: datetime) -> tuple[date, time, time]:
    """Return day, begin and end of the night to come at a site: 18:00 to 06:00.

    Once the evening has begun, the night begins as soon as a booking may.
    """
    today = now.astimezone(zone).date()
    evening = instants_of(today, EVENING, zone)
    soonest = next_step((now + rules.notice()).astimezone(UTC))
    if evening and soonest <= evening[0]:
        return today, EVENING, MORNING
    local = soonest.astimezone(zone)
    return local.date(), local.time().replace(tzinfo=None), MORNING


class PeriodForm(WallClockForm):
    """A day and two times; what ends no later than it begins ends on the next day.

    A valid form has `period` in its cleaned data, or None where nothing need be given and nothing
    was.
    """

    day = forms.DateField(
        label=_("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": _("Please give a day."),
            "invalid": _("This date is not valid."),
        },
    )
    begin = clock_field(
        pgettext_lazy("time of day", "From"),
        required=_("Please give a time."),
        invalid=_("This time is not valid."),
    )
    end = clock_field(
        pgettext_lazy("time of day", "To"),
        required=_("Please give a time."),
        invalid=_("This time is not valid."),
    )

    def clean(self) -> dict[str, Any]:
        """Find the period that is meant, and say what is wrong with its length."""
        data = super().clean() or {}
        data["period"] = None
        day, begin, end = data.get("day"), data.get("begin"), data.get("end")
        if day is None or begin is None or end is None:
            return data
        if day.year not in YEARS:
            self.add_error("day", _("This date is not valid."))
            return data
        starts = self.instants("begin", day, begin)
        ends = self.instants("end", day if end > begin else day + ONE_DAY, end)
        if starts and ends:
            data["period"] = Period(starts[0], ends[-1])
        return data


class ManyForm(PeriodForm):
    """Which vehicles, or how many, are to charge at a site, and when."""

    number = forms.IntegerField(
        label=_("How many vehicles"),
        min_value=1,
        max_value=MOST_ROWS,
        required=False,
        help_text=_("Those that are at home here and have no booking then come first."),
    )
    vehicles = forms.TypedMultipleChoiceField(
        label=_("Or these vehicles"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("This vehicle is not in your fleet any more.")},
    )
    reference = forms.CharField(label=_("Reference"), max_length=REFERENCE_LENGTH, required=False)

    def __init__(
        self, *args: Any, vehicles: Sequence[Vehicle], evses: Sequence[Evse], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        reasons = {vehicle.pk: misfit_of_all(vehicle, evses) for vehicle in vehicles}
        self.fields["vehicles"].choices = [  # type: ignore[attr-defined]
            (str(vehicle.pk), ": ".join(filter(None, (vehicle.name, reasons[vehicle.pk]))))
            for vehicle in sorted(vehicles, key=lambda vehicle: bool(reasons[vehicle.pk]))
        ]
        self.misfits = {str(pk) for pk, reason in reasons.items() if reason}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("number") and not data.get("vehicles") and not self.errors:
            self.add_error("number", _("Please say how many vehicles, or tick some."))
        return data


class BlockForm(PeriodForm):
    """Chargers of a site and one period for all of them."""

    evse = forms.TypedMultipleChoiceField(
        label=_("Chargers"),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Please tick the chargers."),
            "invalid_choice": _("This charger cannot be booked here. Please pick another one."),
        },
    )

    def __init__(self, *args: Any, evses: Iterable[Evse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evse"].choices = [  # type: ignore[attr-defined]
            (str(evse.pk), evse.name) for evse in evses
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """The site that a row is at, or is to be at; `problem` says why there is none."""

    location: Location | None
    problem: str = ""


def find_place(fleet: Fleet, name: str, *, now_at: Location | None) -> Place:
    """Return the site of that name, or the only one that all words of it fit."""
    name = " ".join(name.split())
    if now_at is not None and name in {"", now_at.name}:
        return Place(now_at)
    partner_ids = private_partners(fleet)
    found = list(search_locations(partner_ids=partner_ids, query=name)[:MOST_NAMED]) if name else []
    same = [each for each in found if each.name.casefold() == name.casefold()]
    if len(found) == 1 or len(same) == 1:
        return Place((same or found)[0])
    if not found:
        return Place(None, gettext("No site of that name was found."))
    names = "; ".join(each.name for each in found)
    text = gettext("More than one site fits: %(names)s. Please write the name of one.")
    return Place(None, text % {"names": names})


class RowForm(PeriodForm):
    """A row of a table: who and what charges where, and when."""

    vehicle = forms.ChoiceField(label=_("Vehicle"), required=False)
    site = forms.CharField(
        label=_("Site"), max_length=255, error_messages={"required": _("Please name a site.")}
    )
    driver = forms.ChoiceField(
        label=_("Driver"),
        required=False,
        help_text=_("The operator needs one for each booking."),
    )
    evse = forms.ChoiceField(label=_("Charger"), required=False)
    reference = forms.CharField(label=_("Reference"), max_length=REFERENCE_LENGTH, required=False)
    # The mark of the row as it was shown, so that nobody undoes what they have not seen.
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    field_order = ("vehicle", "driver", "site", "evse", "day", "begin", "end", "reference")

    def __init__(
        self,
        *args: Any,
        row: BatchRow,
        place: Place,
        vehicles: Sequence[Vehicle],
        drivers: Sequence[Driver],
        evses: Sequence[Evse],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.place = place
        self.auto_id = f"row-{row.pk}-%s"
        self.rows: dict[str, dict[str, Any]] = {
            "vehicle": {str(each.pk): each for each in vehicles},
            "driver": {str(each.pk): each for each in drivers},
            "evse": {str(each.pk): each for each in evses},
        }
        self._offer("vehicle", vehicle_choices(row.evse, vehicles, none_label=gettext("None")))
        self._offer("driver", [("", _("Nobody yet")), *driver_choices(drivers)])
        any_label = gettext("Any that fits")
        self._offer("evse", charger_choices(row.vehicle, evses, any_label=any_label))

    def _offer(self, name: str, choices: Choices) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean_site(self) -> str:
        name: str = self.cleaned_data["site"]
        if self.place.location is None:
            raise forms.ValidationError(self.place.problem)
        return name

    def show_again(self, problem: str, *, mark: str) -> None:
        """Say why the row was not changed; sent again, the form changes it as it is by now."""
        self.data = retyped(self.data, seen=mark)  # type: ignore[arg-type]
        self.add_error(None, problem)

    @property
    def changes(self) -> dict[str, Any]:
        """What a valid form makes of the row."""
        data = self.cleaned_data
        chosen = {name: rows.get(data[name]) for name, rows in self.rows.items()}
        period: Period = data["period"]
        times = {"start_at": period.start_at, "end_at": period.end_at}
        where = {"location": self.place.location}
        return chosen | where | times | {"reference": data["reference"], "given": {}}


class AllForm(OneLines, forms.Form):
    """What is set for all rows; what is left empty stays as it is."""

    KEEP, ANY, ANEW = "", "any", "anew"

    day = forms.DateField(
        label=_("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    begin = clock_field(pgettext_lazy("time of day", "From"), invalid=_("This time is not valid."))
    end = clock_field(pgettext_lazy("time of day", "To"), invalid=_("This time is not valid."))
    driver = forms.ChoiceField(label=_("Driver"), required=False)
    chargers = forms.ChoiceField(
        label=_("Chargers"),
        required=False,
        choices=[
            (KEEP, _("As they are")),
            (ANY, _("Any that fits")),
            (ANEW, _("Propose anew")),
        ],
    )
    reference = forms.CharField(label=_("Reference"), max_length=REFERENCE_LENGTH, required=False)
    field_order = ("day", "begin", "end", "driver", "chargers", "reference")

    def __init__(self, *args: Any, drivers: Sequence[Driver], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "all-%s"
        self.fields["begin"].required = self.fields["end"].required = False
        self.by_key = {str(driver.pk): driver for driver in drivers}
        choices = [("", _("As they are")), *driver_choices(drivers)]
        self.fields["driver"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("day") and data["day"].year not in YEARS:
            self.add_error("day", _("This date is not valid."))
        return data

    def periods(self, rows: Iterable[BatchRow]) -> dict[int, Period]:
        """Return the periods that rows get, by key, where times are given.

        What a row has of day and times stays as far as nothing is given for it. Rows without a site
        or times, and times that the clocks skip, are left as they are.
        """
        data = self.cleaned_data
        if not any(data[name] for name in ("day", "begin", "end")):
            return {}
        found = {}
        for row in rows:
            if row.location is not None:
                period = self._period(row, row.location.zone)
                if period is not None:
                    found[row.pk] = period
        return found

    def _period(self, row: BatchRow, zone: ZoneInfo) -> Period | None:
        data = self.cleaned_data
        day, begin, end = data["day"], data["begin"], data["end"]
        if row.start_at is not None:
            local = row.start_at.astimezone(zone)
            day, begin = day or local.date(), begin or local.time()
        if row.end_at is not None:
            end = end or row.end_at.astimezone(zone).time()
        if day is None or begin is None or end is None:
            return None
        starts = instants_of(day, begin, zone)
        ends = instants_of(day if end > begin else day + ONE_DAY, end, zone)
        return Period(starts[0], ends[-1]) if starts and ends else None


class NameForm(OneLines, forms.Form):
    """What a table is called."""

    name = forms.CharField(
        label=_("Name of this table"),
        max_length=Batch._meta.get_field("name").max_length,
        required=False,
    )


def driver_choices(drivers: Iterable[Driver]) -> Choices:
    return [(str(driver.pk), driver.display_name) for driver in drivers]
