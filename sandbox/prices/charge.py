"""What happened in a session as far as its price depends on it: when it drew how much."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from fractions import Fraction
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.world import accounts
from sandbox.world.records import Session
from sandbox.world.walk_ins import charging_time, taken_at

MICRO = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
Point = tuple[datetime, float, float]


@dataclass(frozen=True, slots=True)
class Charge:
    """A session up to now, or to its end: it drew until `full_at`, and then only stood there.

    `kwh_by` tells what it had drawn by an instant. `zone` is the site's.
    """

    starts_at: datetime
    full_at: datetime
    ends_at: datetime
    kwh_by: Callable[[datetime], Fraction]
    peak_kw: Fraction
    zone: tzinfo
    is_measured: bool = False

    @property
    def kwh(self) -> Fraction:
        return self.kwh_by(self.full_at)

    @property
    def mean_kw(self) -> Fraction:
        length = self.ends_at - self.starts_at
        return self.kwh * share(HOUR, length) if length else Fraction(0)


def charge_of(world: Any, session: Session) -> Charge:
    """Return what has happened in a session by now."""
    start = session.started_at
    end = max(start, min(world.clock.now(), session.stops_at))
    kwh = Fraction(accounts.energy_kwh(world, session))
    zone = zone_of(world, session)
    points = accounts.measured_curve(world, session)
    if points:
        full_at = min(end, _last_taken(points) or end)
        drawn = _scaled(lambda at: _on_curve(points, at), full_at, kwh)
        peak = Fraction(max(kw for _at, _kwh, kw in points))
        return Charge(start, full_at, end, drawn, peak, zone, is_measured=True)
    if session.wants_kwh is not None:
        full_at = min(end, start + charging_time(session))
        drawn = _scaled(lambda at: Fraction(str(taken_at(session, at))), full_at, kwh)
        peak = Fraction(session.power_kw) if kwh else Fraction(0)
        return Charge(start, full_at, end, drawn, peak, zone)

    def evenly(at: datetime) -> Fraction:
        return kwh * share(min(max(at, start), end) - start, end - start)

    peak = kwh * share(HOUR, end - start) if end > start else Fraction(0)
    return Charge(start, end, end, evenly if end > start else lambda _at: kwh, peak, zone)


def zone_of(world: Any, session: Session) -> tzinfo:
    """Return the zone of the site where a session is; UTC where nobody knows."""
    point = world.charge_points.get(session.charge_point_id)
    location = world.locations.get(point.location_id) if point else None
    return ZoneInfo(location.timezone) if location and location.timezone else UTC


def share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // MICRO, whole // MICRO)


def _scaled(
    drawn: Callable[[datetime], Fraction], full_at: datetime, kwh: Fraction
) -> Callable[[datetime], Fraction]:
    """Return a course that comes to `kwh`, whatever the meter said before it was corrected."""
    measured = drawn(full_at)
    if not measured:
        return lambda _at: kwh
    return lambda at: drawn(at) * kwh / measured


def _last_taken(points: Sequence[Point]) -> datetime | None:
    """Return when the last step ended in which anything was drawn, None if that is the last."""
    taken = max((place for place, (_at, _kwh, kw) in enumerate(points) if kw > 0), default=-1)
    return points[taken + 1][0] if taken + 2 < len(points) else None


def _on_curve(points: Sequence[Point], at: datetime) -> Fraction:
    place = bisect_right(points, at, key=itemgetter(0))
    if place == 0:
        return Fraction(0)
    since, before, _kw = points[place - 1]
    if place == len(points):
        return Fraction(before)
    until, after, _kw = points[place]
    return Fraction(before) + (Fraction(after) - Fraction(before)) * share(
        at - since, until - since
    )
