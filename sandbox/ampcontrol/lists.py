"""What can be read as records."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from sandbox.ampcontrol import forecasts, payloads
from sandbox.ampcontrol.queries import (
    WEEK,
    Payload,
    Wrong,
    envelope,
    optional_instant,
    page_of,
    window,
)
from sandbox.api.errors import Missing
from sandbox.energy import cast
from sandbox.energy.physics import Physics
from sandbox.energy.records import CUSTOMER, Charge, Network, Route, id_of
from sandbox.energy.routine import DAY, planned, trip_on
from sandbox.energy.telematics import last_message, messages, network_of


def me(physics: Physics, request: Request) -> Payload:
    return envelope(
        [
            {
                "id": id_of("user", "portal"),
                "name": "Fleet portal",
                "email": "portal@operator.example",
                "type": "service",
                "customer": CUSTOMER,
                "customerId": id_of("customer", CUSTOMER),
            }
        ]
    )


def found(records: dict[str, Any], pk: str) -> Any:
    """Return one record. Raises Missing."""
    if pk not in records:
        raise Missing
    return records[pk]


def network_in(physics: Physics, request: Request) -> Network:
    """Return the network that is asked for. Raises Wrong without one, Missing for none."""
    if not request.args.get("network"):
        raise Wrong("network is required.")
    network: Network = found(physics.depots.networks, request.args["network"])
    return network


def _changed(request: Request, rows: Iterable[Payload]) -> list[Payload]:
    """Return the rows that were updated after what is asked for."""
    after = optional_instant(request, "updated")
    return [
        each for each in rows if after is None or datetime.fromisoformat(each["updated"]) > after
    ]


def as_is(row: Payload) -> Payload:
    return row


def networks(physics: Physics, request: Request) -> Payload:
    rows = (payloads.network(physics, each) for each in physics.depots.networks.values())
    return page_of(request, _changed(request, rows), as_is)


def network(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.network(physics, found(physics.depots.networks, pk))])


def charge_points(physics: Physics, request: Request) -> Payload:
    wanted = request.args.get("network")
    rows = (
        payloads.charger(physics, each)
        for each in physics.depots.chargers.values()
        if wanted in {None, each.network.id}
    )
    return page_of(request, _changed(request, rows), as_is)


def charge_point(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.charger(physics, found(physics.depots.chargers, pk))])


def connectors(physics: Physics, request: Request) -> Payload:
    wanted = request.args.get("network")
    points = request.args.getlist("chargepoint")
    rows = [
        each
        for each in physics.depots.plugs.values()
        if wanted in {None, each.charger.network.id} and (not points or each.charger.id in points)
    ]
    return page_of(request, rows, lambda each: payloads.connector(physics, each))


def connector(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.connector(physics, found(physics.depots.plugs, pk))])


def vehicles(physics: Physics, request: Request) -> Payload:
    group = request.args.get("group")
    rows = (payloads.vehicle(physics, each) for each in physics.depots.vehicles.values())
    rows = (each for each in rows if group in {None, each["group"]})
    return page_of(request, _changed(request, rows), as_is)


def vehicle(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.vehicle(physics, found(physics.depots.vehicles, pk))])


def vehicle_groups(physics: Physics, request: Request) -> Payload:
    return envelope(sorted({car.group for car in cast.CARS if car.group}))


def telematics(physics: Physics, request: Request, pk: str) -> Payload:
    record = found(physics.depots.vehicles, pk)
    now = physics.world.clock.now()
    start, end = window(request, start=now - WEEK, end=now)
    rows = [
        payloads.message(each, pk, None) for each in messages(physics, record, start, min(end, now))
    ]
    rows += [
        each
        for each in physics.depots.typed.get(pk, [])
        if start <= datetime.fromisoformat(each["timestamp"]) <= end
    ]
    rows.sort(key=lambda each: str(each["timestamp"]), reverse=True)
    return page_of(request, rows, as_is)


def live_telematics(physics: Physics, request: Request) -> Payload:
    """Return the last of each vehicle, all at once."""
    rows = []
    for record in physics.depots.vehicles.values():
        last = last_message(physics, record)
        typed = physics.depots.typed.get(record.id, [])[-1:]
        row = payloads.message(last, record.id, network_of(physics, record)) if last else None
        if typed and (row is None or typed[0]["timestamp"] > row["timestamp"]):
            row = typed[0]
        if row is not None:
            rows.append(row)
    return envelope(rows)


def id_tags(physics: Physics, request: Request) -> Payload:
    rows = list(physics.depots.tags.values())
    return page_of(request, rows, lambda each: payloads.tag(physics, each))


def planned_routes(physics: Physics, request: Request) -> Payload:
    now = physics.world.clock.now()
    start, end = window(request, start=now, end=now + DAY, longest=WEEK)
    wanted = request.args.getlist("vehicle")
    rows = [
        each
        for each in (*_timetable(physics, start, end), *physics.depots.routes.values())
        if each.start_at < end and each.end_at > start and (not wanted or each.vehicle_id in wanted)
    ]
    rows.sort(key=lambda each: (each.start_at, each.id))
    return page_of(request, rows, lambda each: payloads.route(each, now))


def planned_route(physics: Physics, request: Request, pk: str) -> Payload:
    now = physics.world.clock.now()
    rows = (*_timetable(physics, now - WEEK, now + WEEK), *physics.depots.routes.values())
    known = {each.id: each for each in rows}
    return envelope([payloads.route(found(known, pk), now)])


def timetable_ids(physics: Physics) -> set[str]:
    """Return the ids of those routes that another system has planned."""
    now = physics.world.clock.now()
    return {each.id for each in _timetable(physics, now - WEEK, now + WEEK)}


def _timetable(physics: Physics, start: datetime, end: datetime) -> Iterable[Route]:
    """Yield the trips that another system plans: of some vehicles, of others only by group."""
    day = (start - DAY).date()
    while day <= end.date() + DAY:
        for car in cast.CARS:
            if not car.group or trip_on(car, day, physics.world.seed) is None:
                continue
            leave, back = planned(car, day)
            key = f"TMS-{day:%Y%m%d}-{car.key}"
            by_group = car.key == "van-22"
            yield Route(
                id=id_of("route", key),
                external_id=key,
                vehicle_id=None if by_group else physics.depots.vehicle_of[car.key].id,
                vehicle_group=car.group if by_group else None,
                start_at=leave,
                end_at=back,
                demand={"distance": car.km}
                if len(car.key) % 2
                else {"energy": round(car.km * car.kwh_per_km, 1)},
                updated_at=leave - 2 * DAY,
            )
        day += DAY


def charging_sessions(physics: Physics, request: Request) -> Payload:
    """List sessions: active ones unless a window is asked for."""
    args, now = request.args, physics.world.clock.now()
    if not any(args.get(name) for name in ("network", "vehicle", "transaction_id")):
        raise Wrong("One of network, vehicle or transaction_id is required.")
    rows = list(physics.arrivals.charges.values())
    if args.get("start") and args.get("end"):
        start, end = window(request)
        rows = [each for each in rows if each.started_at < end and each.stops_at > start]
    else:
        rows = [each for each in rows if each.stops_at > now]
    wanted = args.getlist("vehicle")
    rows = [
        each
        for each in rows
        if each.started_at <= now
        and args.get("network") in {None, each.plug.charger.network.id}
        and args.get("transaction_id") in {None, str(each.number)}
        and (not wanted or each.vehicle_id in wanted)
    ]
    rows.sort(key=lambda each: (each.started_at, each.id))
    shown = (payloads.session(physics, each) for each in rows)
    return page_of(request, _changed(request, shown), as_is)


def charge_by_id(physics: Physics, pk: str) -> Charge:
    """Return a charging session. Raises Missing."""
    charge = physics.arrivals.find(pk)
    if charge is None:
        raise Missing
    return charge


def charging_session(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.session(physics, charge_by_id(physics, pk))])


def optimizations(physics: Physics, request: Request) -> Payload:
    filters = ("connector", "chargepoint", "network", "charging_session", "vehicle")
    wanted = {name: request.args[name] for name in filters if request.args.get(name)}
    if not wanted:
        raise Wrong("One of connector, chargepoint, network or charging_session is required.")
    rows = []
    for place in physics.depots.networks.values():
        for charge, row in forecasts.optimizations(physics, place):
            known = {
                "connector": charge.plug.id,
                "chargepoint": charge.plug.charger.id,
                "network": place.id,
                "charging_session": charge.id,
                "vehicle": charge.vehicle_id,
            }
            if wanted.items() <= known.items():
                rows.append(row)
    return page_of(request, rows, as_is)
