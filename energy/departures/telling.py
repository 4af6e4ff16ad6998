"""Tells Ampcontrol once what a person clicked: a row first, then a call, then what became of it."""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from ampcontrol.client import AmpcontrolClient
from ampcontrol.switches import Switch, WriteSwitchedOff
from ampcontrol.types import Vehicle as RemoteRecord
from energy.departures.switched import is_switched_on, next_try
from energy.models import (
    Alert,
    Link,
    RemoteVehicle,
    Session,
    Telling,
    VehicleNow,
    VehicleState,
)
from energy.models.states import Source
from energy.selectors.walls import remote_ids_of
from mirror.work import claim, wake_on_commit
from upstream.errors import UpstreamError, UpstreamRejected, meets_every_call
from vehicles.models import Vehicle

TELL = "energy.departures.tasks.tell"
LEASE_SECONDS = 120
AT_ONCE = 20
# What somebody read in a vehicle, or clicked, says nothing any more after so long.
HOLDS_FOR = timedelta(hours=1)
HIGHEST, USUAL = 1, 3
Kind, State = Telling.Kind, Telling.State
SWITCHES = {
    Kind.STATE_OF_CHARGE: Switch.STATES_OF_CHARGE,
    Kind.PRIORITY: Switch.PRIORITIES,
    Kind.ALERT: Switch.ALERTS,
    Kind.VEHICLE: Switch.VEHICLES,
}
# An alert that nobody has seen.
UNSEEN = ("Triggered", "Pending")
# What may be asked for once more by whoever asks again.
IN_VAIN = (State.REFUSED, State.DROPPED, State.SWITCHED_OFF)


def type_state_of_charge(
    vehicle: Vehicle, *, percent: Decimal, at: datetime, key: str, user: User
) -> Telling | None:
    """Keep what somebody read in a vehicle; pass it on if Ampcontrol knows the vehicle.

    Returns what is told; None where it is kept here alone.
    """
    state = {"state_of_charge": percent}
    with transaction.atomic():
        VehicleState.objects.get_or_create(
            vehicle=vehicle, at=at, source=Source.TYPED, defaults=state
        )
        row, _made = VehicleNow.objects.select_for_update().get_or_create(
            vehicle=vehicle, defaults={"read_at": at}
        )
        if row.state_of_charge_at is None or row.state_of_charge_at <= at:
            row.state_of_charge, row.state_of_charge_at = percent, at
            row.state_of_charge_source = Source.TYPED
            row.save(
                update_fields=["state_of_charge", "state_of_charge_at", "state_of_charge_source"]
            )
        remote_id = remote_ids_of(vehicle.fleet, [vehicle.pk]).get(vehicle.pk)
        if remote_id is None:
            return None
        facts = {"percent": str(percent), "at": at.isoformat()}
        return _ask(Kind.STATE_OF_CHARGE, key, vehicle, remote_id, facts, user)


def charge_first(
    session: Session, vehicle: Vehicle, *, key: str, user: User, first: bool = True
) -> Telling:
    """Let a session come before others, or with `first=False` be one of many again."""
    facts = {"priority": HIGHEST if first else USUAL, "network": session.network.remote_id}
    return _ask(Kind.PRIORITY, key, vehicle, session.remote_id, facts, user)


def acknowledge(alert: Alert, *, user: User) -> Telling:
    """Say that somebody has seen an alert; once more where it was raised again since."""
    key = f"alert-{alert.remote_id}"
    is_open = Alert.objects.filter(pk=alert.pk, retired_at=None, status__in=UNSEEN).exists()
    again = (*IN_VAIN, State.DONE) if is_open else IN_VAIN
    return _ask(Kind.ALERT, key, None, alert.remote_id, {}, user, again=again)


def create_in_ampcontrol(vehicle: Vehicle, *, user: User) -> Telling:
    """Let Ampcontrol know a vehicle that it does not know, and link the two.

    One that was created before is created anew only where it is linked no more and gone there:
    a second one could not be taken away by the portal.
    """
    key = f"vehicle-{vehicle.pk}"
    made = Telling.objects.filter(key=key, state=State.DONE).exclude(remote_id="").first()
    is_gone = (
        made is not None
        and not remote_ids_of(vehicle.fleet, [vehicle.pk])
        and not RemoteVehicle.objects.filter(remote_id=made.remote_id, retired_at=None).exists()
    )
    again = (*IN_VAIN, State.DONE) if is_gone else IN_VAIN
    return _ask(Kind.VEHICLE, key, vehicle, "", {}, user, again=again)


