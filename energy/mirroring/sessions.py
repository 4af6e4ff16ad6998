"""Charging sessions, and what Ampcontrol means to give them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from ampcontrol import types
from energy.mirroring.plans import expected_end, power_at
from energy.mirroring.turns import Outcome, Turn
from energy.mirroring.upserts import store
from energy.models import Network, Session
from mirror.fitting import fitting

OVERLAP = timedelta(minutes=1)
# After a longer pause sessions may have begun and ended that were never seen among the active ones.
PAUSE = timedelta(minutes=10)
LONGEST_BACK = timedelta(days=7)
PLANNED = ("plan", "expected_end_at", "power_kw")
NO_PLAN: dict[str, Any] = {"plan": [], "expected_end_at": None, "power_kw": None}


def read_sessions(turn: Turn) -> Outcome:
    """Mirror what is charging in a network, and how that ended which no longer is.

    One call; a second one only where a session ended, or where nobody looked for a while.
    """
    network = turn.place
    records = {one.id: one for one in turn.client.active_sessions(network.remote_id)}
    ours = Session.objects.filter(network=network, active=True)
    ended = set(ours.values_list("remote_id", flat=True)) - records.keys()
    paused = turn.last is not None and turn.now - turn.last > PAUSE
    if ended or paused:
        start = (turn.last or turn.now) - OVERLAP
        start = max(start, turn.now - LONGEST_BACK)
        for one in turn.client.sessions(start=start, end=turn.now, network_id=network.remote_id):
            records.setdefault(one.id, one)
    rows = [_session(record, turn) for record in records.values()]
    outcome = store("sessions", rows, model=Session, now=turn.now, keep=PLANNED)
    # What Ampcontrol no longer speaks of is over; when is not known better than by this look.
    silent = ours.filter(remote_id__in=ended - records.keys())
    silent.update(active=False, ended_at=turn.now, read_at=turn.now)
    over = Session.objects.filter(remote_id__in=ended, active=False)
    over.update(**NO_PLAN)
    return outcome


def end_those_of_gone_networks(*, now: datetime) -> None:
    """End what is not asked for again; a session that goes on in another network is read there."""
    gone = Session.objects.filter(active=True, network__retired_at__isnull=False)
    gone.update(active=False, ended_at=now, **NO_PLAN)


def forget_plans_where_nothing_is_steered() -> int:
    """Forget plans that are not asked for again; return how many sessions had one."""
    active = Session.objects.filter(active=True, network__objective=Network.OFF)
    return active.exclude(**NO_PLAN).update(**NO_PLAN)


def read_optimizations(turn: Turn) -> Outcome:
    """Note of each active session of a network what the plan in force gives it; one call.

    A plan names its session, or else the connector at which there is one.
    """
    network = turn.place
    plans = list(turn.client.optimizations(network.remote_id))
    by_session = _newest((plan.session_id, plan) for plan in plans)
    by_connector = _newest((plan.connector_id, plan) for plan in plans if not plan.session_id)
    with transaction.atomic():
        changed = []
        for row in Session.objects.select_for_update().filter(network=network, active=True):
            plan = by_session.get(row.remote_id) or by_connector.get(row.connector_remote_id)
            if _take_plan(row, plan, turn):
                changed.append(row)
        Session.objects.bulk_update(changed, fields=PLANNED)
    return Outcome(counts={"plans": {"seen": len(plans), "changed": len(changed)}})


def _take_plan(row: Session, plan: types.Optimization | None, turn: Turn) -> bool:
    points = plan.points if plan is not None else ()
    wanted, so_far = row.energy_wanted_kwh, row.energy_kwh
    left = None if not wanted else max(wanted - (so_far or Decimal(0)), Decimal(0))
    power = power_at(points, turn.now)
    found = (
        [[point.at.isoformat(), point.value] for point in points],
        expected_end(
            points,
            plan_ends_at=plan.end_at if plan is not None else None,
            now=turn.now,
            energy_left_kwh=left,
        ),
        fitting(Session._meta.get_field("power_kw"), power),
    )
    if found == (row.plan, row.expected_end_at, row.power_kw):
        return False
    row.plan, row.expected_end_at, row.power_kw = found
    return True


def _newest(
    plans: Iterable[tuple[str, types.Optimization]],
) -> dict[str, types.Optimization]:
    found: dict[str, types.Optimization] = {}
    for key, plan in plans:
        other = found.get(key)
        if key and (other is None or _made(plan) >= _made(other)):
            found[key] = plan
    return found


def _made(plan: types.Optimization) -> float:
    return plan.created_at.timestamp() if plan.created_at else 0.0


def _session(record: types.Session, turn: Turn) -> Session:
    active = record.active and record.ended_at is None
    # What is over has an end, else it would be kept for ever.
    ended_at = None if active else record.ended_at or record.updated_at or turn.now
    return Session(
        remote_id=record.id,
        remote_updated_at=record.updated_at,
        network=turn.place,
        connector_remote_id=record.connector_id,
        charge_point_remote_id=record.charge_point_id,
        vehicle_remote_id=record.vehicle_id,
        tag_key=record.tag_key,
        started_at=record.started_at,
        ended_at=ended_at,
        active=active,
        priority=record.priority,
        energy_kwh=record.energy_kwh,
        energy_wanted_kwh=record.energy_wanted_kwh,
    )
