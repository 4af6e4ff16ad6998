"""What is known of vehicles: battery, plug, place, departure, charging.

Each read takes vehicles that the caller has found through their fleet; nothing is told of a vehicle
but what its confirmed link with Ampcontrol, its drivers or its managers told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone

from energy.models import Departure, Link, Session, VehicleNow
from sites.models import Evse, Location
from vehicles.models import Vehicle

# What was told longer ago is shown with its age, and no promise is built on it.
FRESH = timedelta(hours=2)


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
    """A session that is going on. `evse` is None where its connector is linked with none."""

    session: Session
    evse: Evse | None

    @property
    def kw(self) -> Decimal | None:
        return self.session.power_kw

    @property
    def kwh(self) -> Decimal | None:
        return self.session.energy_kwh

    @property
    def expected_end_at(self) -> datetime | None:
        """When Ampcontrol's own profile has the last power for it; None where it has no plan."""
        return self.session.expected_end_at


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
    remotes = linked_remotes(by_pk)
    departures = _next_departures(by_pk, now=now)
    charging = _charging(remotes)
    sites = _sites_of_networks(
        {row.network.remote_id for row in nows.values() if row.network is not None}
    )
    return {
        pk: VehicleFacts(
            is_linked=pk in remotes,
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
    """Return a vehicle's last charging sessions, the newest first."""
    return list(sessions_of(vehicle).order_by("-started_at", "-pk")[:count])


def sessions_of(vehicle: Vehicle) -> QuerySet[Session]:
    """Return what a vehicle charged while it was linked, and what nobody's vehicle did before.

    What Ampcontrol's vehicle did while it was linked with another vehicle stays with that one.
    """
    remote_id = linked_remotes([vehicle.pk]).get(vehicle.pk)
    which = Q(vehicle=vehicle)
    if remote_id is not None:
        which |= Q(vehicle=None, vehicle_remote_id=remote_id)
    return Session.objects.filter(which)


def linked_remotes(vehicle_pks: Iterable[int]) -> dict[int, str]:
    """Return Ampcontrol's ids of vehicles, by primary key, as far as their links are confirmed."""
    links = Link.objects.filter(
        kind=Link.Kind.VEHICLE, state=Link.State.CONFIRMED, vehicle__in=list(vehicle_pks)
    )
    return {pk: remote for pk, remote in links.values_list("vehicle_id", "remote_id") if pk}


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


def _next_departures(vehicle_pks: Iterable[int], *, now: datetime) -> dict[int, Departure]:
    rows = Departure.objects.filter(
        vehicle__in=list(vehicle_pks), leaves_at__gt=now, cancelled_at=None
    ).order_by("-leaves_at")
    return {row.vehicle_id: row for row in rows}


def _charging(remotes: Mapping[int, str]) -> dict[int, Charging]:
    pks = {remote: pk for pk, remote in remotes.items()}
    active = Session.objects.filter(active=True, retired_at=None, vehicle_remote_id__in=pks)
    sessions = {pks[row.vehicle_remote_id]: row for row in active.order_by("started_at", "pk")}
    links = Link.objects.filter(
        kind=Link.Kind.CONNECTOR,
        state=Link.State.CONFIRMED,
        remote_id__in=[row.connector_remote_id for row in sessions.values()],
    ).select_related("evse__charge_point__location")
    evses = {link.remote_id: link.evse for link in links}
    return {
        pk: Charging(session=row, evse=evses.get(row.connector_remote_id))
        for pk, row in sessions.items()
    }
