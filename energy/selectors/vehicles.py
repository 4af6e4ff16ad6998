"""What is known of vehicles: battery, plug, place, departure, charging.

Each read takes vehicles that the caller has found through their fleet; nothing is told of a vehicle
but what its confirmed link with Ampcontrol, its drivers or its managers told.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from energy.models import Departure, Link, PastLink, Session, VehicleNow
from energy.selectors.departures import next_departures
from energy.selectors.walls import sessions_of
from sites.models import Evse, Location
from vehicles.models import Vehicle

# What was told longer ago is shown with its age, and no promise is built on it.
FRESH = timedelta(hours=2)
# Power is what it is at the moment.
JUST_TOLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class StateOfCharge:
    """What is in a battery, in percent, by whom (`energy.models.states.Source`) and when.

    `is_known` says whether it may be counted on: what is older than FRESH has a percentage to be
    shown with its age, and counts as unknown. Without a percentage nobody ever told.
    """

    percent: Decimal | None = None
    at: datetime | None = None
    source: str = ""
    is_known: bool = False


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whether a vehicle stands at one of the operator's sites.

    `site` is None where it does not, and where its network is linked with none or with several
    sites, of which none is the vehicle's home.
    """

    site: Location | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Charging:
    """A session that is going on. `evse` is None where its connector is linked with none.

    `is_known` says whether it was read within FRESH: one that was not may be over, and tells
    neither its power nor its end.
    """

    session: Session
    evse: Evse | None
    kw: Decimal | None
    is_known: bool = True

    @property
    def kwh(self) -> Decimal | None:
        return self.session.energy_kwh

    @property
    def expected_end_at(self) -> datetime | None:
        """When Ampcontrol's own plan gives it no more; None where there is none.

        Plans reach some hours ahead: what is charged for longer ends no earlier than this.
        """
        return self.session.expected_end_at if self.is_known else None


@dataclass(frozen=True, slots=True)
class VehicleFacts:
    """What is known of one vehicle. What nobody told is None."""

    is_linked: bool
    state_of_charge: StateOfCharge
    plugged_in: bool | None
    plugged_in_at: datetime | None
    whereabouts: Whereabouts | None
    next_departure: Departure | None
    charging: Charging | None
    odometer_km: Decimal | None


def vehicle_facts(
    vehicles: Iterable[Vehicle], *, now: datetime | None = None
) -> dict[int, VehicleFacts]:
    """Return what is known of vehicles, by primary key, in as many queries for any number."""
    now = now or timezone.now()
    by_pk = {vehicle.pk: vehicle for vehicle in vehicles}
    nows = {
        row.vehicle_id: row
        for row in VehicleNow.objects.filter(vehicle__in=by_pk).select_related("network")
    }
    links = linked(by_pk)
    departures = next_departures(by_pk.values(), now=now)
    charging = _charging(links, nows=nows, now=now)
    sites = _sites_of_networks(
        {row.network.remote_id for row in nows.values() if row.network is not None}
    )
    return {
        pk: VehicleFacts(
            is_linked=pk in links,
            state_of_charge=_state_of_charge(nows.get(pk), now=now),
            plugged_in=nows[pk].plugged_in if pk in nows else None,
            plugged_in_at=nows[pk].plugged_in_at if pk in nows else None,
            whereabouts=_whereabouts(nows.get(pk), vehicle=vehicle, sites=sites),
            next_departure=departures.get(pk),
            charging=charging.get(pk),
            odometer_km=nows[pk].odometer_km if pk in nows else None,
        )
        for pk, vehicle in by_pk.items()
    }


def last_sessions(vehicle: Vehicle, *, count: int = 5) -> list[Session]:
    """Return a vehicle's last charging sessions in its fleet's time, the newest first."""
    return list(sessions_of_vehicle(vehicle).order_by("-started_at", "-pk")[:count])


def sessions_of_vehicle(vehicle: Vehicle) -> QuerySet[Session]:
    """Return a vehicle's charging sessions in its fleet's time."""
    links = Link.objects.filter(
        kind=Link.Kind.VEHICLE, state=Link.State.CONFIRMED, vehicle=vehicle
    ).values("remote_id")
    past = PastLink.objects.filter(vehicle=vehicle).values("remote_id")
    return sessions_of(vehicle.fleet).filter(
        Q(vehicle_remote_id__in=links) | Q(vehicle_remote_id__in=past)
    )