def _ask(
    kind: Telling.Kind,
    key: str,
    vehicle: Vehicle | None,
    remote_id: str,
    facts: dict[str, Any],
    user: User,
    *,
    again: Iterable[str] = (),
) -> Telling:
    """Write down what is to be told, once a key; what is in a state of `again` is told anew."""
    is_on = is_switched_on(SWITCHES[kind])
    state = State.WAITING if is_on else State.SWITCHED_OFF
    settled_at = None if is_on else timezone.now()
    with transaction.atomic():
        row, made = Telling.objects.get_or_create(
            key=key,
            defaults={
                "kind": kind,
                "vehicle": vehicle,
                "remote_id": remote_id,
                "facts": facts,
                "created_by": user,
                "state": state,
                "settled_at": settled_at,
            },
        )
        if again and not made:
            Telling.objects.filter(pk=row.pk, state__in=again).update(
                state=state,
                remote_id=remote_id,
                settled_at=settled_at,
                attempts=0,
                next_attempt_at=None,
                created_at=timezone.now(),
                created_by=user,
            )
            row.refresh_from_db()
        wake_on_commit(TELL)
    return row


def send_tellings(*, client: AmpcontrolClient) -> None:
    """Tell what is due; any number of workers may do so at once."""
    if client.held_back_for():
        return
    now = timezone.now()
    due = Telling.objects.filter(
        Q(next_attempt_at=None) | Q(next_attempt_at__lte=now), settled_at=None
    )
    owner, won = claim(due.order_by("pk"), now=now, seconds=LEASE_SECONDS, limit=AT_ONCE)
    try:
        for key in won:
            row = Telling.objects.select_related("vehicle__fleet").get(pk=key)
            try:
                _tell(row, owner, client)
            except WriteSwitchedOff:
                _settle(row, owner, State.SWITCHED_OFF)
            except UpstreamError as error:
                _note_failure(row, error, owner)
                if meets_every_call(error):
                    return
    finally:
        Telling.objects.filter(lease_owner=owner).update(lease_owner=None, lease_until=None)


def _tell(row: Telling, owner: uuid.UUID, client: AmpcontrolClient) -> None:
    """Tell one thing, unless it no longer holds. Raises UpstreamError."""
    if not is_switched_on(SWITCHES[Kind(row.kind)]):
        _settle(row, owner, State.SWITCHED_OFF)
    elif row.state == State.SENDING and _has_arrived(row, client):
        _settle(row, owner, State.DONE)
    elif row.state == State.SENDING and row.kind == Kind.VEHICLE:
        # A second one could not be taken away by the portal: a person looks.
        _settle(row, owner, State.UNSURE)
    elif not _still_holds(row):
        _settle(row, owner, State.DROPPED)
    elif _note(
        row,
        owner,
        state=State.SENDING,
        lease_until=timezone.now() + timedelta(seconds=LEASE_SECONDS),
    ):
        _call(row, client)
        _settle(row, owner, State.DONE)


def _still_holds(row: Telling) -> bool:
    """Return whether what was asked for is still about the same things, and not of long ago."""
    vehicle = row.vehicle
    links = remote_ids_of(vehicle.fleet, [vehicle.pk]) if vehicle else {}
    is_fresh = row.created_at > timezone.now() - HOLDS_FOR
    if row.kind == Kind.ALERT:
        return not Alert.objects.filter(remote_id=row.remote_id, status="Resolved").exists()
    if vehicle is None or vehicle.is_retired:
        return False
    if row.kind == Kind.VEHICLE:
        return not links
    if row.kind == Kind.STATE_OF_CHARGE:
        return is_fresh and links.get(vehicle.pk) == row.remote_id
    sessions = Session.objects.filter(remote_id=row.remote_id, active=True, retired_at=None)
    return is_fresh and sessions.filter(vehicle_remote_id=links.get(vehicle.pk, "-")).exists()


