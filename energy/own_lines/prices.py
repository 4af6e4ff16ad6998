"""What a kWh costs from which instant on, by prices that are told in times of day: pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal

from ampeco.types import PriceDay

# Until they are read again, a day and a beat later, and the day that pages show from then on.
AHEAD = timedelta(hours=50)
MINUTE = timedelta(minutes=1)
MINUTES_A_DAY = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A minute before midnight is how many write the end of a day.
ALMOST_MIDNIGHT = MINUTES_A_DAY - 1

# From which minute of a day until which, and the price; more than a day's minutes is the next day.
Span = tuple[int, int, Decimal]


def price_steps(
    days: Sequence[PriceDay],
    default: Decimal | None,
    zone: tzinfo,
    *,
    start: datetime,
    ahead: timedelta = AHEAD,
) -> list[tuple[datetime, Decimal]]:
    """Return the instants at which the price changes, from `start` on, with the price from then.

    A date's prices go before its weekday's, those before any day's. The clock on the wall counts:
    where an hour comes twice, its price does. Without a default there is none in a gap, and so no
    steps at all for prices with one.
    """
    spans = _Spans(days)
    steps: list[tuple[datetime, Decimal]] = []
    at = start.astimezone(UTC).replace(second=0, microsecond=0)
    end = at + ahead
    while at < end:
        local = at.astimezone(zone)
        price = spans.price_at(local.date(), local.hour * 60 + local.minute)
        price = default if price is None else price
        if price is None:
            return []
        if not steps or steps[-1][1] != price:
            steps.append((at, price))
        at += MINUTE
    return steps


class _Spans:
    """The prices of days, found by date and minute."""

    def __init__(self, days: Iterable[PriceDay]) -> None:
        self._of_day: Mapping[str, tuple[Span, ...]] = {day.id: tuple(_spans(day)) for day in days}
        self._known: dict[date, tuple[Span, ...]] = {}

    def price_at(self, day: date, minute: int) -> Decimal | None:
        for begins, ends, price in self._on(day):
            if begins <= minute < ends:
                return price
        # What began the day before, and goes on.
        for begins, ends, price in self._on(day - timedelta(days=1)):
            if begins <= minute + MINUTES_A_DAY < ends:
                return price
        return None

    def _on(self, day: date) -> tuple[Span, ...]:
        if day not in self._known:
            names = (day.isoformat(), WEEKDAYS[day.weekday()], "any")
            found = next((name for name in names if name in self._of_day), "")
            self._known[day] = self._of_day.get(found, ())
        return self._known[day]


def _spans(day: PriceDay) -> Iterable[Span]:
    for period in day.periods:
        begins, ends = _minute(period.starts_at), _minute(period.ends_at)
        if ends == ALMOST_MIDNIGHT:
            ends = MINUTES_A_DAY
        yield begins, ends if ends > begins else ends + MINUTES_A_DAY, period.price


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
