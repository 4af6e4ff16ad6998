"""The controls of the slot picker: the strip of days, lengths, not-before, what any must offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from shell.formats import duration, kw
from sites.labels import connector_label
from sites.models import Evse
from sites.slots.picker.form import (
    CURRENT_TYPES,
    STEP_MINUTES,
    Choices,
    connector_types,
    criteria_params,
    longest_minutes,
)
from sites.slots.picker.parts import day_text, weekday

DAYS_SHOWN = 7
QUICK_MINUTES = (30, 60, 120, 240, 480)
OVERNIGHT_MINUTES = 720
OVERNIGHT_FROM = "18:00"


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

    day: str
    weekday: str
    number: str
    month: str
    spoken: str
    query: str
    chosen: bool
    full: bool

    @classmethod
    def to(cls, day: date, choices: Choices, *, room: Mapping[date, bool]) -> "DayLink":
        """Return the link that shows another day with the same choices."""
        return cls(
            day=day.isoformat(),
            weekday=weekday(day),
            number=str(day.day),
            month=date_format(day, "M"),
            spoken=day_text(day),
            query=choices.query(day=day.isoformat()),
            chosen=day == choices.day,
            full=room.get(day) is False,
        )


@dataclass(frozen=True, slots=True)
class Controls:
    """What the picker can be asked for, with what is chosen."""

    quick: tuple[Link, ...]
    hours: tuple[Option, ...]
    minutes: tuple[Option, ...]
    not_before: tuple[Option, ...]
    modes: tuple[Link, ...]
    connectors: tuple[Option, ...]
    currents: tuple[Option, ...]
    powers: tuple[Option, ...]
    previous_query: str
    next_query: str


def controls_of(choices: Choices, evses: Sequence[Evse], *, not_before: datetime) -> Controls:
    """Return the controls; `not_before` is what is in force, in the site's time."""
    return Controls(
        quick=quick_lengths(choices),
        hours=tuple(
            Option(str(hour), _("%(hours)d h") % {"hours": hour}, hour == choices.minutes // 60)
            for hour in range(settings.BOOKING_MAX_HOURS + 1)
        ),
        minutes=tuple(
            Option(
                str(rest), _("%(minutes)d min") % {"minutes": rest}, rest == choices.minutes % 60
            )
            for rest in range(0, 60, STEP_MINUTES)
        ),
        not_before=not_before_options(choices, not_before),
        modes=(
            Link(
                "one",
                _("A certain charger"),
                choices.query(**dict.fromkeys(("any", "connector", "current", "min_power"))),
                not choices.any_charger,
            ),
            Link(
                "any",
                _("Any charger that fits"),
                choices.query(evse=None, **criteria_params(choices.criteria)),
                choices.any_charger,
            ),
        ),
        connectors=(
            Option("", _("Any connector"), not choices.criteria.connector_type),
            *(
                Option(kind, connector_label(kind), kind == choices.criteria.connector_type)
                for kind in connector_types(evses)
            ),
        ),
        currents=(
            Option("", _("AC or DC"), not choices.criteria.current_type),
            *(
                Option(
                    kind, str(Evse.CurrentType(kind).label), kind == choices.criteria.current_type
                )
                for kind in CURRENT_TYPES
            ),
        ),
        powers=power_options(choices, evses),
        previous_query=week_query(choices, -DAYS_SHOWN),
        next_query=week_query(choices, DAYS_SHOWN),
    )


def quick_lengths(choices: Choices) -> tuple[Link, ...]:
    """Return the lengths that are one click away, the night with its usual start."""
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
        links.append(
            Link(
                key="night",
                label=_("Overnight, %(length)s from %(time)s")
                % {"length": duration(OVERNIGHT_MINUTES), "time": OVERNIGHT_FROM},
                query=choices.query(minutes=OVERNIGHT_MINUTES, from_=OVERNIGHT_FROM),
                chosen=choices.minutes == OVERNIGHT_MINUTES
                and choices.not_before is not None
                and f"{choices.not_before:%H:%M}" == OVERNIGHT_FROM,
            )
        )
    return tuple(links)


def not_before_options(choices: Choices, in_force: datetime) -> tuple[Option, ...]:
    """Return each full hour, with the time in force among them; today begins with “Now”."""
    chosen = f"{choices.not_before or in_force.time():%H:%M}"
    times = sorted({*(f"{hour:02}:00" for hour in range(24)), chosen})
    if choices.day != choices.first_day:
        return tuple(Option(each, each, each == chosen) for each in times)
    no_choice = choices.not_before is None
    return (
        Option("", _("Now"), no_choice),
        *(Option(each, each, each == chosen and not no_choice) for each in times),
    )


def power_options(choices: Choices, evses: Sequence[Evse]) -> tuple[Option, ...]:
    """Return the powers found among the chargers, as least powers to ask for."""
    chosen = choices.criteria.min_power_kw
    powers = {evse.max_power_kw for evse in evses if evse.max_power_kw}
    if chosen is not None:
        powers.add(chosen)
    return (
        Option("", _("Any power"), chosen is None),
        *(
            Option(
                f"{power.normalize():f}",
                _("At least %(power)s") % {"power": kw(power)},
                power == chosen,
            )
            for power in sorted(powers)
        ),
    )


def day_strip(choices: Choices, *, room: Mapping[date, bool]) -> tuple[DayLink, ...]:
    """Return the week in which the chosen day lies, counted from today."""
    weeks = (choices.day - choices.first_day).days // DAYS_SHOWN
    first = choices.first_day + timedelta(days=DAYS_SHOWN * weeks)
    days = (first + timedelta(days=offset) for offset in range(DAYS_SHOWN))
    return tuple(DayLink.to(day, choices, room=room) for day in days if day <= choices.last_day)


def week_query(choices: Choices, days: int) -> str:
    """Return the query for a week earlier or later, or nothing where there is none to book."""
    weeks = (choices.day - choices.first_day).days // DAYS_SHOWN
    first = choices.first_day + timedelta(days=DAYS_SHOWN * weeks + days)
    if not choices.first_day <= first <= choices.last_day:
        return ""
    day = min(choices.day + timedelta(days=days), choices.last_day)
    return choices.query(day=day.isoformat())
