"""Passes departures on to Ampcontrol, whose vehicles hold one each, and takes back what is past.

What is to be told is written down before it is told. What became of it is seen by reading the
vehicles again before anything else is sent, so an answer that is lost, a worker that is killed or a
second one do no harm. What others set there is looked at, and left alone.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, prefetch_related_objects
from django.utils import timezone

from ampcontrol import types as ampcontrol_types
from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch, WriteSwitchedOff
from energy.departures.asking import target_of
from energy.departures.switched import is_switched_on, next_try
from energy.models import Departure, PassedOn, RemoteVehicle
from energy.selectors.departures import next_departures
from energy.selectors.walls import vehicles_by_remote_id
from mirror.work import claim_these
from shell.formats import instant
from upstream.errors import UpstreamError, UpstreamRejected, meets_every_call
from vehicles.models import Vehicle

# Longer than a call with its repetitions; prolonged before each that sends.
LEASE_SECONDS = 120
AT_ONCE = 100
# How often it is looked whether somebody else's departure is still there, and how soon ours is set
# again where it is gone.
LOOKS_AGAIN = timedelta(minutes=15)
Problem = PassedOn.Problem
# What a vehicle is to have where nobody asks for less, as Ampcontrol's own default is.
FULL = Decimal(100)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a vehicle of Ampcontrol's is to hold by us: nothing without a departure."""

    vehicle_id: int | None
    departure: Departure | None

    @property
    def facts(self) -> dict[str, Any]:
        if self.departure is None:
            return {}
        leaves_at, target = self.departure.leaves_at, target_of(self.departure)
        return {"departs_at": instant(leaves_at), "target": target}


def pass_on_departures(*, client: AmpcontrolClient) -> None:
    """Let Ampcontrol hold the next departure of each linked vehicle, and none that is past.

    Costs no call where nothing is to be told, and one to look before so many are sent.
    """
    if is_switched_on(Switch.DEPARTURES) and not client.held_back_for():
        goals = _goals()
        due = _due(goals, now=timezone.now())
        for first in range(0, len(due), AT_ONCE):
            if not _pass_on(due[first : first + AT_ONCE], client=client):
                break
    close_past()


def close_past(*, now: datetime | None = None) -> None:
    """Close the departures that are past and that Ampcontrol no longer holds by us."""
    now = now or timezone.now()
    held = PassedOn.objects.filter(departure=OuterRef("pk")).exclude(held={}, sending={})
    past = Departure.objects.filter(closed_at=None, leaves_at__lte=now)
    past.filter(~Exists(held)).update(closed_at=now)


def _goals(remote_ids: Iterable[str] | None = None) -> dict[str, Goal]:
    """Return what linked vehicles are to hold, by Ampcontrol's ids.

    A route of Ampcontrol's it knows by itself: as long as that comes next, nothing is held by us.
    """
    links = vehicles_by_remote_id(None if remote_ids is None else list(remote_ids))
    coming = next_departures([Vehicle(pk=pk) for pk in links.values()])
    prefetch_related_objects(list(coming.values()), "vehicle")
    return {
        remote_id: Goal(pk, None if row is None or row.source == Departure.Source.ROUTE else row)
        for remote_id, pk in links.items()
        for row in [coming.get(pk)]
    }


def _due(goals: dict[str, Goal], *, now: datetime) -> list[int]:
    """Return the rows of which something is to be told or looked at, made where there are none."""
    rows = {row.remote_id: row for row in PassedOn.objects.all()}
    new = [
        PassedOn(remote_id=remote_id, vehicle_id=goal.vehicle_id)
        for remote_id, goal in goals.items()
        if goal.departure and goal.vehicle_id and remote_id not in rows
    ]
    if new:
        PassedOn.objects.bulk_create(new, ignore_conflicts=True)
        made = PassedOn.objects.filter(remote_id__in=[row.remote_id for row in new])
        rows |= {row.remote_id: row for row in made}
    nothing, changed = Goal(None, None), _changed_there(rows, now=now)
    return [
        row.pk
        for remote_id, row in rows.items()
        if row.next_attempt_at is None or row.next_attempt_at <= now
        if row.sending
        or row.problem
        or row.held != goals.get(remote_id, nothing).facts
        or remote_id in changed
    ]


def _changed_there(rows: dict[str, PassedOn], *, now: datetime) -> set[str]:
    """Return the vehicles that hold something else than what we told them, as was read since.

    Another departure is looked at at once. What is merely gone, or has another target, is set
    again, but not at every turn: whoever takes it away may do so each time.
    """
    told = {remote_id: row for remote_id, row in rows.items() if row.held and row.held_at}
    changed = set()
    for there in RemoteVehicle.objects.filter(remote_id__in=list(told), retired_at=None).only(
        "remote_id", "departs_at", "target_percent", "read_at"
    ):
        row = told[there.remote_id]
        assert row.held_at is not None
        departs_at, target = _to_the_second(there.departs_at), row.held.get("target")
        is_ours = departs_at is not None and instant(departs_at) == row.held["departs_at"]
        if there.read_at <= row.held_at or (
            is_ours and target in (None, _whole(there.target_percent))
        ):
            continue
        if (departs_at and not is_ours) or row.held_at + LOOKS_AGAIN <= now:
            changed.add(there.remote_id)
    return changed


def _pass_on(keys: list[int], *, client: AmpcontrolClient) -> bool:
    """Claim rows, look at their vehicles, and tell; return whether going on makes sense."""
    owner, won = claim_these(
        keys, among=PassedOn.objects.all(), now=timezone.now(), seconds=LEASE_SECONDS
    )
    if not won:
        return True
    try:
        return _tell_all(won, owner, client=client)
    finally:
        PassedOn.objects.filter(lease_owner=owner).update(lease_owner=None, lease_until=None)


