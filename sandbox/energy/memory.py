"""What the depots take up again from the operator's state file, and how it is written there."""

from datetime import datetime
from typing import Any

from sandbox.energy.depots import Depots, instant
from sandbox.energy.records import Route, Tripped, Vehicle


def restore(depots: Depots) -> None:
    """Take up what was kept."""
    for name, log in depots.kept("switch/").items():
        depots.switched[name] = [(instant(at), on) for at, on in log]
    for at, method, path, why in depots.kept("tripwire").get("", []):
        depots.tripped.append(Tripped(instant(at), method, path, why))
    for pk, row in depots.kept("vehicle/").items():
        _restore_vehicle(depots, pk, row)
    for pk, row in depots.kept("route/").items():
        if row is not None:
            times = {name: instant(row[name]) for name in ("start_at", "end_at", "updated_at")}
            depots.routes[pk] = Route(**(row | times))
    depots.typed.update(depots.kept("typed/"))
    depots.handled.update(depots.kept("alert/"))
    for key, log in depots.kept("filled/").items():
        depots.filled[key] = [(instant(at), percent) for at, percent in log]
    for key, log in depots.kept("priority/").items():
        depots.priorities[key] = [(instant(at), priority) for at, priority in log]


def _restore_vehicle(depots: Depots, pk: str, row: dict[str, Any]) -> None:
    vehicle = depots.vehicles.get(pk)
    if vehicle is None:
        created_at = instant(row["created_at"])
        vehicle = Vehicle(pk, row["name"], created_at, created_at)
        depots.vehicles[pk] = vehicle
    vehicle.facts = row["facts"]
    vehicle.updated_at = instant(row["updated_at"])
    vehicle.told = [(instant(at), leaves and instant(leaves), to) for at, leaves, to in row["told"]]
    if row["told_charge"]:
        vehicle.told_charge = (instant(row["told_charge"][0]), row["told_charge"][1])


def keep_vehicle(depots: Depots, vehicle: Vehicle) -> None:
    depots.keep(
        f"vehicle/{vehicle.id}",
        {
            "name": vehicle.name,
            "created_at": vehicle.created_at.isoformat(),
            "updated_at": vehicle.updated_at.isoformat(),
            "facts": vehicle.facts,
            "told": [
                [at.isoformat(), leaves and leaves.isoformat(), to]
                for at, leaves, to in vehicle.told
            ],
            "told_charge": vehicle.told_charge
            and [vehicle.told_charge[0].isoformat(), vehicle.told_charge[1]],
        },
    )


def keep_route(depots: Depots, route: Route) -> None:
    depots.keep(
        f"route/{route.id}",
        {
            "id": route.id,
            "external_id": route.external_id,
            "vehicle_id": route.vehicle_id,
            "vehicle_group": route.vehicle_group,
            "start_at": route.start_at.isoformat(),
            "end_at": route.end_at.isoformat(),
            "demand": route.demand,
            "updated_at": route.updated_at.isoformat(),
            "ours": route.ours,
        },
    )


def forget_route(depots: Depots, pk: str) -> None:
    del depots.routes[pk]
    depots.keep(f"route/{pk}", None)


def keep_priority(depots: Depots, key: str, log: list[tuple[datetime, int | None]]) -> None:
    depots.priorities[key] = log
    depots.keep(f"priority/{key}", [[at.isoformat(), priority] for at, priority in log])
