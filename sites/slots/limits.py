"""Between when and when bookings can be made, and for how long; from the operator's settings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from sites.periods import STEP, Period, clip, next_step, starts_that_fit

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
