"""What of Ampcontrol is read how often, and what is due."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from energy.mirroring import alerts, lines, places, sessions, states, vehicles
from energy.mirroring.turns import Outcome, Turn
from energy.models import Network, Reading, Session, VehicleNow
from energy.selectors.walls import vehicles_by_remote_id

Kind = Reading.Kind
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# Beat does not come to the second.
SLACK = timedelta(seconds=10)
# Lists of changes are asked for with an overlap: clocks differ, and what is written meanwhile.
OVERLAP = timedelta(minutes=1)
# After a failure.
RETRY = timedelta(minutes=2)
RETRY_FORBIDDEN = timedelta(minutes=30)
# What telematics told longer ago is asked of the charger, as long as the vehicle charges.
SILENT = timedelta(minutes=10)
# At first, other things are read before these.
DRAWN_AFTER = timedelta(minutes=5)
UPTIME_AFTER = timedelta(hours=1)
# So soon a hint lets something be read again.
HINT_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Spec:
    """How one kind is read: by which function, how often, and whether changes alone are told."""

    kind: str
    read: Callable[[Turn], Outcome]
    every: timedelta
    has_changes: bool = False
    first_after: timedelta = timedelta(0)


# In the order in which they are read where nothing was yet: each needs those before it.
OF_ACCOUNT = (
    Spec(Kind.NETWORKS, places.read_networks, 15 * MINUTE),
    Spec(Kind.CHARGE_POINTS, places.read_charge_points, 15 * MINUTE, has_changes=True),
    Spec(Kind.CONNECTORS, places.read_connectors, 15 * MINUTE),
    Spec(Kind.VEHICLES, vehicles.read_vehicles, 5 * MINUTE, has_changes=True),
    Spec(Kind.TAGS, vehicles.read_tags, 15 * MINUTE),
    Spec(Kind.ROUTES, vehicles.read_routes, 15 * MINUTE),
)
OF_NETWORK = (
    Spec(Kind.SESSIONS, sessions.read_sessions, 5 * MINUTE),
    Spec(Kind.OPTIMIZATIONS, sessions.read_optimizations, MINUTE),
    Spec(Kind.ALERTS, alerts.read_alerts, 2 * MINUTE),
    Spec(Kind.CAPACITIES, lines.read_capacities, 15 * MINUTE),
    Spec(Kind.DEMAND_RESPONSE, lines.read_demand_response, 15 * MINUTE),
    Spec(Kind.BASELOADS, lines.read_baseloads, 15 * MINUTE),
    Spec(Kind.SOLAR, lines.read_solar, 15 * MINUTE),
    Spec(Kind.PRICES, lines.read_prices, 15 * MINUTE),
    Spec(Kind.DRAWN, lines.read_drawn, 5 * MINUTE, first_after=DRAWN_AFTER),
    Spec(Kind.UPTIME, places.read_uptime, DAY, first_after=UPTIME_AFTER),
)
# Last, since it is told what charges where.
OF_LINKED = Spec(Kind.TELEMATICS, states.read_telematics, MINUTE)
OF_VEHICLE = Spec(Kind.METERS, states.read_meter, SILENT)
# Where something happens, sessions are read as often as their plans.
BRISK = MINUTE
HINTED = (Kind.SESSIONS, Kind.OPTIMIZATIONS, Kind.ALERTS, Kind.CAPACITIES, Kind.DEMAND_RESPONSE)


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is to be read; `row` is None where it never was."""

    spec: Spec
    row: Reading | None
    network: Network | None = None
    vehicle_id: str = ""

    @property
    def scope(self) -> str:
        return self.network.remote_id if self.network else self.vehicle_id


