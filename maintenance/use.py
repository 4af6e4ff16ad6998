"""When chargers are in use: by weekday and hour, on the clock of their site."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
# A charge that nobody ended is not taken to occupy the charger for longer.
LONGEST = timedelta(days=2)
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Stay:
    """A charge: when, and how much (kWh) as far as is known; `stopped_at` None while it runs."""

    started_at: datetime
    stopped_at: datetime | None
    energy_kwh: Decimal | None


@dataclass(slots=True)
class Use:
    """Charges within a time; `minutes` in use by weekday (Monday first) and hour."""

    sessions: int = 0
    energy_kwh: Decimal = NOTHING
    minutes: list[list[float]] = field(default_factory=lambda: [[0.0] * 24 for _ in range(7)])

    @property
    def hours(self) -> float:
        return sum(map(sum, self.minutes)) / 60

    @property
    def busiest(self) -> float:
        """The minutes of the hour of the week that was used most."""
        return max(map(max, self.minutes))


def use_of(stays: Iterable[Stay], *, zone: ZoneInfo, since: datetime, until: datetime) -> Use:
    """Return how chargers were used within a time, by charges that began in it.

    Hours are those on the site's clock: the one that is doubled or left out when clocks change
    counts as what it is called.
    """
    use = Use()
    for stay in stays:
        if not since <= stay.started_at < until:
            continue
        use.sessions += 1
        use.energy_kwh += stay.energy_kwh or NOTHING
        end = min(stay.stopped_at or until, until, stay.started_at + LONGEST)
        at = stay.started_at.astimezone(UTC)
        while at < end:
            local = at.astimezone(zone)
            # To the next full hour of the site's clock, wherever its zone stands to UTC.
            left = (
                HOUR
                - timedelta(minutes=local.minute, seconds=local.second)
                - timedelta(microseconds=local.microsecond)
            )
            step = min(left, end - at)
            use.minutes[local.weekday()][local.hour] += step / timedelta(minutes=1)
            at += step
    return use