def charging_of(
    session: Session, evse: Evse | None, *, now: datetime, told: VehicleNow | None = None
) -> Charging:
    """Return what a session that is going on gives; `told` is what its vehicle told last."""
    is_known = is_fresh(session, now=now)
    return Charging(session, evse, _power(session, told, now=now, is_known=is_known), is_known)


def is_fresh(session: Session, *, now: datetime) -> bool:
    """Return whether a session was read so lately that what is known of it may be counted on."""
    return now - session.read_at <= FRESH


def linked(vehicles: Collection[int]) -> dict[int, Link]:
    """Return the confirmed links of vehicles, by the primary keys of those."""
    links = Link.objects.filter(
        kind=Link.Kind.VEHICLE,
        state=Link.State.CONFIRMED,
        vehicle__in=vehicles,
        vehicle__fleet=F("fleet"),
    )
    return {link.vehicle_id: link for link in links if link.vehicle_id is not None}


def _state_of_charge(row: VehicleNow | None, *, now: datetime) -> StateOfCharge:
    if row is None or row.state_of_charge is None or row.state_of_charge_at is None:
        return StateOfCharge()
    return StateOfCharge(
        percent=row.state_of_charge,
        at=row.state_of_charge_at,
        source=row.state_of_charge_source,
        is_known=now - row.state_of_charge_at <= FRESH,
    )


def _whereabouts(
    row: VehicleNow | None, *, vehicle: Vehicle, sites: Mapping[str, list[Location]]
) -> Whereabouts | None:
    if row is None or row.network_at is None:
        return None
    found = sites.get(row.network.remote_id, []) if row.network else []
    home = [site for site in found if site.pk == vehicle.home_site_id]
    site = found[0] if len(found) == 1 else next(iter(home), None)
    return Whereabouts(site=site, at=row.network_at)


def _sites_of_networks(remote_ids: Iterable[str]) -> dict[str, list[Location]]:
    links = Link.objects.filter(
        kind=Link.Kind.NETWORK,
        state=Link.State.CONFIRMED,
        remote_id__in=list(remote_ids),
        location__retired_at=None,
    ).select_related("location")
    found: dict[str, list[Location]] = {}
    for link in links.order_by("pk"):
        if link.location is not None:
            found.setdefault(link.remote_id, []).append(link.location)
    return found


def _charging(
    links: Mapping[int, Link], *, nows: Mapping[int, VehicleNow], now: datetime
) -> dict[int, Charging]:
    by_remote = {link.remote_id: link for link in links.values()}
    active = Session.objects.filter(active=True, retired_at=None, vehicle_remote_id__in=by_remote)
    sessions: dict[int, Session] = {}
    for row in active.order_by("started_at", "pk"):
        link = by_remote[row.vehicle_remote_id]
        if link.vehicle_id is None or not _is_in_its_time(row, link):
            continue
        if not _was_unplugged_since(row, nows.get(link.vehicle_id), now=now):
            sessions[link.vehicle_id] = row
    connectors = Link.objects.filter(
        kind=Link.Kind.CONNECTOR,
        state=Link.State.CONFIRMED,
        remote_id__in=[row.connector_remote_id for row in sessions.values()],
    ).select_related("evse__charge_point__location")
    evses = {link.remote_id: link.evse for link in connectors}
    return {
        pk: charging_of(row, evses.get(row.connector_remote_id), now=now, told=nows.get(pk))
        for pk, row in sessions.items()
    }


def _is_in_its_time(session: Session, link: Link) -> bool:
    if link.counts_from is None or session.started_at is None:
        return link.counts_from is None
    return session.started_at >= link.counts_from


def _was_unplugged_since(session: Session, row: VehicleNow | None, *, now: datetime) -> bool:
    """Return whether a vehicle told of its plug after its session was last read, long ago."""
    if is_fresh(session, now=now) or row is None or row.plugged_in_at is None:
        return False
    return row.plugged_in is False and row.plugged_in_at > session.read_at


def _power(
    session: Session, row: VehicleNow | None, *, now: datetime, is_known: bool
) -> Decimal | None:
    """Return what the vehicle just told that it takes; else what Ampcontrol's plan gives it."""
    planned = session.power_kw if is_known else None
    if row is None or row.told_at is None or now - row.told_at > JUST_TOLD:
        return planned
    return planned if row.charging_kw is None else row.charging_kw
