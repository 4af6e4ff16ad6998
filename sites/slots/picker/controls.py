"""The controls of the slot picker: the strip of days, lengths, not-before, what any must offer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cached_property

from django.conf import settings
from django.utils.translation import gettext as _

from shell.formats import duration, kw
from sites.facts import connector_label
from sites.models import Evse
from sites.slots.clocks import day_text
from sites.slots.limits import STEP_MINUTES, longest_minutes
from sites.slots.picker.form import (
    CRITERIA,
    CURRENT_TYPES,
    Choices,
    connector_types,
    criteria_params,
)

DAYS_SHOWN = 7
QUICK_MINUTES = (30, 60, 120, 240, 480)
OVERNIGHT_MINUTES = 720
OVERNIGHT_FROM = time(18)


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a select offers."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A choice that is one click away."""

    key: str
    label: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class DayLink:
    """A day of the strip; `full` only where it is known that no start fits."""

    day: date
    spoken: str
    query: str
    chosen: bool
    full: bool

    @classmethod
    def to(cls, day: date, choices: Choices, *, full: bool = False) -> "DayLink":
        query = choices.query(day=day.isoformat())
        return cls(day, day_text(day), query, chosen=day == choices.day, full=full)


class Controls:
    """What the picker can be asked for, with what is chosen; `in_force` is the not-before."""

    def __init__(self, choices: Choices, evses: Sequence[Evse], *, in_force: time) -> None:
        self.choices = choices
        self.evses = evses
        self.in_force = in_force

    @cached_property
    def quick(self) -> list[Link]:
        """Return the lengths that are one click away, the night with its usual start."""
        choices = self.choices
        fitting = range(settings.BOOKING_MIN_MINUTES, longest_minutes() + 1)
        links = [
            Link(
                key=str(minutes),
                label=duration(minutes),
                query=choices.query(minutes=minutes),
                chosen=minutes == choices.minutes,
            )
            for minutes in QUICK_MINUTES
            if minutes in fitting
        ]
        if OVERNIGHT_MINUTES in fitting:
            begins = f"{OVERNIGHT_FROM:%H:%M}"
            night = (OVERNIGHT_MINUTES, OVERNIGHT_FROM)
            words = {"length": duration(OVERNIGHT_MINUTES), "time": begins}
            links.append(
                Link(
                    key="night",
                    label=_("Overnight, %(length)s from %(time)s") % words,
                    query=choices.query(minutes=OVERNIGHT_MINUTES, from_=begins),
                    chosen=night == (choices.minutes, choices.not_before),
                )
            )
        return links

    @cached_property
    def hours(self) -> tuple[Option, ...]:
        text = _("%(hours)d h")
        hours = range(settings.BOOKING_MAX_HOURS + 1)
        return _options(
            ((str(hour), text % {"hours": hour}) for hour in hours),
            chosen=str(self.choices.minutes // 60),
        )

    @cached_property
    def minutes(self) -> tuple[Option, ...]:
        text = _("%(minutes)d min")
        return _options(
            ((str(rest), text % {"minutes": rest}) for rest in range(0, 60, STEP_MINUTES)),
            chosen=str(self.choices.minutes % 60),
        )

    @cached_property
    def not_before(self) -> tuple[Option, ...]:
        """Return each full hour, with the time in force among them; today begins with “Now”."""
        choices = self.choices
        in_force = f"{choices.not_before or self.in_force:%H:%M}"
        times = sorted({*(f"{hour:02}:00" for hour in range(24)), in_force})
        options = [(each, each) for each in times]
        if choices.day != choices.first_day:
            return _options(options, chosen=in_force)
        return _options(
            [("", _("Now")), *options], chosen=in_force if choices.not_before is not None else ""
        )

    @cached_property
    def modes(self) -> list[Link]:
        choices = self.choices
        certain = choices.query(**dict.fromkeys(("any", *CRITERIA)))
        wanted = choices.criteria
        if choices.fit and not choices.any_charger:
            wanted = choices.fit.criteria
        fitting = choices.query(evse=None, **criteria_params(wanted))
        return [
            Link("one", _("A specific charger"), certain, not choices.any_charger),
            Link("any", _("Any suitable charger"), fitting, choices.any_charger),
        ]

    @cached_property
    def connectors(self) -> tuple[Option, ...]:
        kinds = [(kind, connector_label(kind)) for kind in connector_types(self.evses)]
        return _options(
            [("", _("Any connector")), *kinds], chosen=self.choices.criteria.connector_type
        )

    @cached_property
    def currents(self) -> tuple[Option, ...]:
        kinds = [(kind, str(Evse.CurrentType(kind).label)) for kind in CURRENT_TYPES]
        return _options([("", _("AC or DC")), *kinds], chosen=self.choices.criteria.current_type)

    @cached_property
    def powers(self) -> tuple[Option, ...]:
        """Return the powers found among the chargers, as least powers to ask for."""
        chosen = self.choices.criteria.min_power_kw
        powers = {evse.max_power_kw for evse in self.evses if evse.max_power_kw}
        least = [
            (f"{power.normalize():f}", _("At least %(power)s") % {"power": kw(power)})
            for power in sorted(powers | ({chosen} if chosen is not None else set()))
        ]
        return _options(
            [("", _("Any power")), *least],
            chosen="" if chosen is None else f"{chosen.normalize():f}",
        )

    @cached_property
    def most_powers(self) -> Sequence[Option]:
        """Return the most powers to ask for; none unless one is asked for, by a vehicle."""
        chosen = self.choices.criteria.max_power_kw
        if chosen is None and not self.choices.fit:
            return ()
        powers = {evse.max_power_kw for evse in self.evses if evse.max_power_kw}
        most = [
            (f"{power.normalize():f}", _("At most %(power)s") % {"power": kw(power)})
            for power in sorted(powers | ({chosen} if chosen is not None else set()))
        ]
        return _options(
            [("", _("Any power")), *most],
            chosen="" if chosen is None else f"{chosen.normalize():f}",
        )

    def days(self, room: Mapping[date, bool]) -> list[DayLink]:
        """Return the week in which the chosen day lies, counted from today."""
        first = self._week()
        days = (first + timedelta(days=offset) for offset in range(DAYS_SHOWN))
        return [
            DayLink.to(day, self.choices, full=room.get(day) is False)
            for day in days
            if day <= self.choices.last_day
        ]

    @cached_property
    def previous_query(self) -> str:
        return self._week_query(-DAYS_SHOWN)

    @cached_property
    def next_query(self) -> str:
        return self._week_query(DAYS_SHOWN)

    def _week(self) -> date:
        choices = self.choices
        weeks = (choices.day - choices.first_day).days // DAYS_SHOWN
        return choices.first_day + timedelta(days=DAYS_SHOWN * weeks)

    def _week_query(self, days: int) -> str:
        """Return the query for a week earlier or later, or nothing where there is none to book."""
        choices = self.choices
        if not choices.first_day <= self._week() + timedelta(days=days) <= choices.last_day:
            return ""
        day = min(choices.day + timedelta(days=days), choices.last_day)
        return choices.query(day=day.isoformat())


def _options(pairs: Iterable[tuple[str, str]], *, chosen: str) -> tuple[Option, ...]:
    return tuple(Option(value, label, value == chosen) for value, label in pairs)
