"""What may be written: vehicles, routes, states of charge, priorities, that an alert was seen."""

from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from sandbox.ampcontrol import payloads
from sandbox.ampcontrol.happenings import every_alert
from sandbox.ampcontrol.lists import charge_by_id, found, timetable_ids
from sandbox.ampcontrol.queries import (
    Payload,
    Wrong,
    body_of,
    envelope,
    instant,
    number_in,
    stamp,
)
from sandbox.api.errors import Missing
from sandbox.energy import memory
from sandbox.energy.charges import car_departure, target_of
from sandbox.energy.physics import Physics
from sandbox.energy.records import Route, Vehicle, id_of

PLANS = ("departureTime", "targetStateOfCharge", "stateOfCharge")
VEHICLE_FIELDS: dict[str, type | tuple[type, ...]] = {
    "VIN": str,
    "customerVehicleId": str,
    "licensePlate": str,
    "group": str,
    "make": str,
    "model": str,
    "year": int,
    "batteryCapacity": (int, float),
    "maxChargingPower": (int, float),
}
MOST_PRIORITY = 5
DEMANDS = ("distance", "energy", "stateOfCharge")


class Forbidden(Wrong):
    """A call that nobody may send: the tripwire notes it, with why."""


def change_vehicle(physics: Physics, request: Request, pk: str) -> Payload:
    """Take a departure, a target, a state of charge; power is shared out anew."""
    vehicle, body = found(physics.depots.vehicles, pk), body_of(request)
    others = body.keys() - {*PLANS, "name"}
    if others:
        raise Forbidden(f"changes {', '.join(sorted(others))} of a vehicle")
    now = physics.world.clock.now()
    departure = car_departure(physics.depots, vehicle, now)
    if "departureTime" in body:
        told = body["departureTime"]
        departure = None if told is None else instant(told, "departureTime")
    target = number_in(body, "targetStateOfCharge", 0, 100)
    charge = number_in(body, "stateOfCharge", 0, 100)
    if "departureTime" in body or target is not None:
        target = target_of(vehicle, now) if target is None else target
        vehicle.told.append((now, departure, target))
    if charge is not None:
        vehicle.told_charge = (now, charge)
    vehicle.name = str(body.get("name") or vehicle.name)
    vehicle.updated_at = now
    memory.keep_vehicle(physics.depots, vehicle)
    return envelope([payloads.vehicle(physics, vehicle)])


def create_vehicle(physics: Physics, request: Request) -> Payload:
    body = body_of(request)
    facts = _facts(body)
    if not isinstance(body.get("name"), str) or not body["name"]:
        raise Wrong("name is required.")
    now, depots = physics.world.clock.now(), physics.depots
    vehicle = Vehicle(
        id=id_of("vehicle", f"made/{len(depots.vehicles)}"),
        name=body["name"],
        created_at=now,
        updated_at=now,
        facts=facts,
    )
    target, charge = (
        number_in(body, name, 0, 100) for name in ("targetStateOfCharge", "stateOfCharge")
    )
    departure = (
        instant(body["departureTime"], "departureTime") if body.get("departureTime") else None
    )
    if target is not None or departure is not None:
        vehicle.told.append((now, departure, 100.0 if target is None else target))
    if charge is not None:
        vehicle.told_charge = (now, charge)
    depots.vehicles[vehicle.id] = vehicle
    memory.keep_vehicle(depots, vehicle)
    return envelope([payloads.vehicle(physics, vehicle)])


def _facts(body: Payload) -> dict[str, Any]:
    facts = {}
    for name, kind in VEHICLE_FIELDS.items():
        value = body.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
            raise Wrong(f"{name} is of the wrong type.")
        facts[name] = value
    return facts


def tell_telematics(physics: Physics, request: Request, pk: str) -> Payload:
    vehicle, body = found(physics.depots.vehicles, pk), body_of(request)
    if not body.get("timestamp"):
        raise Wrong("timestamp is required.")
    at = instant(body["timestamp"], "timestamp")
    percent = number_in(body, "stateOfCharge", 0, 100)
    place = body.get("latitude") is not None and body.get("longitude") is not None
    if percent is None and not body.get("chargingState") and not place:
        raise Wrong("One of latitude with longitude, chargingState, stateOfCharge is required.")
    row = {
        "id": id_of("telematics", f"typed/{pk}/{at.isoformat()}"),
        "vehicleId": pk,
        "timestamp": stamp(at),
        "stateOfCharge": percent,
        "plugConnected": body.get("plugConnected"),
        "chargingState": body.get("chargingState"),
        "chargingPower": None,
        "odometer": body.get("odometer"),
        "rangeRemaining": None,
        "latitude": body.get("latitude"),
        "longitude": body.get("longitude"),
        "source": body.get("source", "thirdPartyTelematics"),
    }
    rows = [*physics.depots.typed.get(pk, []), row]
    physics.depots.typed[pk] = rows
    physics.depots.keep(f"typed/{pk}", rows)
    if percent is not None:
        vehicle.told_charge = (at, percent)
        memory.keep_vehicle(physics.depots, vehicle)
    return envelope([row])


