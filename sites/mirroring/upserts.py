"""Stores AMPECO's records in the mirror, page by page, in few queries whatever a page's length.

Every function expects to run in a transaction. Rows are locked in the order of their AMPECO ids, so
that two runs that store the same rows wait for each other instead of deadlocking.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from ampeco import types
from mirror.models import SyncRun
from mirror.search import search_key
from mirror.upserts import upsert
from sites.models import ChargePoint, Connector, Evse, Location, ParkingSpace


@dataclass(frozen=True, slots=True)
class Stored:
    """What came of a page: how many records were seen, were new, said something new."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    retired: int = 0


def store_locations(records: Iterable[types.Location], *, run: SyncRun, now: datetime) -> Stored:
    """Store locations of the operator's own, and of others where they are shown."""
    rows = [
        Location(
            ampeco_id=record.id,
            ampeco_updated_at=record.last_updated_at,
            name=record.name or f"#{record.id}",
            description=record.description,
            address=record.address,
            street_address=record.street_address,
            city=record.city,
            region=record.region,
            post_code=record.post_code,
            country=record.country,
            latitude=record.latitude,
            longitude=record.longitude,
            timezone=record.timezone or "",
            parking_type=record.parking_type,
            access_methods=list(record.access_methods),
            facilities=list(record.facilities),
            how_to_get_in=record.how_to_get_in,
            always_open=record.always_open,
            opening_hours={
                day: None if spans is None else [list(span) for span in spans]
                for day, spans in record.opening_hours.items()
            },
            status=record.status,
            is_roaming=record.roaming_operator_id is not None,
            search_text=search_key(
                record.name, record.city, record.address, record.street_address, record.post_code
            ),
        )
        for record in records
    ]
    new, changed = upsert(rows, run=run, now=now)
    return Stored(seen=len(rows), new=len(new), changed=len(changed))


def store_charge_points(
    records: Iterable[types.ChargePoint],
    *,
    location_pks: dict[int, int],
    run: SyncRun,
    now: datetime,
) -> Stored:
    """Store charge points; `location_pks` holds the primary key of each location by AMPECO id."""
    rows = [
        ChargePoint(
            ampeco_id=record.id,
            ampeco_updated_at=record.last_updated_at,
            location_id=location_pks[record.location_id],
            name=record.name,
            type=record.type,
            status=record.status,
            network_status=record.network_status,
            hardware_status=record.hardware_status,
            ampeco_partner_id=record.partner_id,
            partner_access_type=record.partner_access_type,
            ocpp_id=record.ocpp_id,
            serial_number=record.serial_number,
            ampeco_electricity_rate_id=record.electricity_rate_id,
        )
        for record in records
        if record.location_id is not None
    ]
    new, changed = upsert(rows, run=run, now=now)
    return Stored(seen=len(rows), new=len(new), changed=len(changed))


def store_evses(
    records: Collection[types.Evse],
    *,
    charge_point_pks: dict[int, int],
    run: SyncRun,
    now: datetime,
) -> Stored:
    """Store EVSEs with their connectors; `charge_point_pks` holds primary keys by AMPECO id.

    Nothing can be booked at other operators' sites, whatever AMPECO says of it.
    """
    elsewhere = _charge_points_of_others(charge_point_pks.values())
    rows = [
        Evse(
            ampeco_id=record.id,
            ampeco_updated_at=record.last_updated_at,
            charge_point_id=charge_point_pks[record.charge_point_id],
            physical_reference=record.physical_reference,
            label=record.label,
            network_id=record.network_id,
            current_type=record.current_type,
            status=record.status,
            hardware_status=record.hardware_status,
            booking_enabled=record.booking_enabled
            and charge_point_pks[record.charge_point_id] not in elsewhere,
            max_power_kw=record.max_power_kw,
            ampeco_tariff_group_id=record.tariff_group_id,
        )
        for record in records
        if record.charge_point_id is not None
    ]
    new, changed = upsert(rows, run=run, now=now)
    replugged = replace_connectors({record.id: record.connectors for record in records})
    return Stored(seen=len(rows), new=len(new), changed=len(changed | (replugged - new)))


def _charge_points_of_others(pks: Iterable[int]) -> set[int]:
    if not settings.SHOW_ROAMING_SITES:
        return set()
    others = ChargePoint.objects.filter(pk__in=list(pks), location__is_roaming=True)
    return set(others.values_list("pk", flat=True))


