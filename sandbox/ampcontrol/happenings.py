"""What can be read of what happened: alerts, events, how often chargers were of use."""

from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request

from sandbox.ampcontrol import payloads
from sandbox.ampcontrol.lists import as_is, found, network_in
from sandbox.ampcontrol.queries import WEEK, Payload, envelope, page_of, stamp, window
from sandbox.energy.alerts import alerts_of
from sandbox.energy.charges import chance_of
from sandbox.energy.physics import Physics
from sandbox.energy.records import id_of
from sandbox.energy.routine import DAY


def alerts(physics: Physics, request: Request) -> Payload:
    place, now = network_in(physics, request), physics.world.clock.now()
    start, end = window(request, start=now - DAY, end=now)
    args = request.args
    rows = [
        each
        for each in alerts_of(physics, place, start, end)
        if (not args.getlist("status") or each.status in args.getlist("status"))
        and (not args.getlist("name") or each.name in args.getlist("name"))
        and args.get("charger") in {None, each.charger.id if each.charger else ""}
    ]
    return page_of(request, rows, payloads.alert)


def alert(physics: Physics, request: Request, pk: str) -> Payload:
    return envelope([payloads.alert(found(every_alert(physics), pk))])


def every_alert(physics: Physics) -> dict[str, Any]:
    now = physics.world.clock.now()
    return {
        each.id: each
        for place in physics.depots.networks.values()
        for each in alerts_of(physics, place, now - WEEK, now)
    }


def events(physics: Physics, request: Request) -> Payload:
    """List the log of sharing out and delivering: one of each for a quarter of an hour."""
    place, now = network_in(physics, request), physics.world.clock.now()
    start, end = window(request, start=now - DAY, end=now)
    quarter = timedelta(minutes=15)
    at = datetime.fromtimestamp(-(-start.timestamp() // 900) * 900, start.tzinfo)
    rows: list[Payload] = []
    while at <= min(end, now) and len(rows) < 2 * 96 * 7:
        for category in ("Optimization", "Delivery"):
            rows.append(
                {
                    "id": id_of("event", f"{place.id}/{category}/{at.isoformat()}"),
                    "created": stamp(at),
                    "updated": stamp(at),
                    "networkId": place.id,
                    "chargePointId": None,
                    "connectorId": None,
                    "category": category,
                    "urgency": "Info",
                    "status": "Success",
                    "description": f"{category} done.",
                }
            )
        at += quarter
    return page_of(request, rows, as_is)


def uptime_of_network(physics: Physics, request: Request) -> Payload:
    place, now = network_in(physics, request), physics.world.clock.now()
    window(request, start=now - WEEK, end=now)
    share = 0.95 + 0.045 * chance_of(physics.world.seed, place.id, "uptime")
    return envelope([{"networkId": place.id, "uptime": round(share, 4)}])


def uptime_of_charge_points(physics: Physics, request: Request) -> Payload:
    rows = [
        {
            "chargePointId": each.id,
            "uptime": round(0.9 + 0.1 * chance_of(physics.world.seed, each.id, "uptime"), 4),
        }
        for each in physics.depots.chargers.values()
        if request.args.get("network") in {None, each.network.id}
    ]
    return envelope(rows)
