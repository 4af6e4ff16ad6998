"""What Ampcontrol means to give a session from now on, and what should be in the battery then."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from energy.models import Session
from energy.need import EFFICIENCY, FULL
from energy.pages.drawings import Value
from energy.selectors.vehicles import VehicleFacts
from energy.wording import percent
from vehicles.models import Vehicle

HOUR = timedelta(hours=1)


def planned(session: Session, *, now: datetime) -> list[Value]:
    """Return the power (kW) of the plan from now on, with None where it ends."""
    told: list[tuple[datetime, float]] = []
    for entry in session.plan:
        try:
            at, value = parse_datetime(str(entry[0])), float(entry[1])
        except (LookupError, TypeError, ValueError):
            continue
        if at is not None and at.tzinfo is not None:
            told.append((at, value))
    told.sort()
    end = session.expected_end_at
    if end is None or end <= now:
        # Nobody says until when the last step counts.
        end = told[-1][0] if told else now
    begun = [(now, value) for at, value in told if at <= now][-1:]
    ahead = [*begun, *(each for each in told if now < each[0] < end)]
    return [*ahead, (end, None)] if ahead and end > now else []


def reach_text(vehicle: Vehicle, facts: VehicleFacts, *, now: datetime) -> str:
    """Return in a sentence what the plan brings a vehicle to; "" where that cannot be told.

    It names what is assumed: how much of what flows gets into the battery.
    """
    charging, state = facts.charging, facts.state_of_charge
    if charging is None or charging.evse is None or not charging.is_known:
        return ""
    if not state.is_known or state.percent is None:
        return ""
    efficiency = EFFICIENCY.get(charging.evse.get_current_type_display())
    given = energy_of(planned(charging.session, now=now))
    if not efficiency or not vehicle.battery_kwh or not given:
        return ""
    share = float(state.percent) + given * efficiency / float(vehicle.battery_kwh) * FULL
    text = _("It should reach %(share)s by then. Assumed: %(part)s of the energy gets into it.")
    return text % {"share": percent(min(share, FULL)), "part": percent(efficiency * FULL)}


def energy_of(plan: Sequence[Value]) -> float:
    """Return what a plan gives, in kWh."""
    return sum(
        (value or 0.0) * ((until - at) / HOUR) for (at, value), (until, _next) in pairwise(plan)
    )
