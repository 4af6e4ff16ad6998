"""Vehicles, id tags and planned routes as Ampcontrol knows them."""

from collections.abc import Collection
from datetime import timedelta

from ampcontrol import types
from energy.mirroring.turns import Outcome, Turn
from energy.mirroring.upserts import read_all, store
from energy.models import RemoteRoute, RemoteTag, RemoteVehicle, Session

# One call asks for a week at most.
ROUTES_BACK = timedelta(hours=1)
ROUTES_LONG = timedelta(days=7)


def read_vehicles(turn: Turn) -> Outcome:
    """Mirror vehicles: all of them, or what changed."""
    records = (
        read_all(turn.client.vehicles, known=RemoteVehicle.objects.all())
        if turn.is_full
        else list(turn.client.vehicles(updated_after=turn.since))
    )
    before = _in_an_area()
    rows = [
        RemoteVehicle(
            remote_id=record.id,
            remote_updated_at=record.updated_at,
            name=record.name,
            vin=record.vin,
            customer_number=record.customer_number,
            plate=record.plate,
            group=record.group,
            make=record.make,
            model=record.model,
            battery_kwh=record.battery_kwh,
            max_power_kw=record.max_power_kw,
            state_of_charge=record.state_of_charge,
            target_percent=record.target_percent,
            departs_at=record.departs_at,
            inside_network_id=_inside(record, before),
        )
        for record in records
    ]
    return store(
        "vehicles",
        rows,
        model=RemoteVehicle,
        now=turn.now,
        gone=RemoteVehicle.objects.all() if turn.is_full else None,
        rest=None if turn.is_full else RemoteVehicle.objects.all(),
    )


def _inside(record: types.Vehicle, before: Collection[str]) -> str:
    """Return in whose area a vehicle is; `before` are those that were in one.

    In none is also told of those of which Ampcontrol never hears where they are: only one that was
    in an area before is outside.
    """
    return record.inside_network_id or (RemoteVehicle.OUTSIDE if record.id in before else "")


def _in_an_area() -> set[str]:
    """Return those that were in an area, or left it; but for those that charge.

    These are not outside, whatever was told of them before: of where they are nothing is heard.
    """
    charging = Session.objects.filter(active=True).values("vehicle_remote_id")
    outside = RemoteVehicle.objects.filter(inside_network_id=RemoteVehicle.OUTSIDE)
    outside.filter(remote_id__in=charging).update(inside_network_id="")
    known = RemoteVehicle.objects.exclude(inside_network_id="").exclude(remote_id__in=charging)
    return set(known.values_list("remote_id", flat=True))


def read_tags(turn: Turn) -> Outcome:
    """Mirror all id tags: there is no list of those that changed."""
    rows = [
        RemoteTag(
            remote_id=record.id,
            key=record.key,
            last_digits=record.last_digits,
            group=record.group,
            vehicle_remote_id=record.vehicle_id,
        )
        for record in read_all(turn.client.id_tags, known=RemoteTag.objects.all())
    ]
    return store("tags", rows, model=RemoteTag, now=turn.now, gone=RemoteTag.objects.all())


def read_routes(turn: Turn) -> Outcome:
    """Mirror the routes of the week to come; what is no longer planned is retired."""
    start = turn.now - ROUTES_BACK
    end = start + ROUTES_LONG
    records = {record.id: record for record in turn.client.routes(start=start, end=end)}
    rows = [
        RemoteRoute(
            remote_id=record.id,
            external_id=record.external_id,
            vehicle_remote_id=record.vehicle_id,
            vehicle_group=record.vehicle_group,
            starts_at=record.starts_at,
            ends_at=record.ends_at,
            distance_km=record.distance_km,
            energy_kwh=record.energy_kwh,
            target_percent=record.target_percent,
        )
        for record in records.values()
    ]
    outcome = store("routes", rows, model=RemoteRoute, now=turn.now)
    # An empty week is nothing odd.
    unseen = RemoteRoute.objects.filter(
        retired_at=None, read_at__lt=turn.now, starts_at__gte=start, starts_at__lt=end
    )
    outcome.counts["routes"]["retired"] = unseen.update(retired_at=turn.now)
    return outcome
