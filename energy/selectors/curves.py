"""The course of a charging session, read from Ampcontrol when somebody looks at it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core.cache import cache
from django.utils import timezone

from ampcontrol import connection
from ampcontrol.client import AmpcontrolClient
from ampcontrol.types import Point
from energy.models import Session
from upstream.errors import UpstreamError

# What is long over does not change; what goes on is read again soon, and so is what failed.
ENDED_SECONDS = 24 * 3600
LONG_OVER = timedelta(hours=1)
ACTIVE_SECONDS = 60
FAILED_SECONDS = 30
LONGEST = timedelta(days=6)
# A line on a page has about so many points.
POINTS = 200
STEPS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Curve:
    """Power in kW and state of charge in percent over a session; either may be empty.

    `is_available` is False where Ampcontrol could not be asked; that says nothing of the session.
    """

    power: tuple[Point, ...] = ()
    state_of_charge: tuple[Point, ...] = ()
    is_available: bool = False
    read_at: datetime | None = None


def curve_of(session: Session, *, now: datetime | None = None) -> Curve:
    """Return a session's curve; up to three calls, unless somebody has just looked at it.

    Raises nothing: without Ampcontrol the curve is not available.
    """
    now = now or timezone.now()
    if session.started_at is None or not connection.is_on():
        return Curve()
    if session.started_at >= (session.ended_at or now):
        # It has just begun, by a clock ahead of ours perhaps, or has no length.
        return Curve(is_available=True, read_at=now)
    key = f"energy-curve:{session.pk}:{session.active}"
    kept = cache.get(key)
    if kept is not None:
        return _from_cache(kept)
    try:
        curve = _read(session, client=connection.get_client(), now=now)
        is_over = session.ended_at is not None and now - session.ended_at > LONG_OVER
        seconds = ENDED_SECONDS if is_over else ACTIVE_SECONDS
    except UpstreamError:
        curve, seconds = Curve(), FAILED_SECONDS
    cache.set(key, _for_cache(curve), seconds)
    return curve


def _read(session: Session, *, client: AmpcontrolClient, now: datetime) -> Curve:
    if session.started_at is None:
        return Curve()
    end = session.ended_at or now
    start = max(session.started_at, end - LONGEST)
    step = next((step for step in STEPS if (end - start) / step <= POINTS), STEPS[-1])
    power: Sequence[Point] = []
    charge: Sequence[Point] = []
    if session.connector_remote_id:
        power = client.measured_power(
            connector_id=session.connector_remote_id, start=start, end=end, step=step
        )
    charge_of = partial(client.state_of_charge, start=start, end=end, step=step)
    ways: list[Callable[[], list[Point]]] = []
    if session.vehicle_remote_id:
        vehicle_id = session.vehicle_remote_id
        ways.append(partial(charge_of, vehicle_id=vehicle_id, by_telematics=True))
    if session.connector_remote_id:
        ways.append(partial(charge_of, connector_id=session.connector_remote_id))
    for way in ways:
        # Nobody charges at 0 %: it stands for “not told”, also in between.
        charge = charge or [point for point in way() if point.value > 0]
    return Curve(
        power=_within(power, start, end),
        state_of_charge=_within(charge, start, end),
        is_available=True,
        read_at=now,
    )


def _within(points: Iterable[Point], start: datetime, end: datetime) -> tuple[Point, ...]:
    """Return what is of the session: a step may begin before it, and the next one after it."""
    return tuple(
        sorted((point for point in points if start <= point.at <= end), key=lambda point: point.at)
    )


def _for_cache(curve: Curve) -> dict[str, object]:
    return {
        "power": [[point.at.isoformat(), point.value] for point in curve.power],
        "charge": [[point.at.isoformat(), point.value] for point in curve.state_of_charge],
        "available": curve.is_available,
        "read_at": curve.read_at.isoformat() if curve.read_at else None,
    }


def _from_cache(kept: dict[str, object]) -> Curve:
    read_at = kept["read_at"]
    return Curve(
        power=_points(kept["power"]),
        state_of_charge=_points(kept["charge"]),
        is_available=bool(kept["available"]),
        read_at=datetime.fromisoformat(str(read_at)) if read_at else None,
    )


def _points(rows: object) -> tuple[Point, ...]:
    if not isinstance(rows, list):
        return ()
    return tuple(Point(at=datetime.fromisoformat(at), value=value) for at, value in rows)
