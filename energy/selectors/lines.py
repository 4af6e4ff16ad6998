"""How much power a place may draw over time, what it draws, and what a kWh costs there.

A place is one of Ampcontrol's networks or a site. A site's figures are those of the network that
it is linked with; without one, its own lines count as far as staff have confirmed them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils import timezone

from energy.models import Line, LinePoint, Link, Network
from energy.models.lines import DRAWN_LATELY, READ_AHEAD
from energy.own_lines.prices import AHEAD as RECKONED_AHEAD
from sites.models import Location

ZERO = Decimal(0)
Kind = Line.Kind


class LineSource(StrEnum):
    """Whose figures a course is made of."""

    AMPCONTROL = "ampcontrol"
    # Circuits and electricity rates, confirmed by staff.
    AMPECO = "ampeco"


@dataclass(frozen=True, slots=True)
class Step:
    """A value that counts from an instant until the next step's."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Course:
    """Values over time, as steps in order, the first of which begins with the window.

    Where nothing is known of the window's beginning the first step is later. `read_at` is when the
    oldest of the figures was read; `missing` names those (`Line.Kind`) that were never read.
    """

    steps: tuple[Step, ...]
    ends_at: datetime
    read_at: datetime
    source: LineSource
    currency: str = ""
    missing: tuple[str, ...] = ()

    def at(self, instant: datetime) -> Decimal | None:
        """Return what counts at an instant; None where nothing is known of it."""
        value = None
        for step in self.steps:
            if step.at > instant:
                break
            value = step.value
        return value if instant < self.ends_at else None

    @property
    def least(self) -> Decimal | None:
        """The lowest value of the window."""
        return min((step.value for step in self.steps), default=None)

    @property
    def most(self) -> Decimal | None:
        """The highest value of the window."""
        return max((step.value for step in self.steps), default=None)

    def age_seconds(self, now: datetime) -> float:
        return max(0.0, (now - self.read_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a place draws, in kW, as it was measured last."""

    kw: Decimal
    at: datetime


def usable_line(place: Network | Location, *, start: datetime, end: datetime) -> Course | None:
    """Return what vehicles may draw, in kW, never below 0; None where no capacity is known.

    Of a network's capacity the buffer, what the rest of the place needs (if that counts there) and
    demand response are taken away, and what the sun gives (if that counts there) is added. The line
    is the whole network's, which may be several sites.
    """
    network = network_at(place)
    wanted = [Kind.CAPACITY, Kind.DEMAND_RESPONSE]
    keep = Decimal(1)
    if network is not None:
        keep -= min(max(network.buffer, ZERO), Decimal(1))
        wanted += [Kind.BASELOAD] if network.baseload_active else []
        wanted += [Kind.SOLAR] if network.solar_active else []
    lines = _lines(place, network, wanted)
    if Kind.CAPACITY not in lines:
        return None
    steps = _steps(lines, end=end)
    usable = {
        at: max(
            ZERO,
            values[Kind.CAPACITY] * keep
            - values.get(Kind.BASELOAD, ZERO)
            - values.get(Kind.DEMAND_RESPONSE, ZERO)
            + values.get(Kind.SOLAR, ZERO),
        )
        for at, values in _together(steps)
        if Kind.CAPACITY in values
    }
    missing = tuple(kind for kind in wanted if network is not None and kind not in lines)
    return _course(usable, lines.values(), start=start, end=end, network=network, missing=missing)


def price_line(place: Network | Location, *, start: datetime, end: datetime) -> Course | None:
    """Return what a kWh costs, in the course's currency; None where no price is known.

    It ends where the prices do that were read last: the last one is not that of days to come.
    """
    network = network_at(place)
    lines = _lines(place, network, [Kind.PRICE])
    if not lines:
        return None
    ahead = RECKONED_AHEAD if network is None else READ_AHEAD
    end = min(end, lines[Kind.PRICE].read_at + ahead)
    if end <= start:
        return None
    values = {step.at: step.value for step in _steps(lines, end=end)[Kind.PRICE]}
    return _course(values, lines.values(), start=start, end=end, network=network)


def drawn_line(place: Network | Location, *, start: datetime, end: datetime) -> Course | None:
    """Return what a place drew, in kW, as measured; None where nothing was."""
    network = network_at(place)
    lines = _lines(place, network, [Kind.DRAWN])
    if not lines:
        return None
    values = {step.at: step.value for step in _steps(lines, end=end)[Kind.DRAWN]}
    return _course(values, lines.values(), start=start, end=end, network=network)


def drawn_now(place: Network | Location, *, now: datetime | None = None) -> Drawn | None:
    """Return what a place draws; None where nobody measured it lately."""
    now = now or timezone.now()
    network = network_at(place)
    line = _lines(place, network, [Kind.DRAWN]).get(Kind.DRAWN)
    if line is not None and line.read_at >= now - DRAWN_LATELY:
        point = line.points.filter(at__lte=now).order_by("-at").first()
        if point is not None:
            return Drawn(kw=point.value, at=line.read_at)
    if network is not None and network.current_load_kw is not None:
        return Drawn(kw=network.current_load_kw, at=network.read_at)
    return None


def network_at(place: Network | Location) -> Network | None:
    """Return the network of a place; None where staff have confirmed none, or it is gone."""
    if isinstance(place, Network):
        return place if place.retired_at is None else None
    links = Link.objects.filter(
        kind=Link.Kind.NETWORK, state=Link.State.CONFIRMED, location=place
    ).values("remote_id")
    return Network.objects.filter(remote_id__in=links, retired_at=None).first()


def _lines(
    place: Network | Location, network: Network | None, kinds: Sequence[str]
) -> dict[str, Line]:
    if network is not None:
        which = Q(network=network)
    elif isinstance(place, Location):
        which = Q(location=place, confirmed_at__isnull=False)
    else:
        return {}
    return {line.kind: line for line in Line.objects.filter(which, kind__in=kinds)}


def _steps(lines: Mapping[str, Line], *, end: datetime) -> dict[str, list[Step]]:
    points: QuerySet[LinePoint] = LinePoint.objects.filter(
        line__in=[line.pk for line in lines.values()], at__lt=end
    )
    kinds = {line.pk: kind for kind, line in lines.items()}
    steps: dict[str, list[Step]] = {kind: [] for kind in lines}
    for line_id, at, value in points.order_by("at").values_list("line_id", "at", "value"):
        steps[kinds[line_id]].append(Step(at=at, value=value))
    return steps


def _together(
    steps: Mapping[str, Sequence[Step]],
) -> Iterable[tuple[datetime, dict[str, Decimal]]]:
    """Yield, at each instant at which any of the courses changes, what each is from then on."""
    changes: dict[datetime, dict[str, Decimal]] = {}
    for kind, course in steps.items():
        for step in course:
            changes.setdefault(step.at, {})[kind] = step.value
    values: dict[str, Decimal] = {}
    for at in sorted(changes):
        values = {**values, **changes[at]}
        yield at, values


def _course(
    values: Mapping[datetime, Decimal],
    lines: Iterable[Line],
    *,
    start: datetime,
    end: datetime,
    network: Network | None,
    missing: tuple[str, ...] = (),
) -> Course:
    """Return steps within a window; the one that counts at its beginning is moved there."""
    lines = list(lines)
    steps: list[Step] = []
    for at in sorted(values):
        step = Step(at=max(at, start), value=values[at])
        if steps and steps[-1].at == step.at:
            steps[-1] = step
        elif not steps or steps[-1].value != step.value:
            steps.append(step)
    return Course(
        steps=tuple(steps),
        ends_at=end,
        read_at=min(line.read_at for line in lines),
        source=LineSource.AMPCONTROL if network is not None else LineSource.AMPECO,
        currency=next((line.currency for line in lines if line.currency), ""),
        missing=missing,
    )
