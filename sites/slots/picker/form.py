"""What the slot picker is asked for: read from the query string, written back into links."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shell.formats import duration
from sites.models import Evse
from sites.slots.criteria import Criteria

STEP_MINUTES = 15
DEFAULT_MINUTES = 60
CURRENT_TYPES = (Evse.CurrentType.AC, Evse.CurrentType.DC)

WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
BOOKING_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
POWER = re.compile(r"[0-9]{1,4}([.,][0-9]{1,2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choices:
    """A day of the site, a length, a not-before, and a charger or what any must offer.

    `first_day` and `last_day` bound what can be chosen. `not_before` is None unless somebody chose
    it. `problems` holds a sentence by control, for values that were replaced by the default. `move`
    is the number of the booking that is to be moved to the slot, if it is not for a new one.
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
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> timedelta:
        """How long the stay is."""
        return timedelta(minutes=self.minutes)

    def params(self) -> dict[str, str]:
        """Return the query parameters that lead here again; what is not chosen is left out."""
        params = {"day": self.day.isoformat(), "minutes": str(self.minutes)}
        if self.not_before is not None:
            params["from"] = f"{self.not_before:%H:%M}"
        if self.evse_id is not None:
            params["evse"] = str(self.evse_id)
        if self.any_charger:
            params |= criteria_params(self.criteria)
        return params | self.passed_along()

    def passed_along(self) -> dict[str, str]:
        """Return the query parameters that the form for a picked slot gets, too."""
        return {"move": self.move} if self.move else {}

    def query(self, **changes: object) -> str:
        """Return the query string for other choices; None leaves a parameter out.

        `from_` stands for `from`, which Python keeps for itself.
        """
        params: dict[str, object] = {**self.params()}
        params.update({name.rstrip("_"): value for name, value in changes.items()})
        return urlencode({name: value for name, value in params.items() if value is not None})


def criteria_params(criteria: Criteria) -> dict[str, str]:
    """Return the query parameters by which pages name “any charger that fits”."""
    power = criteria.min_power_kw
    params = {
        "any": "1",
        "connector": criteria.connector_type,
        "current": criteria.current_type,
        "min_power": "" if power is None else f"{power.normalize():f}",
    }
    return {name: value for name, value in params.items() if value}


def last_instant(now: datetime) -> datetime:
    """Return the end of what can be booked ahead."""
    return now + timedelta(days=settings.BOOKING_HORIZON_DAYS)


def read_choices(
    params: QueryDict, *, zone: ZoneInfo, evses: Sequence[Evse], now: datetime
) -> Choices:
    """Return what a query string asks for; what makes no sense gives the default and a problem."""
    problems: dict[str, str] = {}
    first_day = now.astimezone(zone).date()
    last_day = last_instant(now).astimezone(zone).date()
    return Choices(
        day=read_day(params, first_day=first_day, last_day=last_day, problems=problems),
        first_day=first_day,
        last_day=last_day,
        minutes=read_minutes(params, problems=problems),
        not_before=read_not_before(params, problems=problems),
        evse_id=read_evse(params, evses=evses, problems=problems),
        any_charger=params.get("any") == "1",
        criteria=read_criteria(params, evses=evses, problems=problems),
        fresh=params.get("fresh") == "1",
        move=read_move(params),
        problems=problems,
    )


def read_move(params: QueryDict) -> str:
    """Return the number of the booking that is to be moved; nothing for what is no number."""
    text = params.get("move", "").strip()
    return text if BOOKING_NUMBER.fullmatch(text) else ""


