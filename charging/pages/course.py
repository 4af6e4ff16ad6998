"""What a session drew when: read from the operator as somebody looks, drawn and as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.utils.translation import gettext as _

from ampeco.connection import get_client
from ampeco.types import Consumption
from charging.models import Session
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
from shell.formats import in_zone, kw, kwh, time_in_zone
from upstream.errors import UpstreamError

# What is over does not change, but what the operator makes of it may still come.
ENDED_SECONDS = 3600
ACTIVE_SECONDS = 30
FAILED_SECONDS = 30
# What lies further apart than this is not joined by a line: nobody knows what was between.
GAP = timedelta(minutes=90)
MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class Course:
    """A drawing, and the same as rows of a table: time, power, energy until then.

    `drawing` is None where nothing is known; `is_available` says whether the operator told it.
    """

    drawing: Drawing | None = None
    rows: tuple[tuple[str, str, str], ...] = ()
    is_available: bool = False


def course_of(session: Session, *, zone: ZoneInfo, now: datetime) -> Course:
    """Return a session's course; asks the operator, unless somebody has just looked at it.

    Raises nothing: where the operator cannot be asked, or may not tell, it is not available.
    """
    points = _points(session)
    if points is None:
        return Course()
    if not points:
        return Course(is_available=True)
    end = session.stopped_at or max(now, points[-1].at)
    power: list[Value] = [(each.at, _number(each.power_kw)) for each in points]
    energy: list[Value] = [(each.at, _number(each.energy_kwh)) for each in points]
    of_power = scale_for(session.started_at, end, max((value or 0 for _at, value in power)))
    of_energy = scale_for(session.started_at, end, max((value or 0 for _at, value in energy)))
    courses = (
        steps("power", [*power, (end, None)], of_power, filled=True),
        lines("charge", energy, of_energy, gap=GAP),
    )
    drawing = Drawing(
        courses=tuple(course for course in courses if course.line),
        times=time_labels(of_power, zone),
        left=value_labels(of_power, form=kw),
        right=value_labels(of_energy, form=_kwh),
        now="" if session.has_ended else place_of(now, of_power),
    )
    return Course(drawing, _rows(points, zone), is_available=True)


def _points(session: Session) -> list[Consumption] | None:
    """Return what the operator tells, in order of time; None where it does not."""
    key = f"session-course:{session.pk}:{session.has_ended}"
    kept = cache.get(key)
    if kept is not None:
        return [_point(*values) for values in kept["points"]] if kept["told"] else None
    try:
        found = get_client().consumption_stats(session.ampeco_id)
    except UpstreamError:
        cache.set(key, {"told": False}, FAILED_SECONDS)
        return None
    found.sort(key=lambda point: point.at)
    seconds = ENDED_SECONDS if session.has_ended else ACTIVE_SECONDS
    # As texts, which the cache keeps in any form.
    values = [(each.at.isoformat(), _kept(each.energy_kwh), _kept(each.power_kw)) for each in found]
    cache.set(key, {"told": True, "points": values}, seconds)
    return found


def _kept(number: Decimal | None) -> str:
    return "" if number is None else str(number)


def _point(at: str, energy_kwh: str, power_kw: str) -> Consumption:
    energy, power = (Decimal(text) if text else None for text in (energy_kwh, power_kw))
    return Consumption(datetime.fromisoformat(at), energy, power)


def _rows(points: list[Consumption], zone: ZoneInfo) -> tuple[tuple[str, str, str], ...]:
    """Return MOST_ROWS of the points at most, the first and the last among them."""
    last = len(points) - 1
    count = min(MOST_ROWS, len(points))
    picked = [points[round(place * last / max(count - 1, 1))] for place in range(count)]
    days = {point.at.astimezone(zone).date() for point in (points[0], points[last])}
    write = in_zone if len(days) > 1 else time_in_zone
    not_known = _("unknown")
    return tuple(
        (
            write(point.at, zone),
            kw(point.power_kw) or not_known,
            kwh(point.energy_kwh) or not_known,
        )
        for point in picked
    )


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))


def _kwh(value: float) -> str:
    return _("%(energy)s kWh") % {"energy": f"{value:g}"}
