"""What the slot picker is asked for: read from the query string, written back into links."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ampeco.types import ParkingSpaceCriteria
from shell.formats import duration
from shell.keys import read_key
from sites.models import Evse
from sites.periods import start_of_day
from sites.selectors import Criteria
from sites.slots.fit import Fit
from sites.slots.limits import (
    MINUTE,
    STEP_MINUTES,
    default_minutes,
    last_instant,
    longest_minutes,
)

CURRENT_TYPES = {kind.value: kind.value for kind in (Evse.CurrentType.AC, Evse.CurrentType.DC)}
MORNING = time(6)
CRITERIA = ("connector", "current", "min_power", "max_power")

# What a form is filled in with besides its slot.
DRAFT = ("driver", "driver_query", "reference", "vehicle")
LONGEST_DRAFT = 255

T = TypeVar("T")

WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
POWER = re.compile(r"[0-9]{1,4}([.,][0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """A day of the site, a length, a not-before, and a charger or what any must offer.

    `first_day` and `last_day` bound what can be chosen. `not_before` is None unless somebody chose
    it. `problems` holds a sentence by control, for values that were replaced by the default. `move`
    is the number of the booking that is to be moved to the slot, if it is not for a new one; `fit`
    is what is to charge, where that is known already.
    `draft` is what was typed for a slot that could not be had: whatever is picked next gets it.
    """

    day: date
    first_day: date
    last_day: date
    minutes: int
    not_before: time | None = None
    evse_id: int | None = None
    any_charger: bool = False
    criteria: Criteria = field(default_factory=Criteria)
    fresh: bool = False
    move: str = ""
    fit: Fit | None = None
    draft: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.minutes)

    def begin_of(self, day: date, zone: ZoneInfo) -> datetime:
        """Return the chosen not-before on a day, else the morning, else (today) its beginning.

        A time that the clocks skip stands for the one after, one shown twice for the first.
        """
        start_at = start_of_day(day, zone)
        chosen = self.not_before
        if chosen is None and day == self.first_day:
            return start_at
        return max(start_at, datetime.combine(day, chosen or MORNING, zone).astimezone(UTC))

    def params(self) -> dict[str, str]:
        """Return the query parameters that lead here again; what is not chosen is left out."""
        params = {"day": self.day.isoformat(), "minutes": str(self.minutes)}
        if self.not_before is not None:
            params["from"] = f"{self.not_before:%H:%M}"
        if self.evse_id is not None:
            params["evse"] = str(self.evse_id)
        if self.any_charger:
            params |= criteria_params(self.criteria, whole=self.fit is not None)
        return params | self.passed_along()

    def passed_along(self) -> dict[str, str]:
        """Return the query parameters that the form for a picked slot gets, too."""
        params = {"move": self.move} if self.move else {}
        return params | self.draft | dict(self.fit.params if self.fit else {})

    def query(self, **changes: object) -> str:
        """Return the query string for other choices; None leaves a parameter out.

        `from_` stands for `from`, which Python keeps for itself.
        """
        params: dict[str, object] = {**self.params()}
        params.update({name.rstrip("_"): value for name, value in changes.items()})
        return urlencode({name: value for name, value in params.items() if value is not None})


def criteria_params(criteria: Criteria, *, whole: bool = False) -> dict[str, str]:
    """Return the query parameters by which pages name “any suitable charger”.

    A `whole` one says too what does not matter. Room for a vehicle is named by the vehicle.
    """
    least, most = criteria.min_power_kw, criteria.max_power_kw
    params = {
        "any": "1",
        "connector": criteria.connector_type,
        "current": criteria.current_type,
        "min_power": "" if least is None else f"{least.normalize():f}",
        "max_power": "" if most is None else f"{most.normalize():f}",
    }
    return {name: value for name, value in params.items() if value or whole}


def connector_types(evses: Iterable[Evse]) -> list[str]:
    return sorted({kind for evse in evses for kind in evse.plug_types})


def parse_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        return None


def read_move(params: QueryDict) -> str:
    """Return the number of the booking that is to be moved; nothing for what is no number."""
    text = params.get("move", "").strip()
    return "" if read_key(text) is None else text


def draft_params(typed: Mapping[str, str]) -> dict[str, str]:
    """Return the query parameters that carry what was typed; none where nothing was."""
    known = {name: text[:LONGEST_DRAFT] for name in DRAFT if (text := typed.get(name, ""))}
    return known | {"draft": "1"} if known else {}


def read_choices(
    params: QueryDict,
    *,
    zone: ZoneInfo,
    evses: Sequence[Evse],
    now: datetime,
    fit: Fit | None = None,
    longest: timedelta | None = None,
) -> Choices:
    """Return what a query string asks for; what makes no sense gives the default and a problem.

    Where it says nothing of what any charger must offer, that is what is to charge needs. `longest`
    is the longest stay where it is shorter than the operator's.
    """
    most = longest_minutes() if longest is None else min(longest_minutes(), longest // MINUTE)
    first_day = now.astimezone(zone).date()
    last_day = last_instant(now).astimezone(zone).date()
    reader = _Reader(params)
    return Choices(
        day=_read_day(reader, first_day, last_day),
        first_day=first_day,
        last_day=last_day,
        minutes=_read_minutes(reader, most=most),
        not_before=reader.take("from", _clock, _("This time is not valid and is ignored.")),
        evse_id=reader.take(
            "evse",
            {str(evse.pk): evse.pk for evse in evses}.get,
            _("This charger cannot be booked here. Please pick another one."),
        ),
        any_charger=params.get("any") == "1",
        criteria=_read_criteria(reader, evses, fit),
        fresh=params.get("fresh") == "1",
        move=read_move(params),
        fit=fit,
        draft=draft_params(params) if params.get("draft") == "1" else {},
        problems=reader.problems,
    )


def _read_criteria(reader: "_Reader", evses: Sequence[Evse], fit: Fit | None) -> Criteria:
    if fit is not None and not any(name in reader.params for name in CRITERIA):
        return fit.criteria
    return Criteria(
        reader.take("current", CURRENT_TYPES.get, _("Please pick AC or DC. Both count now.")) or "",
        reader.take(
            "connector",
            lambda text: text if text in connector_types(evses) else None,
            _("No charger here has this connector, so any connector counts."),
        )
        or "",
        reader.take("min_power", _power, _no_power()) or None,
        reader.take("max_power", _power, _no_power()) or None,
        fit.criteria.parking if fit else ParkingSpaceCriteria(),
    )


def _power(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if POWER.fullmatch(text) else None


def _no_power() -> str:
    return _("Please enter a power between 0 and 9999 kW. Any power counts now.")


class _Reader:
    """Reads one parameter after the other, and notes what is wrong with any of them."""

    def __init__(self, params: QueryDict) -> None:
        self.params = params
        self.problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        return self.params.get(name, "").strip()

    def take(self, name: str, meaning: Callable[[str], T | None], problem: str) -> T | None:
        """Return what was given; None where nothing was, or where it means nothing."""
        text = self.text(name)
        value = meaning(text) if text else None
        if text and value is None:
            self.problems[name] = problem
        return value


def _clock(text: str) -> time | None:
    clock = CLOCK.fullmatch(text)
    return time(int(clock[1]), int(clock[2])) if clock else None


def _read_day(reader: _Reader, first_day: date, last_day: date) -> date:
    problem = _("This date is not valid, so today is shown.")
    day = reader.take("day", parse_day, problem) or first_day
    if day < first_day:
        reader.problems["day"] = _("That day has passed, so today is shown.")
    elif day > last_day:
        days = settings.BOOKING_HORIZON_DAYS
        reader.problems["day"] = ngettext(
            "Bookings can be made up to %(days)d day ahead. Today is shown.",
            "Bookings can be made up to %(days)d days ahead. Today is shown.",
            days,
        ) % {"days": days}
    else:
        return day
    return first_day


def _read_minutes(reader: _Reader, *, most: int) -> int:
    """Return the length in minutes: `minutes`, to which the form's `hours` are added."""
    hours, minutes = reader.text("hours"), reader.text("minutes")
    default = min(default_minutes(), most)
    if not hours and not minutes:
        return default
    if all(WHOLE_NUMBER.fullmatch(text or "0") for text in (hours, minutes)):
        total = 60 * int(hours or 0) + int(minutes or 0)
        problem = _length_problem(total, most=most)
        if not problem:
            return total
    else:
        problem = _("This length is not valid.")
    reader.problems["minutes"] = _("%(problem)s %(default)s is used.") % {
        "problem": problem,
        "default": duration(default),
    }
    return default


def _length_problem(minutes: int, *, most: int) -> str:
    if minutes > most:
        return _("The longest booking is %(length)s.") % {"length": duration(most)}
    if minutes < settings.BOOKING_MIN_MINUTES:
        least = duration(settings.BOOKING_MIN_MINUTES)
        return _("The shortest booking is %(length)s.") % {"length": least}
    if minutes % STEP_MINUTES:
        return _("The length must be a multiple of 15 minutes.")
    return ""
