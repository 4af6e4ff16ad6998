"""Which vehicle charged, where no booking says so: only what is certain.

That is what Ampcontrol saw at the same plug at the same time, then whose card it was, then the only
vehicle that the driver usually drives.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import QuerySet

from ampeco.types import Session as Record
from drivers.models import Driver, IdTag
from energy.models import Link, RemoteTag
from energy.models import Session as Seen
from sites.models import Evse
from vehicles.models import Vehicle

# So far two platforms' clocks and meanings of a beginning lie apart.
APART = timedelta(minutes=3)


@dataclass(slots=True)
class VehiclesOfSessions:
    """What tells of the vehicles of a page of sessions."""

    # By our keys: of cards, and of drivers those that they usually drive.
    by_tag: dict[int, Link]
    usual: dict[int, list[Vehicle]]
    # By the driver and the end of the number: the cards.
    tags: dict[tuple[int, str], list[int]]
    # By the EVSE's key: what was seen there.
    seen: dict[int, list[tuple[Seen, Link]]]

    @classmethod
    def of(
        cls,
        records: Sequence[Record],
        *,
        drivers: Sequence[Driver],
        evses: Mapping[int, Evse],
        fleet_ids: Collection[int],
    ) -> "VehiclesOfSessions":
        """Read it: a query for what is usual, and five more where vehicles are linked at all."""
        usual: dict[int, list[Vehicle]] = defaultdict(list)
        for vehicle in Vehicle.objects.filter(usual_driver__in=drivers, retired_at=None):
            usual[vehicle.usual_driver_id or 0].append(vehicle)
        of_vehicles = {
            link.remote_id: link
            for link in _links(Link.Kind.VEHICLE)
            .filter(vehicle__fleet__in=fleet_ids)
            .select_related("vehicle")
        }
        if not of_vehicles:
            return cls(by_tag={}, usual=usual, tags={}, seen={})
        tags: dict[tuple[int, str], list[int]] = defaultdict(list)
        for pk, driver_id, end in IdTag.objects.filter(driver__in=drivers).values_list(
            "pk", "driver_id", "last_digits"
        ):
            tags[driver_id, end].append(pk)
        keys = [pk for cards in tags.values() for pk in cards]
        cards = dict(_links(Link.Kind.TAG).filter(tag__in=keys).values_list("remote_id", "tag_id"))
        by_tag = {
            cards[remote_id]: of_vehicles[vehicle]
            for remote_id, vehicle in RemoteTag.objects.filter(
                remote_id__in=cards, retired_at=None
            ).values_list("remote_id", "vehicle_remote_id")
            if vehicle in of_vehicles
        }
        return cls(by_tag=by_tag, usual=usual, tags=tags, seen=_seen(records, evses, of_vehicles))

    def of_session(
        self,
        record: Record,
        *,
        driver: Driver,
        fleet_ids: Collection[int],
        evse: Evse | None = None,
    ) -> Vehicle | None:
        """Return the vehicle that charged, of these fleets; None where that is not certain."""
        linked = self._linked(record, driver, evse)
        if linked is not None:
            return _vehicle_of(linked, record, fleet_ids)
        usual = [each for each in self.usual.get(driver.pk, []) if each.fleet_id in fleet_ids]
        return usual[0] if len(usual) == 1 else None

    def _linked(self, record: Record, driver: Driver, evse: Evse | None) -> Link | None:
        if evse is not None and record.started_at is not None:
            there = [
                link
                for seen, link in self.seen.get(evse.pk, [])
                if seen.started_at and abs(seen.started_at - record.started_at) <= APART
            ]
            if len({link.pk for link in there}) == 1:
                return there[0]
        cards = self.tags.get((driver.pk, record.id_tag_end), []) if record.id_tag_end else []
        return self.by_tag.get(cards[0]) if len(cards) == 1 else None


def _seen(
    records: Sequence[Record], evses: Mapping[int, Evse], of_vehicles: Mapping[str, Link]
) -> dict[int, list[tuple[Seen, Link]]]:
    """Return what Ampcontrol saw at the plugs of a page, of vehicles that are linked."""
    begun = [one.started_at for one in records if one.started_at is not None]
    plugs = dict(
        _links(Link.Kind.CONNECTOR)
        .filter(evse__in=[evse.pk for evse in evses.values()])
        .values_list("remote_id", "evse_id")
    )
    found: dict[int, list[tuple[Seen, Link]]] = defaultdict(list)
    if not plugs or not begun:
        return found
    rows = Seen.objects.filter(
        vehicle_remote_id__in=of_vehicles,
        connector_remote_id__in=plugs,
        started_at__range=(min(begun) - APART, max(begun) + APART),
    )
    for row in rows:
        found[plugs[row.connector_remote_id]].append((row, of_vehicles[row.vehicle_remote_id]))
    return found


def _vehicle_of(link: Link, record: Record, fleet_ids: Collection[int]) -> Vehicle | None:
    """Return the vehicle of a link, if it was linked for one of these fleets by then."""
    vehicle = link.vehicle
    if vehicle is None or vehicle.fleet_id not in fleet_ids or record.started_at is None:
        return None
    if link.counts_from is not None and record.started_at < link.counts_from:
        return None
    return vehicle


def _links(kind: str) -> QuerySet[Link]:
    return Link.objects.filter(kind=kind, state=Link.State.CONFIRMED)
