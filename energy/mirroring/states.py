"""What vehicles tell of themselves, kept for those alone that are linked with one of ours.

A telematics time stamp makes a state of charge credible: what Ampcontrol's record of a vehicle says
without one is never taken. What is not newer than what is known changes nothing, so that
repeated or late reports, and those that cross what somebody types, do no harm.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q

from ampcontrol.types import Telematics
from energy.mirroring.turns import Outcome, Turn
from energy.models import Link, Network, Reading, RemoteVehicle, Session, VehicleNow, VehicleState
from energy.models.states import Source
from energy.selectors.vehicles import FRESH
from energy.selectors.walls import vehicles_by_remote_id
from mirror.fitting import fitting
from upstream.readers import is_nowhere

# Clocks in vehicles may be this far ahead; what is later is a slip.
AHEAD = timedelta(minutes=5)
# A device that lost its data says 0: believed only of a battery that was almost empty before.
ALMOST_EMPTY = Decimal(5)
FULL = Decimal(100)
BY_CHARGER = "chargePoint"
METER_BACK = timedelta(hours=1)
ODOMETER_STEP_KM = 10
FACTS = [
    field.name for field in VehicleNow._meta.concrete_fields if field.name not in {"id", "vehicle"}
]


@dataclass(frozen=True, slots=True)
class Around:
    """What is known beside the telematics: sessions that go on, networks that vehicles are in."""

    now: datetime
    sessions: Mapping[str, Session]
    networks: Mapping[str, int]
    inside: Mapping[str, str]
    inside_at: datetime | None


def read_telematics(turn: Turn) -> Outcome:
    """Take what all vehicles told last, in one call, and what sessions and places say of them."""
    reports = turn.client.live_telematics()
    vehicles = vehicles_by_remote_id()
    told = _latest(report for report in reports if report.vehicle_id in vehicles)
    around = _around(vehicles, now=turn.now)
    with transaction.atomic():
        _forget_unlinked()
        rows = _locked_rows(vehicles.values(), now=turn.now)
        changed, states = [], []
        for remote_id, pk in vehicles.items():
            before = _facts(rows[pk])
            session = around.sessions.get(remote_id)
            _take_session(rows[pk], session)
            state = _take_report(rows[pk], told.get(remote_id), session=session, now=turn.now)
            _take_place(rows[pk], remote_id, around, report=told.get(remote_id))
            if _facts(rows[pk]) != before:
                rows[pk].read_at = turn.now
                changed.append(rows[pk])
            if state is not None:
                states.append(state)
        _save(changed, states)
    counts = {
        "seen": len(reports),
        "changed": len(changed),
        "states": len(states),
        "skipped": len(reports) - len(told),
    }
    return Outcome(counts={"telematics": counts})


def read_meter(turn: Turn) -> Outcome:
    """Take the state of charge that the charger's meter tells of one vehicle, if it is newer."""
    points = turn.client.state_of_charge(
        vehicle_id=turn.vehicle_id, start=turn.now - METER_BACK, end=turn.now
    )
    pk = vehicles_by_remote_id([turn.vehicle_id]).get(turn.vehicle_id)
    if not points or pk is None:
        return Outcome()
    point = max(points, key=lambda point: point.at)
    percent = Decimal(str(point.value))
    with transaction.atomic():
        row = _locked_rows([pk], now=turn.now)[pk]
        if not _take_charge(row, percent, at=point.at, source=Source.CHARGER, now=turn.now):
            return Outcome()
        row.read_at = turn.now
        state = VehicleState(
            vehicle_id=pk,
            at=point.at,
            state_of_charge=row.state_of_charge,
            plugged_in=row.plugged_in,
            source=Source.CHARGER,
        )
        _save([row], [state])
    return Outcome(counts={"meters": {"seen": 1, "changed": 1}})


def _take_report(
    row: VehicleNow, report: Telematics | None, *, session: Session | None, now: datetime
) -> VehicleState | None:
    """Take one report that is newer than the last; return a state where it says something new.

    Who is charging is plugged in, whatever the telematics say of the plug.
    """
    if report is None or report.at > now + AHEAD:
        return None
    if row.told_at is not None and report.at <= row.told_at:
        return None
    source = Source.CHARGER if report.source == BY_CHARGER else Source.TELEMATICS
    before = _milestones(row)
    row.told_at = report.at
    if report.state_of_charge is not None:
        _take_charge(row, report.state_of_charge, at=report.at, source=source, now=now)
    tells_plug = session is None and report.plugged_in is not None
    if tells_plug and _is_newer(report.at, row.plugged_in_at):
        row.plugged_in, row.plugged_in_at = report.plugged_in, report.at
    row.charging_kw = fitting(VehicleNow._meta.get_field("charging_kw"), report.charging_kw)
    if report.odometer_km is not None:
        row.odometer_km = fitting(VehicleNow._meta.get_field("odometer_km"), report.odometer_km)
    if _milestones(row) == before:
        return None
    # What somebody typed meanwhile is theirs, not the vehicle's.
    own = row.state_of_charge if row.state_of_charge_at == report.at else None
    return VehicleState(
        vehicle_id=row.vehicle_id,
        at=report.at,
        state_of_charge=own,
        plugged_in=row.plugged_in if session else report.plugged_in,
        charging_kw=row.charging_kw,
        odometer_km=row.odometer_km,
        source=source,
    )


