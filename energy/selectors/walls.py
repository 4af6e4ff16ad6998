"""What of smart charging a fleet may see: what is linked to it by confirmed links, nothing else.

Ampcontrol's records belong to the operator's account. Every read for a fleet's pages begins here;
what names no fleet is for the mirror and the operator's staff, or about a site, of which
`sites.selectors` says who may see it.
"""

from collections.abc import Collection, Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from drivers.models import Fleet
from energy.models import Alert, Line, Link, PastLink, RemoteRoute, Session
from shell.remembered import remembered
from vehicles.models import Vehicle

CONFIRMED = Link.State.CONFIRMED


def vehicle_links(fleet: Fleet) -> QuerySet[Link]:
    """Return the confirmed links of a fleet's own vehicles."""
    return _living_vehicle_links().filter(fleet=fleet)


def linked_vehicles(fleet: Fleet) -> QuerySet[Vehicle]:
    """Return a fleet's vehicles that Ampcontrol knows."""
    return Vehicle.objects.filter(
        fleet=fleet, pk__in=vehicle_links(fleet).values("vehicle"), retired_at=None
    )


def remote_ids_of(fleet: Fleet, vehicle_ids: Collection[int] | None = None) -> dict[int, str]:
    """Return Ampcontrol's ids of a fleet's vehicles by their primary keys here, or of some."""
    links = vehicle_links(fleet)
    if vehicle_ids is not None:
        links = links.filter(vehicle__in=vehicle_ids)
    return _ids(links.values_list("vehicle_id", "remote_id"))


def vehicles_by_remote_id(remote_ids: Collection[str] | None = None) -> dict[str, int]:
    """Return which vehicle of ours each of Ampcontrol's is, of all fleets; for the mirror."""
    links = _living_vehicle_links()
    if remote_ids is not None:
        links = links.filter(remote_id__in=remote_ids)
    return {
        remote_id: pk
        for pk, remote_id in _ids(links.values_list("vehicle_id", "remote_id")).items()
    }


def connectors_of(evse_ids: Collection[int]) -> dict[int, list[str]]:
    """Return Ampcontrol's ids of the connectors of EVSEs, by the primary keys of those."""
    found: dict[int, list[str]] = {}
    links = Link.objects.filter(kind=Link.Kind.CONNECTOR, state=CONFIRMED, evse__in=evse_ids)
    for evse, remote_id in links.order_by("pk").values_list("evse_id", "remote_id"):
        if evse is not None:
            found.setdefault(evse, []).append(remote_id)
    return found


def evses_by_connector(connector_ids: Collection[str] | None = None) -> dict[str, int]:
    """Return which EVSE each of Ampcontrol's connectors is."""
    links = Link.objects.filter(kind=Link.Kind.CONNECTOR, state=CONFIRMED)
    if connector_ids is not None:
        links = links.filter(remote_id__in=connector_ids)
    pairs = links.values_list("remote_id", "evse_id")
    return {remote_id: evse for remote_id, evse in pairs if evse is not None}


def networks_of(location_ids: Collection[int]) -> dict[int, str]:
    """Return Ampcontrol's id of the network of each site that has one."""
    links = Link.objects.filter(kind=Link.Kind.NETWORK, state=CONFIRMED, location__in=location_ids)
    return _ids(links.values_list("location_id", "remote_id"))


def sessions_of(fleet: Fleet) -> QuerySet[Session]:
    """Return the sessions of a fleet's vehicles, of those alone in its time.

    What a vehicle charged before it was theirs is another fleet's, and remains so.
    """
    return Session.objects.filter(_in_its_time(fleet, "started_at"))


def routes_of(fleet: Fleet) -> QuerySet[RemoteRoute]:
    """Return the trips that Ampcontrol knows of a fleet's vehicles; not those of a group."""
    return RemoteRoute.objects.filter(_in_its_time(fleet, "starts_at"), retired_at=None)


def alerts_of(fleet: Fleet, evse_ids: Collection[int] = ()) -> QuerySet[Alert]:
    """Return the alerts about a fleet's vehicles, and about EVSEs that it has booked.

    `evse_ids` are primary keys that the caller has from the fleet's bookings. An alert that names
    another fleet's vehicle is left out, wherever that stands.
    """
    own = _in_its_time(fleet, "raised_at")
    links = Link.objects.filter(state=CONFIRMED)
    connectors = links.filter(kind=Link.Kind.CONNECTOR, evse__among=evse_ids)
    charge_points = links.filter(kind=Link.Kind.CHARGE_POINT, charge_point__evses__among=evse_ids)
    booked = Q(vehicle_remote_id="") & (
        Q(connector_remote_id__in=connectors.values("remote_id"))
        | Q(connector_remote_id="", charge_point_remote_id__in=charge_points.values("remote_id"))
    )
    return Alert.objects.filter(own | booked if evse_ids else own, retired_at=None)


def lines_of(location_id: int) -> QuerySet[Line]:
    """Return the lines that count at a site: its network's, else its own that staff confirmed.

    Where a site has a network, AMPECO's figures of it count for nothing.
    """
    links = Link.objects.filter(kind=Link.Kind.NETWORK, state=CONFIRMED, location=location_id)
    there = Q(network__remote_id__in=links.values("remote_id"))
    here = Q(location=location_id, confirmed_at__isnull=False) & ~Exists(links)
    return Line.objects.filter(there | here)


@remembered(seconds=60)
def may_have_lines(location_id: int) -> bool:
    """Return whether a site has a line or a network, confirmed or not; most have neither.

    A first one is known within a minute.
    """
    networks = Link.objects.filter(kind=Link.Kind.NETWORK, location=location_id)
    return Line.objects.filter(location=location_id).exists() or networks.exists()


def _living_vehicle_links() -> QuerySet[Link]:
    """Return confirmed links of vehicles that still are whose they were, and not sold."""
    return Link.objects.filter(
        kind=Link.Kind.VEHICLE,
        state=CONFIRMED,
        vehicle__fleet=F("fleet"),
        vehicle__retired_at=None,
    )


def _in_its_time(fleet: Fleet, instant: str) -> Q:
    """Return the condition that a record is of a vehicle while that was this fleet's."""
    at, same = OuterRef(instant), {"fleet": fleet, "remote_id": OuterRef("vehicle_remote_id")}
    begun = Q(counts_from=None) | Q(counts_from__lte=at)
    living = Q(vehicle__retired_at=None) | Q(vehicle__retired_at__gt=at)
    links = Link.objects.filter(
        begun, living, kind=Link.Kind.VEHICLE, state=CONFIRMED, vehicle__fleet=F("fleet"), **same
    )
    past = PastLink.objects.filter(begun, ended_at__gt=at, **same)
    return Q(Exists(links)) | Q(Exists(past))


def _ids(pairs: Iterable[tuple[int | None, str]]) -> dict[int, str]:
    return {pk: remote_id for pk, remote_id in pairs if pk is not None}