def _has_arrived(row: Telling, client: AmpcontrolClient) -> bool:
    """Return whether Ampcontrol has what it may have been told before; asks it."""
    facts = row.facts
    if row.kind == Kind.STATE_OF_CHARGE:
        at, second = datetime.fromisoformat(facts["at"]), timedelta(seconds=1)
        told = client.telematics_of(row.remote_id, start=at - second, end=at + second)
        return any(each.state_of_charge == Decimal(facts["percent"]) for each in told)
    if row.kind == Kind.PRIORITY:
        sessions = client.active_sessions(facts["network"])
        return any(
            each.id == row.remote_id and each.priority == facts["priority"] for each in sessions
        )
    if row.kind == Kind.VEHICLE and row.vehicle and row.vehicle.vin:
        found = [each for each in client.vehicles() if each.vin == row.vehicle.vin]
        if len(found) == 1:
            _link(row, found[0].id, found[0].name)
            return True
    return False


def _call(row: Telling, client: AmpcontrolClient) -> None:
    facts = row.facts
    match row.kind:
        case Kind.STATE_OF_CHARGE:
            at = datetime.fromisoformat(facts["at"])
            client.tell_state_of_charge(row.remote_id, percent=Decimal(facts["percent"]), at=at)
        case Kind.PRIORITY:
            client.set_priority(row.remote_id, priority=facts["priority"])
            Session.objects.filter(remote_id=row.remote_id).update(priority=facts["priority"])
        case Kind.ALERT:
            client.acknowledge_alert(row.remote_id)
            Alert.objects.filter(remote_id=row.remote_id).update(status="Acknowledged")
        case Kind.VEHICLE:
            assert row.vehicle is not None
            made = _create(row.vehicle, client)
            _link(row, made.id, made.name or row.vehicle.name)


def _create(vehicle: Vehicle, client: AmpcontrolClient) -> RemoteRecord:
    """Tell what is known of a vehicle; of its two powers the higher one, which limits nothing."""
    return client.create_vehicle(
        name=vehicle.name,
        vin=vehicle.vin,
        customer_number=vehicle.number,
        plate=vehicle.plate,
        make=vehicle.make,
        model=vehicle.model,
        battery_kwh=vehicle.battery_kwh,
        max_power_kw=max(filter(None, (vehicle.ac_kw, vehicle.dc_kw)), default=None),
    )


def _link(row: Telling, remote_id: str, name: str) -> None:
    """Link a vehicle with the one that was created of it: whoever clicked has said whose it is."""
    assert row.vehicle is not None
    vehicle, now = row.vehicle, timezone.now()
    with transaction.atomic():
        RemoteVehicle.objects.get_or_create(
            remote_id=remote_id,
            defaults={
                "name": name,
                "vin": vehicle.vin,
                "customer_number": vehicle.number,
                "plate": vehicle.plate,
                "read_at": now,
            },
        )
        Link.objects.get_or_create(
            kind=Link.Kind.VEHICLE,
            remote_id=remote_id,
            vehicle=vehicle,
            defaults={
                "state": Link.State.CONFIRMED,
                "decided_by": row.created_by,
                "decided_at": now,
                "fleet": vehicle.fleet,
            },
        )
        row.remote_id = remote_id
        Telling.objects.filter(pk=row.pk).update(remote_id=remote_id)


def _settle(row: Telling, owner: uuid.UUID, state: str) -> None:
    _note(row, owner, state=state, settled_at=timezone.now())


def _note(row: Telling, owner: uuid.UUID, **facts: Any) -> int:
    held = Telling.objects.filter(pk=row.pk, lease_owner=owner, lease_until__gt=timezone.now())
    return held.update(**facts)


def _note_failure(row: Telling, error: UpstreamError, owner: uuid.UUID) -> None:
    if isinstance(error, UpstreamRejected):
        _settle(row, owner, State.REFUSED)
        return
    attempts = row.attempts + 1
    # What may have arrived is looked for before it is told again.
    state = State.SENDING if error.ambiguous else State.WAITING
    again = next_try(error, attempts=attempts, now=timezone.now())
    _note(row, owner, state=state, attempts=attempts, next_attempt_at=again)
