"""Routes: those of Ampcontrol's become departures, departures of ours go up as routes.

Ours are known by an external id that we give them before they are sent; no other is ever changed
or deleted.
"""

import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch, WriteSwitchedOff
from ampcontrol.types import Route
from energy.departures.switched import is_switched_on, next_try
from energy.models import Departure, PassedOn, RemoteRoute
from energy.selectors.walls import vehicles_by_remote_id
from mirror.work import claim_these
from shell.formats import instant
from upstream.errors import (
    UpstreamError,
    UpstreamNotFound,
    UpstreamRejected,
    meets_every_call,
)

OURS = "chargebook-"
# So far ahead routes of ours go up: no longer than a window in which they can be read.
AHEAD = timedelta(days=6)
# A trip of which nobody told the end.
ASSUMED_TRIP = timedelta(hours=8)
# Before and after what goes up, a route of ours is looked for that may have arrived.
AROUND = timedelta(days=1)
LEASE_SECONDS = 120
AT_ONCE = 100
# How soon a route of ours is set again that somebody has changed or deleted there: not at every
# turn, for they may do so each time.
SET_AGAIN = timedelta(minutes=15)
Source = Departure.Source
# What it says of such a route until then, in the place of a problem.
CHANGED_THERE = "changed-there"
REFUSED, AWAY = PassedOn.Problem.REFUSED, PassedOn.Problem.AWAY


def take_routes(*, now: datetime | None = None) -> int:
    """Let the routes of linked vehicles be departures; return how many were made or changed."""
    now = now or timezone.now()
    links = vehicles_by_remote_id()
    routes = {
        route.remote_id: route
        for route in RemoteRoute.objects.filter(
            vehicle_remote_id__in=links, starts_at__gt=now, retired_at=None
        ).exclude(external_id__startswith=OURS)
    }
    rows = Departure.objects.filter(source=Source.ROUTE).exclude(route_remote_id="")
    there = {
        row.route_remote_id: row
        for row in rows.filter(Q(leaves_at__gt=now) | Q(route_remote_id__in=routes))
    }
    changes = 0
    # What is gone first, so that what takes its place finds the instant free.
    for remote_id in sorted({*there, *routes}, key=lambda each: each in routes):
        route, row = routes.get(remote_id), there.get(remote_id)
        if route is None and row is not None and row.cancelled_at is None:
            changes += _save(row, {"cancelled_at": now}, now=now)
        elif route is not None:
            facts = _facts_of(route, links[route.vehicle_remote_id])
            if row is None:
                changes += _make(remote_id, facts)
            elif any(getattr(row, name) != value for name, value in facts.items()):
                changes += _save(row, facts, now=now)
    return changes


def _facts_of(route: RemoteRoute, vehicle_id: int) -> dict[str, Any]:
    target = route.target_percent
    return {
        "vehicle_id": vehicle_id,
        "leaves_at": route.starts_at,
        "returns_at": route.ends_at,
        "target_percent": min(max(round(target), 1), 100) if target else None,
        "distance_km": route.distance_km,
        "energy_kwh": route.energy_kwh,
        "cancelled_at": None,
    }


def _make(remote_id: str, facts: dict[str, Any]) -> int:
    row = Departure(source=Source.ROUTE, route_remote_id=remote_id, **facts)
    return len(Departure.objects.bulk_create([row], ignore_conflicts=True))


def _save(row: Departure, facts: dict[str, Any], *, now: datetime) -> int:
    """Change a route's departure, and keep what it was: bookings were made for that."""
    before = {name: getattr(row, name) for name in ("leaves_at", "target_percent", "distance_km")}
    told = {
        "leaves_at": instant(before["leaves_at"]),
        "target_percent": before["target_percent"],
        "distance_km": None if before["distance_km"] is None else str(before["distance_km"]),
    }
    try:
        with transaction.atomic():
            return Departure.objects.filter(pk=row.pk, version=row.version).update(
                **facts,
                changed_from=told,
                changed_at=now,
                version=F("version") + 1,
                closed_at=None,
            )
    except IntegrityError:
        # At that instant it leaves already, by what somebody has typed.
        return 0


def send_routes(*, client: AmpcontrolClient) -> None:
    """Let departures of ours be routes in Ampcontrol, those that are called off none any more."""
    if not is_switched_on(Switch.ROUTES) or client.held_back_for():
        return
    now = timezone.now()
    remote_ids = {pk: remote_id for remote_id, pk in vehicles_by_remote_id().items()}
    candidates = list(_candidates(now, remote_ids))
    changed = _changed_there(candidates)
    Departure.objects.filter(pk__in=changed, problem="").update(problem=CHANGED_THERE)
    changed_back = [
        row.pk for row in candidates if row.problem == CHANGED_THERE and row.pk not in changed
    ]
    Departure.objects.filter(pk__in=changed_back, problem=CHANGED_THERE).update(problem="")
    due = [
        row.pk
        for row in candidates
        if row.sent != _route_facts(row, remote_ids.get(row.vehicle_id, ""))
        # Of these it is not known whether they have arrived.
        or (row.route_external_id and not row.sent)
        or (row.pk in changed and changed[row.pk] + SET_AGAIN <= now)
    ]
    owner, won = claim_these(
        due[:AT_ONCE], among=Departure.objects.all(), now=now, seconds=LEASE_SECONDS
    )
    try:
        for key in won:
            row = Departure.objects.get(pk=key)
            try:
                _send(row, _route_facts(row, remote_ids.get(row.vehicle_id, "")), owner, client)
            except WriteSwitchedOff:
                return
            except UpstreamError as error:
                _note_failure(row, error, owner)
                if meets_every_call(error):
                    return
    finally:
        Departure.objects.filter(lease_owner=owner).update(lease_owner=None, lease_until=None)


