"""Courses of a network over time: capacity and what is taken from it, prices, what is drawn."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from ampcontrol.types import Point
from energy.mirroring.turns import Outcome, Turn
from energy.models import Line, LinePoint
from energy.models.lines import DRAWN_LATELY, READ_AHEAD
from mirror.fitting import fitting

BACK = timedelta(hours=1)
KEPT = timedelta(days=2)
DRAWN_STEP = timedelta(minutes=5)


class ReadCourse(Protocol):
    """A series of the client."""

    def __call__(self, network_id: str, *, start: datetime, end: datetime) -> list[Point]: ...


def read_capacities(turn: Turn) -> Outcome:
    """Read the capacity. Where none is told, the one that is known stays, with its age."""
    points = _read(turn, turn.client.capacities)
    if not points:
        return Outcome(problem=_("Ampcontrol gave no capacity."))
    return _replace(turn, Line.Kind.CAPACITY, points)


def read_demand_response(turn: Turn) -> Outcome:
    """Read by how much the line is lowered, and when."""
    points = _read(turn, turn.client.demand_response)
    return _replace(turn, Line.Kind.DEMAND_RESPONSE, points or _nothing(turn))


def read_baseloads(turn: Turn) -> Outcome:
    """Read what the rest of the place needs."""
    points = _read(turn, turn.client.baseloads)
    return _replace(turn, Line.Kind.BASELOAD, points or _nothing(turn))


def read_solar(turn: Turn) -> Outcome:
    """Read what the sun is expected to give."""
    points = _read(turn, turn.client.solar)
    return _replace(turn, Line.Kind.SOLAR, points or _nothing(turn))


def read_prices(turn: Turn) -> Outcome:
    """Read the prices; where none are told, none are known."""
    points = _read(turn, turn.client.prices)
    currency = turn.place.currency
    return _replace(turn, Line.Kind.PRICE, points, currency=currency, forget=not points)


def read_drawn(turn: Turn) -> Outcome:
    """Read what was drawn in the last hour. Where nothing was lately, what is known only ages."""
    network_id, start = turn.place.remote_id, turn.now - BACK
    points = turn.client.measured_power(
        network_id=network_id, start=start, end=turn.now, step=DRAWN_STEP
    )
    if all(point.at < turn.now - DRAWN_LATELY for point in points):
        return Outcome()
    return _replace(turn, Line.Kind.DRAWN, points)


def _read(turn: Turn, read: ReadCourse) -> list[Point]:
    return read(turn.place.remote_id, start=turn.now - BACK, end=turn.now + READ_AHEAD)


def _nothing(turn: Turn) -> list[Point]:
    """Return a course without anything, which ends what was told before."""
    return [Point(at=turn.now - BACK, value=0.0)]


def _replace(
    turn: Turn,
    kind: Line.Kind,
    points: Iterable[Point],
    *,
    currency: str = "",
    forget: bool = False,
) -> Outcome:
    """Put a course into the place of what was known from BACK on, in one transaction.

    Of what was before that, KEPT remains; with `forget` nothing does.
    """
    start = turn.now - BACK
    with transaction.atomic():
        line, _made = Line.objects.update_or_create(
            kind=kind,
            network=turn.place,
            defaults={"read_at": turn.now, "currency": currency},
        )
        outdated = Q(at__gte=start) | Q(at__lt=turn.now - KEPT)
        line.points.filter(Q() if forget else outdated).delete()
        rows = [LinePoint(line=line, at=at, value=value) for at, value in _steps(points)]
        # The step in which the window begins may have begun before it.
        LinePoint.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["line", "at"],
            update_fields=["value"],
        )
    return Outcome(counts={"points": {"seen": len(rows)}})


def _steps(points: Iterable[Point]) -> Iterator[tuple[datetime, Decimal]]:
    """Yield where a course changes; of several at one instant the last counts."""
    field = LinePoint._meta.get_field("value")
    before = None
    for at, value in sorted({point.at: point.value for point in points}.items()):
        number = fitting(field, str(value))
        if number != before:
            yield at, number
        before = number
