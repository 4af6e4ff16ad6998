"""Between when and when bookings can be made, and for how long; from the operator's settings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.conf import settings

from drivers.models import Fleet
from sites.models import Evse, Location
from sites.periods import STEP, Period, clip, merge, next_step, starts_that_fit
from sites.slots.availability import FreeTimes

MINUTE = timedelta(minutes=1)
STEP_MINUTES = STEP // MINUTE
DEFAULT_MINUTES = 60


def last_instant(now: datetime) -> datetime:
    return now + timedelta(days=settings.BOOKING_HORIZON_DAYS)


def longest_minutes() -> int:
    return 60 * settings.BOOKING_MAX_HOURS


def default_minutes() -> int:
    return min(max(DEFAULT_MINUTES, settings.BOOKING_MIN_MINUTES), longest_minutes())


@dataclass(frozen=True, slots=True)
class BookingLimits:
    """When a booking may begin (`earliest`) and must have ended (`latest`), as seen from `now`."""

    now: datetime
    earliest: datetime
    latest: datetime

    @classmethod
    def at(cls, now: datetime) -> "BookingLimits":
        now = now.astimezone(UTC)
        notice = timedelta(minutes=settings.BOOKING_NOTICE_MINUTES)
        return cls(now, now + notice, last_instant(now))

    def starts(
        self,
        free: Iterable[Period],
        *,
        length: timedelta,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[datetime]:
        """Yield the starts from which so much is free: from `since` on, before `until`."""
        latest = self.latest - length
        return starts_that_fit(
            free,
            length=length,
            earliest=max(since, self.earliest) if since else self.earliest,
            latest=min(until - STEP, latest) if until else latest,
        )

    def bookable(self, free: Iterable[Period]) -> tuple[Period, ...]:
        if self.earliest >= self.latest:
            return ()
        return clip(free, Period(self.earliest, self.latest))

    def too_soon(self, free: Iterable[Period]) -> tuple[Period, ...]:
        first, last = next_step(self.now), next_step(self.earliest)
        return clip(free, Period(first, last)) if first < last else ()


@dataclass(frozen=True, slots=True)
class Note:
    """A limit of the fleet in a sentence; `used_up` where it leaves nothing."""

    text: str
    used_up: bool = False


def _no_notes(_day: date) -> list[Note]:
    return []


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """What the limits of the fleet that looks leave of those of the operator, at a site.

    `closed` says when nothing can be booked, by the EVSE's AMPECO id; `notes` what holds on a day.
    """

    closed: FreeTimes = field(default_factory=dict)
    longest: timedelta | None = None
    notes: Callable[[date], list[Note]] = _no_notes

    def closed_to_any(self, evses: Sequence[Evse]) -> FreeTimes:
        """Return when none of several can be booked: any of them may be the one that is given."""
        together = merge(period for evse in evses for period in self.closed.get(evse.ampeco_id, ()))
        return {evse.ampeco_id: together for evse in evses} if together else {}


# Bookings stand above this room, and fleets' limits count them: who knows what they leave of a site
# for a fleet adds itself here, in the `ready` of its app.
tellers: list[Callable[[Fleet, Location, Sequence[Evse], datetime], OwnLimits]] = []


def own_limits_of(
    fleet: Fleet, location: Location, evses: Sequence[Evse], now: datetime
) -> OwnLimits:
    told = [teller(fleet, location, evses, now) for teller in tellers]
    return told[0] if told else OwnLimits()
