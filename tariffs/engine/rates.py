"""What a unit costs by a tariff when the clock on the wall says this or that."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from ampeco.types import Tariff
from ampeco.types.pricing import DayPrices, PeriodFees, Pricing
from ampeco.types.tariffs import DAY_NIGHT, ENERGY_TOU, STANDARD_TOD
from tariffs.engine.wall import Stretch, is_within, minute_of

ZERO = Decimal(0)
BY_PERIOD = frozenset({STANDARD_TOD, ENERGY_TOU})
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ABBREVIATED = 3
# What days are called where it is more than one.
SEVERAL = {
    "weekend": {5, 6},
    "weekends": {5, 6},
    "weekday": {0, 1, 2, 3, 4},
    "weekdays": {0, 1, 2, 3, 4},
    "workday": {0, 1, 2, 3, 4},
    "workdays": {0, 1, 2, 3, 4},
}


class Untold(Exception):
    """The tariff has such a price, but does not say what it is at this time."""


def energy_price(tariff: Tariff, at: Stretch) -> Decimal | None:
    """Return what a kWh costs, None where energy has no price. Raises Untold."""
    pricing = tariff.pricing
    if tariff.type == DAY_NIGHT:
        prices = (pricing.day_per_kwh, pricing.night_per_kwh)
        if prices != (None, None):
            return _told(_by_day_or_night(tariff, *prices, at))
    return _by_period(tariff, "energy", at, pricing.per_kwh)


def duration_price(tariff: Tariff, at: Stretch) -> Decimal | None:
    """Return what a period of time costs that begins then, None without a price. Raises Untold."""
    pricing = tariff.pricing
    if tariff.type == DAY_NIGHT:
        prices = (pricing.day_per_period, pricing.night_per_period)
        if prices != (None, None):
            return _by_day_or_night(tariff, *prices, at) or ZERO
    return _by_period(tariff, "duration", at, pricing.per_period)


def idle_price(tariff: Tariff, at: Stretch) -> Decimal | None:
    """Return what a unit of idle time costs that begins then, None without a price. Raises Untold.

    The unit is a minute, or a period where the tariff has fees by period of the day.
    """
    pricing = tariff.pricing
    if tariff.type == DAY_NIGHT:
        prices = (pricing.day_idle_per_minute, pricing.night_idle_per_minute)
        if prices != (None, None):
            return _by_day_or_night(tariff, *prices, at) or ZERO
    return _by_period(tariff, "idle", at, pricing.idle_per_minute)


def connection_price(tariff: Tariff, at: Stretch) -> Decimal | None:
    """Return what it costs to begin, None where nothing. Raises Untold."""
    return _by_period(tariff, "connection", at, tariff.pricing.connection_fee)


def is_outside_idle_hours(tariff: Tariff, at: Stretch) -> bool:
    """Return whether nothing is to be paid then for standing there, whatever the price is."""
    return _is_outside(at, tariff.pricing.idle_from, tariff.pricing.idle_to)


def is_outside_duration_hours(tariff: Tariff, at: Stretch) -> bool:
    """Return whether nothing is to be paid then for the time, whatever the price is."""
    return _is_outside(at, tariff.pricing.duration_from, tariff.pricing.duration_to)


def has_fees(tariff: Tariff, kind: str) -> bool:
    """Return whether a tariff has fees of a kind by period of the day, on some day."""
    if tariff.type not in BY_PERIOD:
        return False
    several: Iterable[PeriodFees] = (
        tariff.pricing.fees,
        *(day.fees for day in tariff.pricing.days),
    )
    return any(getattr(fees, kind) for fees in several)


def prices_of(pricing: Pricing, day: date) -> DayPrices | None:
    """Return what goes on a day instead, a date before a weekday. Raises Untold.

    Untold where a tariff does not say for which days something is.
    """
    for prices in pricing.days:
        if day in prices.dates:
            return prices
    found = None
    for prices in pricing.days:
        weekdays = _weekdays(prices.name)
        if weekdays is None and not prices.dates:
            raise Untold
        if weekdays and day.weekday() in weekdays and found is None:
            found = prices
    return found


def marks_of(tariff: Tariff) -> set[int]:
    """Return the minutes of a day at which a price of a tariff may change."""
    pricing = tariff.pricing
    times = [
        tariff.day_start,
        tariff.night_start,
        pricing.duration_from,
        pricing.duration_to,
        pricing.idle_from,
        pricing.idle_to,
    ]
    times.extend(time for period in pricing.time_periods for time in period)
    return {minute for time in times if (minute := minute_of(time)) is not None}


def _by_period(tariff: Tariff, kind: str, at: Stretch, always: Decimal | None) -> Decimal | None:
    """Return the fee of a kind in the period of the day; without any what it `always` is."""
    if not has_fees(tariff, kind):
        return always
    pricing = tariff.pricing
    special = prices_of(pricing, at.day)
    fees = (getattr(special.fees, kind) if special else ()) or getattr(pricing.fees, kind)
    if not fees:
        return always
    for number, (begin, end) in enumerate(pricing.time_periods):
        begins, ends = minute_of(begin), minute_of(end)
        if begins is None or ends is None:
            raise Untold
        if is_within(at.minute, begins, ends):
            return _told(fees[number] if number < len(fees) else None)
    raise Untold


def _by_day_or_night(
    tariff: Tariff, by_day: Decimal | None, by_night: Decimal | None, at: Stretch
) -> Decimal | None:
    day, night = minute_of(tariff.day_start), minute_of(tariff.night_start)
    if by_day == by_night:
        return by_day
    if day is None or night is None or day == night:
        raise Untold
    return by_day if is_within(at.minute, day, night) else by_night


def _told(price: Decimal | None) -> Decimal:
    if price is None:
        raise Untold
    return price


def _is_outside(at: Stretch, begin: str | None, end: str | None) -> bool:
    """Return whether it is outside the hours in which there is a fee; without hours it never is."""
    begins, ends = minute_of(begin), minute_of(end)
    if begins is None and ends is None:
        return False
    return not is_within(at.minute, begins or 0, (24 * 60) if ends is None else ends)


def _weekdays(name: str) -> set[int] | None:
    """Return the weekdays that a name means, None for what means none that we know."""
    found: set[int] = set()
    for word in name.casefold().replace(",", " ").split():
        if word in SEVERAL:
            found |= SEVERAL[word]
            continue
        singular = word.removesuffix("s")
        numbers = {
            number
            for number, day in enumerate(WEEKDAYS)
            if singular == day or (len(word) == ABBREVIATED and day.startswith(word))
        }
        if not numbers:
            return None
        found |= numbers
    return found or None
