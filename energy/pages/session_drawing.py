"""The course of a charging session as a drawing and as a table: power and state of charge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from ampcontrol.types import Point
from energy.models import Session, VehicleState
from energy.pages.drawings import (
    Drawing,
    Value,
    lines,
    place_of,
    scale_for,
    steps,
    time_labels,
    value_labels,
)
from energy.pages.plan import planned
from energy.selectors.curves import curve_of
from energy.selectors.vehicles import is_fresh
from energy.wording import percent
from shell.formats import in_zone, kw, time_in_zone
from vehicles.models import Vehicle

# What lies further apart than this is not joined by a line: nobody knows what was between.
GAP = timedelta(minutes=90)
MOST_ROWS = 24
ROW_MINUTES = (5, 10, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class SessionDrawing:
    """A drawing, the same as rows of a table (time, power, state of charge), and whose figures.

    `drawing` is None where no course is known.
    """

    drawing: Drawing | None
    rows: Sequence[tuple[str, str, str]]
    source: str
    has_plan: bool


@dataclass(frozen=True, slots=True)
class _Measured:
    power: Sequence[Value]
    charge: Sequence[Value]
    source: str


def drawing_of(
    session: Session, vehicle: Vehicle, *, zone: ZoneInfo, now: datetime
) -> SessionDrawing:
    """Return a session's course; may ask Ampcontrol, unless somebody has just looked."""
    if session.started_at is None:
        return SessionDrawing(None, (), "", has_plan=False)
    measured = _measured(session, vehicle, now=now)
    plan = planned(session, now=now) if session.active and is_fresh(session, now=now) else []
    end = session.ended_at or now
    known = [(at, value) for at, value in [*measured.power, *measured.charge] if value is not None]
    if not known and not plan:
        return SessionDrawing(None, (), measured.source, has_plan=False)
    last = max([end, *(at for at, _value in plan)])
    highest = max((value or 0 for _at, value in [*measured.power, *plan]), default=0)
    scale = scale_for(session.started_at, last, highest)
    of_percent = scale_for(session.started_at, last, 100)
    power = [*measured.power, (end, None)]
    courses = (
        steps("power", power, scale, filled=True),
        steps("plan", plan, scale),
        lines("charge", measured.charge, of_percent, gap=GAP),
    )
    drawing = Drawing(
        courses=tuple(course for course in courses if course.line),
        times=time_labels(scale, zone),
        left=value_labels(scale, form=kw) if highest else (),
        right=value_labels(of_percent, form=percent) if measured.charge else (),
        now=place_of(now, scale) if session.active else "",
    )
    rows = _rows(measured, session.started_at, end, zone)
    return SessionDrawing(drawing, rows, measured.source, has_plan=bool(plan))


def _measured(session: Session, vehicle: Vehicle, *, now: datetime) -> _Measured:
    """Return what Ampcontrol measured; where it cannot be asked, what the vehicle told since."""
    curve = curve_of(session, now=now)
    if curve.is_available:
        return _Measured(
            list(_as_measured(curve.power, session.ended_at or now)),
            [(point.at, point.value) for point in curve.state_of_charge],
            _("as the operator’s smart charging measured it"),
        )
    states = VehicleState.objects.filter(
        vehicle=vehicle, at__gte=session.started_at, at__lte=session.ended_at or now
    ).order_by("at", "pk")
    told = list(states.values_list("at", "charging_kw", "state_of_charge"))
    return _Measured(
        [(at, float(power)) for at, power, _charge in told if power is not None],
        [(at, float(charge)) for at, _power, charge in told if charge is not None],
        _("as the vehicle told it"),
    )


def _as_measured(points: Sequence[Point], end: datetime) -> Iterator[Value]:
    """Yield a course of power, with None from where a gap begins."""
    instants = [point.at for point in points]
    step = min((after - before for before, after in pairwise(instants)), default=GAP)
    for point, until in zip(points, [*instants[1:], end], strict=False):
        yield point.at, point.value
        if until - point.at > GAP:
            yield point.at + step, None


def _rows(
    measured: _Measured, start: datetime, end: datetime, zone: ZoneInfo
) -> list[tuple[str, str, str]]:
    """Return a row for each stretch in which something was measured, MOST_ROWS at most."""
    minutes = (end - start) / timedelta(minutes=1)
    step = next((each for each in ROW_MINUTES if minutes / each <= MOST_ROWS), ROW_MINUTES[-1])
    every = timedelta(minutes=step)
    found: dict[int, list[float | None]] = {}
    for column, values in enumerate((measured.power, measured.charge)):
        for at, value in values:
            if value is None:
                continue
            row = found.setdefault((at - start) // every, [None, None])
            row[column] = value if row[column] is None else row[column]
    write = (
        in_zone if start.astimezone(zone).date() != end.astimezone(zone).date() else time_in_zone
    )
    not_known = _("unknown")
    return [
        (
            write(start + place * every, zone),
            kw(power) if power is not None else not_known,
            percent(charge) if charge is not None else not_known,
        )
        for place, (power, charge) in sorted(found.items())
    ]