def _take_charge(
    row: VehicleNow, percent: Decimal, *, at: datetime, source: Source, now: datetime
) -> bool:
    """Take a state of charge that can be true and is newer; return whether it was."""
    if not 0 <= percent <= FULL or at > now + AHEAD or not _is_newer(at, row.state_of_charge_at):
        return False
    if percent == 0 and (row.state_of_charge is None or row.state_of_charge > ALMOST_EMPTY):
        return False
    row.state_of_charge = fitting(VehicleNow._meta.get_field("state_of_charge"), percent)
    row.state_of_charge_at, row.state_of_charge_source = at, source
    return True


def _take_session(row: VehicleNow, session: Session | None) -> None:
    if session is not None:
        told = [at for at in (session.read_at, row.plugged_in_at) if at is not None]
        row.plugged_in, row.plugged_in_at = True, max(told)


def _take_place(
    row: VehicleNow, remote_id: str, around: Around, *, report: Telematics | None
) -> None:
    """Note in which network a vehicle is: where it charges, else in whose area Ampcontrol has it.

    The instant is when Ampcontrol's vehicles, or the session, were last read, or when the vehicle
    told where it is.
    """
    session = around.sessions.get(remote_id)
    if session is not None:
        found: tuple[int | None, datetime] | None = session.network_id, session.read_at
    else:
        found = _place_by_record(remote_id, around, report)
    if found is not None and _is_newer(found[1], row.network_at):
        row.network_id, row.network_at = found


def _place_by_record(
    remote_id: str, around: Around, report: Telematics | None
) -> tuple[int | None, datetime] | None:
    """Return the network that Ampcontrol has a vehicle in, if any, and when; None if unknown.

    A record that names none is believed of a vehicle that tells where it is, or was in one before.
    """
    inside, at = around.inside.get(remote_id), around.inside_at
    if inside is None or at is None:
        return None
    if inside in around.networks:
        return around.networks[inside], at
    if inside == RemoteVehicle.OUTSIDE:
        return None, at
    if inside == "" and report is not None and _tells_place(report):
        return None, min(at, report.at)
    return None


def _tells_place(report: Telematics) -> bool:
    if report.latitude is None or report.longitude is None:
        return False
    return not is_nowhere(report.latitude, report.longitude)


def _around(vehicles: Mapping[str, int], *, now: datetime) -> Around:
    # What was read longer ago may be over: it keeps nothing newer away.
    sessions = Session.objects.filter(active=True, retired_at=None, read_at__gte=now - FRESH)
    sessions = sessions.exclude(vehicle_remote_id="")
    reading = Reading.objects.filter(kind=Reading.Kind.VEHICLES).first()
    inside = RemoteVehicle.objects.filter(retired_at=None).values_list(
        "remote_id", "inside_network_id"
    )
    return Around(
        now=now,
        sessions={
            row.vehicle_remote_id: row
            for row in sessions.order_by("started_at", "pk")
            if row.vehicle_remote_id in vehicles
        },
        networks=dict(Network.objects.filter(retired_at=None).values_list("remote_id", "pk")),
        inside={remote_id: network for remote_id, network in inside if remote_id in vehicles},
        inside_at=reading.read_at if reading else None,
    )


def _locked_rows(vehicles: Collection[int], *, now: datetime) -> dict[int, VehicleNow]:
    """Return a locked row for each vehicle: pages write what people type into the same ones."""
    known = VehicleNow.objects.filter(vehicle__in=vehicles)
    there = set(known.values_list("vehicle_id", flat=True))
    new = [VehicleNow(vehicle_id=pk, read_at=now) for pk in vehicles if pk not in there]
    VehicleNow.objects.bulk_create(new, ignore_conflicts=True)
    locked = known.order_by("vehicle_id").select_for_update()
    return {row.vehicle_id: row for row in locked}


def _forget_unlinked() -> None:
    """Clear what is known now of vehicles that are linked no more; what was typed stays."""
    links = Link.objects.filter(
        kind=Link.Kind.VEHICLE, state=Link.State.CONFIRMED, vehicle__fleet=F("fleet")
    )
    strays = VehicleNow.objects.filter(Q(told_at__isnull=False) | Q(network_at__isnull=False))
    strays = strays.exclude(vehicle__in=links.values("vehicle"))
    keys = list(strays.order_by("vehicle_id").select_for_update().values_list("pk", flat=True))
    if not keys:
        return
    rows = VehicleNow.objects.filter(pk__in=keys)
    rows.exclude(state_of_charge_source=Source.TYPED).update(
        state_of_charge=None, state_of_charge_at=None, state_of_charge_source=""
    )
    rows.update(
        plugged_in=None,
        plugged_in_at=None,
        charging_kw=None,
        odometer_km=None,
        network=None,
        network_at=None,
        told_at=None,
    )


def _save(rows: list[VehicleNow], states: list[VehicleState]) -> None:
    VehicleNow.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["vehicle"], update_fields=FACTS
    )
    VehicleState.objects.bulk_create(states, ignore_conflicts=True)


def _latest(reports: Iterable[Telematics]) -> dict[str, Telematics]:
    found: dict[str, Telematics] = {}
    for report in reports:
        other = found.get(report.vehicle_id)
        if other is None or report.at > other.at:
            found[report.vehicle_id] = report
    return found


def _milestones(row: VehicleNow) -> tuple[object, ...]:
    """Return what has to change for a state to be kept: a point of charge, the plug, 10 km."""
    charge, odometer = row.state_of_charge, row.odometer_km
    return (
        None if charge is None else int(charge),
        row.plugged_in,
        bool(row.charging_kw),
        None if odometer is None else int(odometer // ODOMETER_STEP_KM),
    )


def _facts(row: VehicleNow) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in (*FACTS, "network_id") if name != "network")


def _is_newer(at: datetime, known: datetime | None) -> bool:
    return known is None or at > known
