"""What reports tell: topics, and the measures of each, as they are worked out and written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from reports.models import BookingTotal, Dimension, MonthRow, MonthTotal, PromiseTotal
from shell.formats import duration
from shell.money import money, unit_price

# The columns of a row, or of rows added up.
Sums = Mapping[str, Any]
Text = str | Promise
HUNDRED = Decimal(100)


class Source(Enum):
    """Where a topic's figures come from: without it the topic is left out."""

    SESSIONS = MonthTotal
    BOOKINGS = BookingTotal
    PROMISES = PromiseTotal

    @property
    def model(self) -> type[MonthRow]:
        return self.value


# The columns that are added up over months and subjects; of `longest` the greatest counts.
COLUMNS: dict[Source, tuple[str, ...]] = {
    Source.SESSIONS: (
        *("sessions", "priced", "seconds", "energy_kwh", "priced_kwh"),
        *("amount", "amount_without_tax", "paid"),
    ),
    Source.BOOKINGS: (
        *("bookings", "took_place", "no_shows", "cancelled", "not_booked", "decided", "refused"),
        *("decision_seconds", "within_minutes", "within_hour", "within_day"),
    ),
    Source.PROMISES: ("departures", "known", "ready", "charges", "wanted_kwh", "delivered_kwh"),
}
GREATEST = {Source.BOOKINGS: ("longest_seconds",)}
DIMENSIONS: dict[Source, tuple[Dimension, ...]] = {
    Source.SESSIONS: (
        Dimension.DRIVER,
        Dimension.VEHICLE,
        Dimension.SITE,
        Dimension.COST_CENTRE,
    ),
    Source.BOOKINGS: (Dimension.DRIVER, Dimension.VEHICLE, Dimension.SITE),
    Source.PROMISES: (Dimension.VEHICLE,),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure: how it follows from sums, None where it does not, and how it is written.

    `write` is given the value and the currency. Of a share, what changed is told in points.
    """

    key: str
    label: Text
    of: Callable[[Sums], Decimal | None]
    write: Callable[[Decimal, str], str]
    is_share: bool = False
    is_charted: bool = False

    @property
    def unit(self) -> str:
        """The unit of its bare numbers, in files and drawings; "" for money and counts."""
        return UNITS.get(self.write, ("", 1))[0]

    @property
    def name(self) -> str:
        """What it is, with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else str(self.label)

    def bare(self, sums: Sums) -> Decimal | None:
        """Return its value as a bare number of its unit."""
        value = self.of(sums)
        return None if value is None else value / UNITS.get(self.write, ("", 1))[1]


@dataclass(frozen=True, slots=True)
class Topic:
    """A page of reports; `first` is the column by which the rows of its table are in order."""

    key: str
    label: Text
    says: Text
    source: Source
    measures: tuple[Measure, ...]
    first: str
    by_currency: bool = False

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return DIMENSIONS[self.source]


# How figures follow from sums


def column(name: str) -> Callable[[Sums], Decimal | None]:
    return lambda sums: Decimal(sums[name])


def ratio(
    part: str, whole: str, *, times: Decimal = Decimal(1)
) -> Callable[[Sums], Decimal | None]:
    def of(sums: Sums) -> Decimal | None:
        return Decimal(sums[part]) * times / Decimal(sums[whole]) if sums[whole] else None

    return of


def share(part: str, whole: str) -> Callable[[Sums], Decimal | None]:
    return ratio(part, whole, times=HUNDRED)


def _longest(sums: Sums) -> Decimal | None:
    return Decimal(sums["longest_seconds"]) if sums["decided"] else None


def _open(sums: Sums) -> Decimal:
    return Decimal(sums["amount"] - sums["paid"])


def _unknown(sums: Sums) -> Decimal:
    return Decimal(sums["departures"] - sums["known"])


# How figures are written


def count(value: Decimal, _currency: str = "") -> str:
    return number_format(value, decimal_pos=0, force_grouping=True)


def percent(value: Decimal, _currency: str = "") -> str:
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return gettext("%(share)s %%") % {"share": number_format(rounded, decimal_pos=1)}


def hours(value: Decimal, _currency: str = "") -> str:
    rounded = (value / 3600).quantize(Decimal("0.1"), ROUND_HALF_UP)
    text = number_format(rounded, decimal_pos=1, force_grouping=True)
    return gettext("%(hours)s h") % {"hours": text}


def lasted(value: Decimal, _currency: str = "") -> str:
    """Return how long something took: “40 s”, “12 min”, “3 h 5 min”."""
    seconds = int(value.quantize(Decimal(1), ROUND_HALF_UP))
    if seconds < 120:
        return gettext("%(seconds)s s") % {"seconds": seconds}
    return duration(round(seconds / 60))


def energy(value: Decimal, _currency: str = "") -> str:
    rounded = value.quantize(Decimal("0.1"), ROUND_HALF_UP)
    text = number_format(rounded, decimal_pos=1, force_grouping=True)
    return gettext("%(energy)s kWh") % {"energy": text}


def mean_price(value: Decimal, currency: str) -> str:
    """Return a price that is a mean, whose further digits say nothing."""
    return unit_price(value.quantize(Decimal("0.001"), ROUND_HALF_UP), currency)


# In a file, a number has this unit, and so many of what it was make one.
UNITS: dict[Callable[[Decimal, str], str], tuple[str, int]] = {
    hours: ("h", 3600),
    lasted: ("min", 60),
    percent: ("%", 1),
    energy: ("kWh", 1),
}

USE = Topic(
    "use",
    _("Use"),
    _("How often and how long your drivers charged, booked or not."),
    Source.SESSIONS,
    (
        Measure("sessions", _("Charging sessions"), column("sessions"), count, is_charted=True),
        Measure(
            "time",
            _("Charging time"),
            column("seconds"),
            hours,
            is_charted=True,
        ),
        Measure(
            "mean-time",
            _("Time per session"),
            ratio("seconds", "sessions"),
            lasted,
        ),
    ),
    first="sessions",
)
ENERGY = Topic(
    "energy",
    _("Energy"),
    _("What your drivers charged, booked or not."),
    Source.SESSIONS,
    (
        Measure("energy", _("Energy"), column("energy_kwh"), energy, is_charted=True),
        Measure("mean-energy", _("Energy per session"), ratio("energy_kwh", "sessions"), energy),
    ),
    first="energy_kwh",
)
COST = Topic(
    "cost",
    _("Cost"),
    _("What the charging sessions cost. Currencies are never added together."),
    Source.SESSIONS,
    (
        Measure("amount", _("Cost with tax"), column("amount"), money, is_charted=True),
        Measure("net", _("Cost without tax"), column("amount_without_tax"), money),
        Measure("paid", _("Paid"), column("paid"), money),
        Measure("open", _("Not paid yet"), _open, money),
        Measure("kwh-price", _("Cost per kWh"), ratio("amount", "priced_kwh"), mean_price),
    ),
    first="amount",
    by_currency=True,
)
NO_SHOWS = Topic(
    "no-shows",
    _("No-shows"),
    _("What became of the bookings that were to begin in this time."),
    Source.BOOKINGS,
    (
        Measure("no-shows", _("No-shows"), column("no_shows"), count, is_charted=True),
        Measure(
            "no-show-share",
            pgettext_lazy("of no-shows", "Of all bookings"),
            share("no_shows", "bookings"),
            percent,
            is_share=True,
        ),
        Measure("bookings", _("Bookings"), column("bookings"), count),
        Measure("took-place", _("Charged"), column("took_place"), count),
        Measure("cancelled", _("Cancelled"), column("cancelled"), count),
        Measure("not-booked", _("Not approved"), column("not_booked"), count),
    ),
    first="no_shows",
)
DECISIONS = Topic(
    "decisions",
    _("Decision times"),
    _("How long the operator took to decide about bookings, changes and cancellations."),
    Source.BOOKINGS,
    (
        Measure(
            "mean-decision",
            _("On average"),
            ratio("decision_seconds", "decided"),
            lasted,
            is_charted=True,
        ),
        Measure("decided", _("Decisions"), column("decided"), count),
        Measure(
            "within-minutes",
            _("Within 5 minutes"),
            share("within_minutes", "decided"),
            percent,
            is_share=True,
        ),
        Measure(
            "within-hour",
            _("Within an hour"),
            share("within_hour", "decided"),
            percent,
            is_share=True,
        ),
        Measure("longest", _("Longest"), _longest, lasted),
        Measure("refused", _("Refused"), share("refused", "decided"), percent, is_share=True),
    ),
    first="decision_seconds",
)
PROMISES = Topic(
    "promises",
    _("Promises"),
    _("Whether vehicles left with the charge that they needed, and got the energy they asked for."),
    Source.PROMISES,
    (
        Measure(
            "ready-share",
            _("Ready in time"),
            share("ready", "known"),
            percent,
            is_share=True,
            is_charted=True,
        ),
        Measure("departures", _("Departures with a target"), column("departures"), count),
        Measure("ready", _("Of these ready"), column("ready"), count),
        Measure("unknown", _("Charge not known"), _unknown, count),
        Measure("wanted", _("Energy wanted"), column("wanted_kwh"), energy),
        Measure("delivered", _("Energy delivered"), column("delivered_kwh"), energy),
        Measure(
            "delivered-share",
            _("Delivered of what was wanted"),
            share("delivered_kwh", "wanted_kwh"),
            percent,
            is_share=True,
            is_charted=True,
        ),
    ),
    first="departures",
)
TOPICS = {topic.key: topic for topic in (USE, ENERGY, COST, NO_SHOWS, DECISIONS, PROMISES)}
# Of a file, which has room for both beside each other.
CHARGED = Topic(
    "charged",
    _("Charged"),
    "",
    Source.SESSIONS,
    (*USE.measures, *ENERGY.measures),
    first="energy_kwh",
)
