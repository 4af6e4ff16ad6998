"""Says afterwards what sessions were for: vehicle, cost centre, reference."""

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db import transaction

from accounts.models import User
from charging.models import Assignment, CostCentre, Session
from charging.services import mark_months
from drivers.models import Fleet
from vehicles.models import Vehicle

# What the mirror says otherwise, until somebody says it by hand.
BY_HAND = frozenset({"vehicle", "cost_centre"})


class Wanted(TypedDict, total=False):
    """What sessions are to have; what is not named stays as it is."""

    reference: str
    vehicle: Vehicle | None
    cost_centre: CostCentre | None


@transaction.atomic
def assign_sessions(fleet: Fleet, keys: Iterable[int], wanted: Wanted, *, user: User | None) -> int:
    """Let those of a fleet's sessions that keys name be for something; return how many changed.

    Each change is kept with who made it, and the months are marked to be summed anew. Doing it
    again changes nothing.
    """
    changed: list[Session] = []
    history: list[Assignment] = []
    rows = Session.objects.filter(fleet=fleet, pk__in=list(keys)).order_by("pk")
    for session in rows.select_for_update():
        changes = _changes(session, wanted)
        if not changes:
            continue
        for name in changes:
            setattr(session, name, wanted[name])  # type: ignore[literal-required]
        session.assigned_by_hand |= bool(BY_HAND & set(changes))
        changed.append(session)
        history.append(Assignment(session=session, user=user, changes=changes))
    Session.objects.bulk_update(
        changed, ["reference", "vehicle", "cost_centre", "assigned_by_hand"], batch_size=500
    )
    Assignment.objects.bulk_create(history)
    mark_months((session.fleet_id, session.local_day) for session in changed)
    return len(changed)


def _changes(session: Session, wanted: Wanted) -> dict[str, list[Any]]:
    """Return what a session has and is to have, where these differ."""
    found: dict[str, list[Any]] = {}
    if "reference" in wanted and wanted["reference"] != session.reference:
        found["reference"] = [session.reference, wanted["reference"]]
    if "vehicle" in wanted:
        vehicle = wanted["vehicle"]
        found["vehicle"] = [session.vehicle_id, vehicle.pk if vehicle else None]
    if "cost_centre" in wanted:
        cost_centre = wanted["cost_centre"]
        found["cost_centre"] = [session.cost_centre_id, cost_centre.pk if cost_centre else None]
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}
