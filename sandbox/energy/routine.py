"""Where vehicles are: their days, by chance but always the same for a seed.

They come back late, now and then stay at home, and are forgotten to be plugged in.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sandbox.energy.cast import Car

DAY = timedelta(days=1)
OFF_SHARE = 0.12
FORGOTTEN_SHARE = 0.08
LATE_SHARE = 0.3
LATEST = 35
LONGEST_STAY = 14


@dataclass(frozen=True, slots=True)
class Trip:
    """A day's way as it really was, and as it had been planned."""

    day: date
    planned_leave: datetime
    planned_back: datetime
    left_at: datetime
    back_at: datetime
    # When it was plugged in afterwards, if anybody thought of it.
    plugged_at: datetime | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a vehicle is, `until` when, and its last trip, which may still last."""

    on_road: bool
    trip: Trip
    until: datetime
    plugged: bool = False


@lru_cache(maxsize=4096)
def trip_on(car: Car, day: date, seed: int) -> Trip | None:
    """Return a vehicle's way on a day by the clock of its home, or None when it stays."""
    chance = random.Random(f"{seed}/{car.key}/{day}")  # noqa: S311
    if chance.random() < OFF_SHARE:
        return None
    leave, back = planned(car, day)
    left_at = leave + timedelta(minutes=chance.randrange(-5, 10))
    late = chance.randrange(5, LATEST) if chance.random() < LATE_SHARE else chance.randrange(-8, 5)
    back_at = back + timedelta(minutes=late)
    forgotten = chance.random() < FORGOTTEN_SHARE
    plugged_at = None if forgotten else back_at + timedelta(minutes=chance.randrange(4, 20))
    return Trip(day, leave, back, left_at, back_at, plugged_at)


def planned(car: Car, day: date) -> tuple[datetime, datetime]:
    """Return when a vehicle is to leave and to be back."""
    zone = ZoneInfo(car.zone)
    leave, back = (
        datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
        for clock in (car.leaves, car.returns)
    )
    return leave, back


def whereabouts(car: Car, at: datetime, *, seed: int) -> Whereabouts:
    """Return where a vehicle is by its routine."""
    today = at.astimezone(ZoneInfo(car.zone)).date()
    trip = None
    for back in range(LONGEST_STAY):
        trip = trip_on(car, today - back * DAY, seed)
        if trip is not None and trip.left_at <= at:
            break
    if trip is None or trip.left_at > at:
        # It has stood for weeks, which chance all but rules out.
        trip = Trip(today, at - DAY, at - DAY, at - DAY, at - DAY, at - DAY)
    if at < trip.back_at:
        return Whereabouts(on_road=True, trip=trip, until=trip.back_at)
    if trip.plugged_at is not None and at < trip.plugged_at:
        return Whereabouts(on_road=False, trip=trip, until=trip.plugged_at)
    later = (trip_on(car, today + days * DAY, seed) for days in range(LONGEST_STAY))
    until = next((each.left_at for each in later if each and each.left_at > at), at + DAY)
    return Whereabouts(on_road=False, trip=trip, until=until, plugged=trip.plugged_at is not None)


@lru_cache(maxsize=1024)
def next_departure(car: Car, after: datetime) -> datetime:
    """Return when a vehicle is planned to leave next."""
    today = after.astimezone(ZoneInfo(car.zone)).date()
    leaves = (planned(car, today + days * DAY)[0] for days in range(-1, 3))
    return next(each for each in leaves if each > after)