def due_jobs(now: datetime) -> list[Job]:
    """Return what is due, in order: what was never read, then what has waited for longest.

    Notes when what is not urgent is first read: setting up takes calls enough.
    """
    jobs = list(all_jobs(now))
    put_off = [job for job in jobs if job.row is None and job.spec.first_after]
    Reading.objects.bulk_create(
        [
            Reading(kind=job.spec.kind, scope=job.scope, due_at=now + job.spec.first_after)
            for job in put_off
        ],
        ignore_conflicts=True,
    )
    due = [
        job
        for job in jobs
        if job not in put_off and (job.row is None or job.row.due_at <= now + SLACK)
    ]
    return sorted(due, key=lambda job: job.row.due_at.timestamp() if job.row else 0.0)


def all_jobs(now: datetime) -> Iterator[Job]:
    """Yield all that is read as things stand."""
    rows = {(row.kind, row.scope): row for row in Reading.objects.all()}
    linked = vehicles_by_remote_id()
    for spec in OF_ACCOUNT:
        yield Job(spec=spec, row=rows.get((spec.kind, "")))
    charging = Session.objects.filter(active=True, retired_at=None)
    busy = set(charging.values_list("network_id", flat=True))
    for network in Network.objects.filter(retired_at=None).order_by("pk"):
        for spec in OF_NETWORK:
            if _is_wanted(spec, network, is_busy=network.pk in busy):
                row = rows.get((spec.kind, network.remote_id))
                yield Job(spec=spec, row=row, network=network)
    if linked:
        yield Job(spec=OF_LINKED, row=rows.get((OF_LINKED.kind, "")))
    for remote_id in _silent_and_charging(linked, now=now):
        yield Job(spec=OF_VEHICLE, row=rows.get((OF_VEHICLE.kind, remote_id)), vehicle_id=remote_id)


def troubled(now: datetime) -> list[Job]:
    """Return what is wanted and could not be read when that was tried last."""
    return [job for job in all_jobs(now) if job.row is not None and job.row.problem]


def next_time(job: Job, *, now: datetime) -> datetime:
    """Return when something that was just read is to be read again."""
    every = job.spec.every
    if job.spec.kind == Kind.SESSIONS and job.network is not None:
        active = Session.objects.filter(network=job.network, active=True)
        if active.exists() or vehicles_by_remote_id():
            every = BRISK
    return now + every


def since(job: Job, *, now: datetime) -> datetime | None:
    """Return from when on changes are asked for; None for all, as each night and at first."""
    row = job.row
    if not job.spec.has_changes or row is None or row.read_at is None or row.full_at is None:
        return None
    return None if now - row.full_at >= DAY else row.read_at - OVERLAP


def read_soon(network_remote_id: str, *, now: datetime) -> bool:
    """Let what changes from minute to minute in a network be due now; return whether it is.

    For whoever heard of a change: however often that is said, nothing is read more often than
    every HINT_PAUSE.
    """
    rows = Reading.objects.filter(
        kind__in=HINTED, scope=network_remote_id, read_at__lt=now - HINT_PAUSE, due_at__gt=now
    )
    return bool(rows.update(due_at=now))


def _is_wanted(spec: Spec, network: Network, *, is_busy: bool) -> bool:
    match spec.kind:
        case Kind.OPTIMIZATIONS:
            return is_busy and network.steers
        case Kind.BASELOADS:
            return network.baseload_active
        case Kind.SOLAR:
            return network.solar_active
    return True


def _silent_and_charging(linked: dict[str, int], *, now: datetime) -> list[str]:
    """Return Ampcontrol's ids of our vehicles that charge and of whose charge nothing new is told.

    Those first that were heard of last.
    """
    active = Session.objects.filter(active=True, retired_at=None, vehicle_remote_id__in=linked)
    charging = set(active.values_list("vehicle_remote_id", flat=True))
    known = dict(
        VehicleNow.objects.filter(vehicle__in=[linked[one] for one in charging]).values_list(
            "vehicle_id", "state_of_charge_at"
        )
    )
    return sorted(
        one for one in charging if (at := known.get(linked[one])) is None or now - at > SILENT
    )
