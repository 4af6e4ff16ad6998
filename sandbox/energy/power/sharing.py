"""Sharing out the power of a network among those that are plugged in."""

from dataclasses import dataclass
from datetime import UTC, datetime

OFF = "off"
FLEET = "fleet"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Taker:
    """Who wants power: `most_kw` is what it can take, `wants` whether it is below its target.

    `planned` ones are linked to a vehicle. Priority 0 is not steered: it gets all that it can take.
    """

    key: str
    most_kw: float
    wants: bool
    planned: bool
    departs_at: datetime | None = None
    priority: int | None = None


def share(takers: list[Taker], line_kw: float, *, objective: str) -> dict[str, float]:
    """Return the limit of each in kW; together never more than the line, unless it is off."""
    if objective == OFF:
        return {each.key: each.most_kw for each in takers}
    limits = {each.key: 0.0 for each in takers}
    left = max(0.0, line_kw)
    wanting = [each for each in takers if each.wants and each.most_kw > 0]
    first = [each for each in wanting if each.priority == 0]
    rest = [each for each in wanting if each.priority != 0]
    if objective == FLEET:
        # One after the other: who leaves first, first. Whom nobody planned for gets what is left.
        planned = sorted((each for each in rest if each.planned), key=_turn)
        first += planned
        rest = [each for each in rest if not each.planned]
    for each in first:
        limits[each.key] = min(each.most_kw, left)
        left -= limits[each.key]
    return limits | _evenly(rest, left)


def _turn(taker: Taker) -> tuple[datetime, int, str]:
    return (taker.departs_at or NEVER, taker.priority or 3, taker.key)


def _evenly(takers: list[Taker], kw: float) -> dict[str, float]:
    """Give all the same, and what one cannot take to the others."""
    limits = {}
    left = max(0.0, kw)
    for number, each in enumerate(sorted(takers, key=lambda one: (one.most_kw, one.key))):
        limits[each.key] = min(each.most_kw, left / (len(takers) - number))
        left -= limits[each.key]
    return limits