def _tell_all(keys: list[int], owner: uuid.UUID, *, client: AmpcontrolClient) -> bool:
    try:
        there = {vehicle.id: vehicle for vehicle in client.vehicles()}
    except UpstreamError as error:
        _put_off(PassedOn.objects.filter(pk__in=keys), error)
        return False
    for key in keys:
        # As it is now: somebody may have ended the link or called the departure off.
        row = PassedOn.objects.get(pk=key)
        goal = _goals([row.remote_id]).get(row.remote_id, Goal(None, None))
        try:
            _settle(row, goal, there.get(row.remote_id), owner=owner, client=client)
        except WriteSwitchedOff:
            PassedOn.objects.filter(pk=key, lease_owner=owner).update(sending=row.sending)
            return False
        except UpstreamError as error:
            _note_failure(row, error, owner=owner)
            if meets_every_call(error):
                return False
    return True


def _settle(
    row: PassedOn,
    goal: Goal,
    actual: ampcontrol_types.Vehicle | None,
    *,
    owner: uuid.UUID,
    client: AmpcontrolClient,
) -> None:
    """Compare what a vehicle holds with what it is to hold, and tell it what it lacks.

    Raises UpstreamError.
    """
    now = timezone.now()
    if actual is None:
        problem = Problem.UNKNOWN_THERE if goal.departure else ""
        again = now + LOOKS_AGAIN if goal.departure else None
        _note(row, owner, held={}, sending={}, problem=problem, next_attempt_at=again)
        return
    there = _to_the_second(actual.departs_at)
    ours = {each for facts in (row.held, row.sending) if (each := facts.get("departs_at"))}
    target = _target(row, goal)
    if goal.departure is None:
        if there is not None and instant(there) in ours:
            _send(row, goal, {"departs_at": None, "target": target}, owner=owner, client=client)
        else:
            _note_held(row, goal, owner=owner)
        return
    wanted = goal.facts["departs_at"]
    is_anothers = there and there > now and instant(there) not in {*ours, wanted}
    if there and instant(there) == wanted and target in (None, _whole(actual.target_percent)):
        _note_held(row, goal, owner=owner)
    elif is_anothers and there and row.replaces_at != there:
        _note(
            row,
            owner,
            held={},
            sending={},
            problem=Problem.ANOTHERS,
            anothers_at=there,
            replaces_at=None,
            next_attempt_at=min(now + LOOKS_AGAIN, there + timedelta(minutes=1)),
        )
    else:
        if not (row.held.get("target") or row.sending.get("target")) and target is not None:
            row.before = str(_whole(actual.target_percent) or "")
        _send(row, goal, {"departs_at": wanted, "target": target}, owner=owner, client=client)


def _target(row: PassedOn, goal: Goal) -> int | None:
    """Return the target to set; where nobody asks for one, that from before ours, if we set one."""
    wanted: int | None = goal.facts.get("target")
    if wanted is not None:
        return wanted
    has_ours = row.held.get("target") is not None or row.sending.get("target") is not None
    return int(row.before or FULL) if has_ours else None


def _send(
    row: PassedOn,
    goal: Goal,
    facts: dict[str, Any],
    *,
    owner: uuid.UUID,
    client: AmpcontrolClient,
) -> None:
    """Write down what is told, tell it, write down that it was. Raises UpstreamError."""
    now = timezone.now()
    held = PassedOn.objects.filter(pk=row.pk, lease_owner=owner, lease_until__gt=now)
    until = now + timedelta(seconds=LEASE_SECONDS)
    if not held.update(sending=facts, before=row.before, lease_until=until):
        return
    target = facts["target"]
    client.set_departure(
        row.remote_id,
        departs_at=goal.departure.leaves_at if goal.departure else None,
        target_percent=None if target is None else Decimal(target),
    )
    _note_held(row, goal, owner=owner)


def _note_held(row: PassedOn, goal: Goal, *, owner: uuid.UUID) -> None:
    _note(
        row,
        owner,
        held=goal.facts,
        held_at=timezone.now(),
        sending={},
        departure=goal.departure,
        problem="",
        anothers_at=None,
        replaces_at=None,
        attempts=0,
        next_attempt_at=None,
        vehicle_id=goal.vehicle_id or row.vehicle_id,
        **({} if goal.facts.get("target") else {"before": ""}),
    )


def _note(row: PassedOn, owner: uuid.UUID, **facts: Any) -> None:
    PassedOn.objects.filter(pk=row.pk, lease_owner=owner).update(**facts)


def _note_failure(row: PassedOn, error: UpstreamError, *, owner: uuid.UUID) -> None:
    """Note why something was not told; what may have arrived all the same stays to be looked at."""
    refused = isinstance(error, UpstreamRejected)
    facts: dict[str, Any] = {} if error.ambiguous else {"sending": {}}
    _note(
        row,
        owner,
        **facts,
        problem=Problem.REFUSED if refused else Problem.AWAY,
        attempts=row.attempts + 1,
        next_attempt_at=next_try(error, attempts=row.attempts + 1, now=timezone.now()),
    )


def _put_off(rows: Any, error: UpstreamError) -> None:
    attempts = max(rows.values_list("attempts", flat=True), default=0) + 1
    again = next_try(error, attempts=attempts, now=timezone.now())
    rows.update(problem=Problem.AWAY, attempts=F("attempts") + 1, next_attempt_at=again)


def _to_the_second(at: datetime | None) -> datetime | None:
    return at.astimezone(UTC).replace(microsecond=0) if at else None


def _whole(percent: Decimal | None) -> int | None:
    return None if percent is None else round(percent)
