"""What Ampcontrol's plan for a session says: power now, and when it ends."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ampcontrol.types import Point

HOUR = timedelta(hours=1)


def power_at(plan: Iterable[Point], at: datetime) -> Decimal | None:
    """Return what a plan gives at an instant, in kW; None before it begins."""
    power = None
    for point in plan:
        if point.at > at:
            break
        power = Decimal(str(point.value))
    return power


def expected_end(
    plan: Sequence[Point],
    *,
    plan_ends_at: datetime | None,
    now: datetime,
    energy_left_kwh: Decimal | None,
) -> datetime | None:
    """Return when Ampcontrol's own plan has a session charged; None where it gives no power.

    That is the end of the last step that gives power, or, where the session wants a certain energy,
    the instant at which the plan has given it, whichever is earlier. Vehicles take less than they
    are given when they are almost full, so it is Ampcontrol's view and no promise; and a plan
    reaches some hours ahead: what is charged for longer ends no earlier than this.
    """
    end = None
    given = Decimal(0)
    for number, point in enumerate(plan):
        following = plan[number + 1].at if number + 1 < len(plan) else plan_ends_at
        if following is None or following <= point.at or point.value <= 0:
            continue
        end = following
        begins = max(point.at, now)
        if energy_left_kwh is None or following <= begins:
            continue
        power = Decimal(str(point.value))
        step = power * Decimal((following - begins) / HOUR)
        if given + step >= energy_left_kwh:
            return begins + HOUR * float((energy_left_kwh - given) / power)
        given += step
    return end