def store_parking_spaces(
    records: Collection[types.ParkingSpace],
    *,
    location_pks: dict[int, int],
    run: SyncRun,
    now: datetime,
) -> Stored:
    """Store parking spaces with the chargers that they belong to; what staff noted stays."""
    rows = [
        ParkingSpace(
            ampeco_id=record.id,
            ampeco_updated_at=record.last_updated_at,
            location_id=location_pks[record.location_id],
            label=record.label,
            status=record.status,
            is_accessible=record.is_accessible,
        )
        for record in records
        if record.location_id is not None
    ]
    new, changed = upsert(rows, run=run, now=now)
    moved = replace_evses({record.id: record.evse_ids or () for record in records})
    return Stored(seen=len(rows), new=len(new), changed=len(changed | (moved - new)))


def replace_evses(wanted: dict[int, Iterable[int]]) -> set[int]:
    """Give parking spaces the EVSEs that they have now, by AMPECO ids; return those changed."""
    spaces = dict(ParkingSpace.objects.filter(ampeco_id__in=wanted).values_list("ampeco_id", "pk"))
    ids = {evse for evses in wanted.values() for evse in evses}
    evses = dict(Evse.objects.filter(ampeco_id__in=ids).values_list("ampeco_id", "pk"))
    through = ParkingSpace.evses.through.objects
    known = set(
        through.filter(parkingspace__in=spaces.values()).values_list("parkingspace_id", "evse_id")
    )
    now_there = {
        (spaces[ampeco_id], evses[evse])
        for ampeco_id in spaces
        for evse in wanted[ampeco_id]
        if evse in evses
    }
    for space, evse in known - now_there:
        through.filter(parkingspace=space, evse=evse).delete()
    through.bulk_create(
        (
            ParkingSpace.evses.through(parkingspace_id=space, evse_id=evse)
            for space, evse in sorted(now_there - known)
        ),
        ignore_conflicts=True,
    )
    touched = {space for space, _evse in known ^ now_there}
    return {ampeco_id for ampeco_id, pk in spaces.items() if pk in touched}


def replace_connectors(plugs: dict[int, Iterable[types.Connector]]) -> set[int]:
    """Give EVSEs (by AMPECO id) the connectors that they have now; return the ids that changed."""
    pks = dict(Evse.objects.filter(ampeco_id__in=plugs).values_list("ampeco_id", "pk"))
    known: dict[int, set[tuple[Any, ...]]] = {pk: set() for pk in pks.values()}
    for pk, *plug in Connector.objects.filter(evse__in=pks.values()).values_list(
        "evse_id", "ampeco_id", "type", "format", "status"
    ):
        known[pk].add(tuple(plug))
    changed = {
        ampeco_id
        for ampeco_id, pk in pks.items()
        if known[pk]
        != {(plug.id, plug.type, plug.format, plug.status) for plug in plugs[ampeco_id]}
    }
    if changed:
        Connector.objects.filter(evse__in=[pks[ampeco_id] for ampeco_id in changed]).delete()
        Connector.objects.bulk_create(
            Connector(
                evse_id=pks[ampeco_id],
                ampeco_id=plug.id,
                type=plug.type,
                format=plug.format,
                status=plug.status,
            )
            for ampeco_id in sorted(changed)
            for plug in plugs[ampeco_id]
        )
    return changed


def retire_charge_points(ampeco_ids: Collection[int], *, now: datetime) -> Stored:
    """Retire charge points that are no longer for us, with their EVSEs: they became personal."""
    gone = ChargePoint.objects.filter(ampeco_id__in=ampeco_ids, retired_at=None)
    pks = list(gone.values_list("pk", flat=True))
    if pks:
        gone.update(retired_at=now)
        Evse.objects.filter(charge_point__in=pks, retired_at=None).update(retired_at=now)
    return Stored(retired=len(pks))


def keep_unread(
    model: type[Location] | type[ChargePoint] | type[Evse],
    ampeco_ids: Collection[int],
    *,
    run: SyncRun,
    now: datetime,
) -> None:
    """Note rows as seen whose records could not be read, so that they stay as they are."""
    rows = model._default_manager.filter(ampeco_id__in=ampeco_ids)
    rows.update(seen_in_run=run, synced_at=now)