def create_routes(physics: Physics, request: Request) -> Payload:
    asked = body_of(request).get("routes")
    if (
        not isinstance(asked, list)
        or not asked
        or not all(isinstance(each, dict) for each in asked)
    ):
        raise Wrong("routes must be a list of objects.")
    now = physics.world.clock.now()
    taken = {each.external_id for each in physics.depots.routes.values()}
    made = []
    for number, each in enumerate(asked):
        external_id = each.get("externalId")
        if not isinstance(external_id, str) or not external_id:
            raise Forbidden("makes a route without an externalId")
        if external_id in taken:
            raise Wrong(f"externalId {external_id} is taken.")
        taken.add(external_id)
        start, end, demand = _route_facts(each)
        _check_vehicle(physics, each)
        made.append(
            Route(
                id=id_of("route", f"made/{external_id}/{now.isoformat()}/{number}"),
                external_id=external_id,
                vehicle_id=each.get("vehicleId"),
                vehicle_group=each.get("vehicleGroup"),
                start_at=start,
                end_at=end,
                demand=demand,
                updated_at=now,
                ours=True,
            )
        )
    for route in made:
        physics.depots.routes[route.id] = route
        memory.keep_route(physics.depots, route)
    return envelope([payloads.route(each, now) for each in made])


def _check_vehicle(physics: Physics, body: Payload) -> None:
    if body.get("vehicleId"):
        found(physics.depots.vehicles, body["vehicleId"])
    elif not body.get("vehicleGroup"):
        raise Wrong("vehicleId or vehicleGroup is required.")


def _route_facts(body: Payload) -> tuple[datetime, datetime, dict[str, float]]:
    start, end = (instant(body.get(name), name) for name in ("start", "end"))
    if end <= start:
        raise Wrong("end must be after start.")
    told = body.get("demand")
    if not isinstance(told, dict) or not any(told.get(name) is not None for name in DEMANDS):
        raise Wrong(f"demand must have one of {', '.join(DEMANDS)}.")
    numbers = {name: number_in(told, name, 0, 10_000) for name in DEMANDS}
    return start, end, {name: value for name, value in numbers.items() if value is not None}


def _our_route(physics: Physics, pk: str) -> Route:
    """Return a route that came by the API. Raises Forbidden for another's, Missing for none."""
    route = physics.depots.routes.get(pk)
    if route is not None:
        return route
    if pk in timetable_ids(physics):
        raise Forbidden("touches a route of another system")
    raise Missing


def change_route(physics: Physics, request: Request, pk: str) -> Payload:
    route, body = _our_route(physics, pk), body_of(request)
    now = physics.world.clock.now()
    whole = payloads.route(route, now) | body
    _check_vehicle(physics, whole)
    route.start_at, route.end_at, route.demand = _route_facts(whole)
    route.vehicle_id, route.vehicle_group = whole["vehicleId"], whole["vehicleGroup"]
    route.external_id = str(whole["externalId"])
    route.updated_at = now
    memory.keep_route(physics.depots, route)
    return envelope([payloads.route(route, now)])


def delete_route(physics: Physics, request: Request, pk: str) -> Payload:
    route = _our_route(physics, pk)
    memory.forget_route(physics.depots, pk)
    return envelope([payloads.route(route, physics.world.clock.now())])


def change_session(physics: Physics, request: Request, pk: str) -> Payload:
    """Take a priority, and nothing else: other fields may end the session."""
    charge, body = charge_by_id(physics, pk), body_of(request)
    others = body.keys() - {"priority"}
    if others:
        raise Forbidden(f"changes {', '.join(sorted(others))} of a session")
    priority = body["priority"]
    if type(priority) is not int or not 0 <= priority <= MOST_PRIORITY:
        raise Wrong(f"priority must be a whole number from 0 to {MOST_PRIORITY}.")
    charge.priorities.append((physics.world.clock.now(), priority))
    memory.keep_priority(physics.depots, charge.key, charge.priorities)
    return envelope([payloads.session(physics, charge)])


def change_alert(physics: Physics, request: Request, pk: str) -> Payload:
    found(every_alert(physics), pk)
    body = body_of(request)
    if body.get("status", "Acknowledged") != "Acknowledged":
        raise Forbidden(f"makes an alert {body['status']}")
    row = {
        "status": "Acknowledged",
        "notes": str(body.get("notes") or ""),
        "at": physics.world.clock.now().isoformat(),
    }
    physics.depots.handled[pk] = row
    physics.depots.keep(f"alert/{pk}", row)
    return envelope([payloads.alert(every_alert(physics)[pk])])