def read_day(
    params: QueryDict, *, first_day: date, last_day: date, problems: dict[str, str]
) -> date:
    """Return the chosen day, or the first one."""
    text = params.get("day", "").strip()
    if not text:
        return first_day
    try:
        day = date.fromisoformat(text) if DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        problems["day"] = _("This is not a day that we understand. Today is shown.")
    elif day < first_day:
        problems["day"] = _("That day has passed. Today is shown.")
    elif day > last_day:
        days = settings.BOOKING_HORIZON_DAYS
        problems["day"] = ngettext(
            "Bookings can be made up to %(days)d day ahead. Today is shown.",
            "Bookings can be made up to %(days)d days ahead. Today is shown.",
            days,
        ) % {"days": days}
    else:
        return day
    return first_day


def read_minutes(params: QueryDict, *, problems: dict[str, str]) -> int:
    """Return the length in minutes: `minutes`, to which the form's `hours` are added."""
    hours, minutes = (params.get(name, "").strip() for name in ("hours", "minutes"))
    default = min(max(DEFAULT_MINUTES, settings.BOOKING_MIN_MINUTES), longest_minutes())
    if not hours and not minutes:
        return default
    if not all(WHOLE_NUMBER.fullmatch(text or "0") for text in (hours, minutes)):
        problem = _("This is not a length that we understand.")
    else:
        total = 60 * int(hours or 0) + int(minutes or 0)
        problem = length_problem(total)
        if not problem:
            return total
    problems["minutes"] = _("%(problem)s %(default)s is used.") % {
        "problem": problem,
        "default": duration(default),
    }
    return default


def length_problem(minutes: int) -> str:
    """Return why a length cannot be booked, or nothing."""
    if minutes > longest_minutes():
        return _("The longest booking is %(length)s.") % {"length": duration(longest_minutes())}
    if minutes < settings.BOOKING_MIN_MINUTES:
        least = duration(settings.BOOKING_MIN_MINUTES)
        return _("The shortest booking is %(length)s.") % {"length": least}
    if minutes % STEP_MINUTES:
        return _("A length is a multiple of 15 minutes.")
    return ""


def longest_minutes() -> int:
    """Return the longest stay that can be booked, in minutes."""
    return 60 * settings.BOOKING_MAX_HOURS


def read_not_before(params: QueryDict, *, problems: dict[str, str]) -> time | None:
    """Return the time before which no start is wanted, if one was chosen."""
    text = params.get("from", "").strip()
    if not text:
        return None
    clock = CLOCK.fullmatch(text)
    if clock is None:
        problems["from"] = _("This is not a time that we understand. It is left out.")
        return None
    return time(int(clock[1]), int(clock[2]))


def read_evse(params: QueryDict, *, evses: Sequence[Evse], problems: dict[str, str]) -> int | None:
    """Return the key of the charger that is opened up, if it can be booked here."""
    text = params.get("evse", "").strip()
    if not text:
        return None
    if WHOLE_NUMBER.fullmatch(text) and any(evse.pk == int(text) for evse in evses):
        return int(text)
    problems["evse"] = _("This charger cannot be booked here. Please pick another one.")
    return None


def read_criteria(
    params: QueryDict, *, evses: Sequence[Evse], problems: dict[str, str]
) -> Criteria:
    """Return what any charger must offer."""
    connector = params.get("connector", "").strip()
    if connector and connector not in connector_types(evses):
        problems["connector"] = _("No charger here has this connector. Any will do.")
        connector = ""
    current = params.get("current", "").strip()
    if current and current not in CURRENT_TYPES:
        problems["current"] = _("Please pick AC or DC. Both will do.")
        current = ""
    power, text = None, params.get("min_power", "").strip()
    if POWER.fullmatch(text):
        power = Decimal(text.replace(",", ".")) or None
    elif text:
        problems["min_power"] = _("Please give a power between 0 and 9999 kW. Any will do.")
    return Criteria(current_type=current, connector_type=connector, min_power_kw=power)


def connector_types(evses: Iterable[Evse]) -> list[str]:
    """Return the kinds of connector that the chargers have in service."""
    return sorted(
        {
            connector.type
            for evse in evses
            for connector in evse.connectors.all()
            if connector.status != "disabled"
        }
    )