def _changed_there(rows: Iterable[Departure]) -> dict[int, datetime]:
    """Return the departures whose routes were found gone or changed since, and when we sent them.

    That another return or way is known there may be Ampcontrol's own doing.
    """
    sent = {row.route_external_id: row for row in rows if row.sent and row.sent_at}
    changed = {}
    for there in RemoteRoute.objects.filter(external_id__in=list(sent)):
        row = sent[there.external_id]
        assert row.sent_at is not None
        if (there.retired_at or there.read_at) > row.sent_at and not _is_as_sent(there, row):
            changed[row.pk] = row.sent_at
    return changed


def _is_as_sent(there: RemoteRoute, row: Departure) -> bool:
    starts_at = there.starts_at and instant(there.starts_at.replace(microsecond=0))
    target = None if there.target_percent is None else round(there.target_percent)
    return (
        there.retired_at is None
        and (there.vehicle_remote_id, starts_at) == (row.sent["vehicle"], row.sent["starts_at"])
        and row.sent["target"] in (None, target)
    )


def _candidates(now: datetime, remote_ids: Iterable[int]) -> QuerySet[Departure]:
    rows = Departure.objects.filter(leaves_at__gt=now).exclude(source=Source.ROUTE)
    up = Q(leaves_at__lte=now + AHEAD, cancelled_at=None, vehicle__in=list(remote_ids))
    is_free = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
    return rows.filter(up | ~Q(route_external_id=""), is_free).order_by("leaves_at", "pk")


def _route_facts(row: Departure, remote_id: str) -> dict[str, Any]:
    """Return what Ampcontrol is to hold of a departure as a route; nothing where it is none.

    Ampcontrol takes no route that asks for nothing.
    """
    needs = (row.target_percent, row.distance_km, row.energy_kwh)
    if row.cancelled_at or not remote_id or needs == (None, None, None):
        return {}
    distance, energy = (None if each is None else str(each) for each in needs[1:])
    return {
        "vehicle": remote_id,
        "starts_at": instant(row.leaves_at),
        "ends_at": instant(row.returns_at or row.leaves_at + ASSUMED_TRIP),
        "target": row.target_percent,
        "distance": distance,
        "energy": energy,
    }


def _send(
    row: Departure, facts: dict[str, Any], owner: uuid.UUID, client: AmpcontrolClient
) -> None:
    """Make, change or delete the one route. Raises UpstreamError."""
    if not _note(row, owner, lease_until=timezone.now() + timedelta(seconds=LEASE_SECONDS)):
        return
    if facts and not row.route_external_id:
        _begin_one(row, owner)
    elif row.route_external_id and not row.route_remote_id:
        row.route_remote_id = _find(row, client)
    if not facts:
        if row.route_remote_id:
            with suppress(UpstreamNotFound):
                client.delete_route(row.route_remote_id)
        _note(row, owner, sent={}, route_remote_id="", route_external_id="", problem="")
        return
    if row.route_remote_id:
        _note(row, owner, route_remote_id=row.route_remote_id)
        if not _change(_route_of(row, facts), client):
            _begin_one(row, owner)
    if not row.route_remote_id:
        made = client.create_routes([_route_of(row, facts)])
        known = [each.id for each in made if each.external_id == row.route_external_id]
        row.route_remote_id = known[0] if known else _find(row, client)
    _note(
        row,
        owner,
        sent=facts,
        sent_at=timezone.now(),
        route_remote_id=row.route_remote_id,
        problem="",
        attempts=0,
        next_attempt_at=None,
    )


def _begin_one(row: Departure, owner: uuid.UUID) -> None:
    """Give a departure a route that is still to be made.

    Written down before the call, so that it can be found whatever becomes of the answer.
    """
    row.route_external_id, row.route_remote_id = f"{OURS}{uuid.uuid4()}", ""
    _note(row, owner, sent={}, route_external_id=row.route_external_id, route_remote_id="")


def _change(route: Route, client: AmpcontrolClient) -> bool:
    """Change a route; return False where somebody has deleted it. Raises UpstreamError."""
    try:
        client.change_route(route)
    except UpstreamNotFound:
        return False
    return True


def _find(row: Departure, client: AmpcontrolClient) -> str:
    """Return Ampcontrol's id of a route of ours that may have arrived; "" where it has not."""
    now = timezone.now()
    routes = client.routes(start=now - AROUND, end=now + AHEAD + AROUND)
    return next((each.id for each in routes if each.external_id == row.route_external_id), "")


def _route_of(row: Departure, facts: dict[str, Any]) -> Route:
    target = row.target_percent
    return Route(
        id=row.route_remote_id,
        external_id=row.route_external_id,
        vehicle_id=facts["vehicle"],
        vehicle_group="",
        starts_at=row.leaves_at,
        ends_at=row.returns_at or row.leaves_at + ASSUMED_TRIP,
        distance_km=row.distance_km,
        energy_kwh=row.energy_kwh,
        target_percent=None if target is None else Decimal(target),
        status="",
    )


def _note(row: Departure, owner: uuid.UUID, **facts: Any) -> int:
    held = Departure.objects.filter(pk=row.pk, lease_owner=owner, lease_until__gt=timezone.now())
    return held.update(**facts)


def _note_failure(row: Departure, error: UpstreamError, owner: uuid.UUID) -> None:
    attempts = row.attempts + 1
    problem = REFUSED if isinstance(error, UpstreamRejected) else AWAY
    again = next_try(error, attempts=attempts, now=timezone.now())
    _note(row, owner, problem=problem, attempts=attempts, next_attempt_at=again)
