"""The strings that tests, benchmarks and chaos runs pull: `/control/…`, JSON, loopback only."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox import payloads
from sandbox.errors import Invalid
from sandbox.filters import body_of, parse_instant
from sandbox.world import World

LOOPBACK = ("127.", "::1", "localhost")
ROUTES = Map(
    [
        Rule("/control/world", methods=["GET"], endpoint="world"),
        Rule("/control/calls", methods=["GET", "DELETE"], endpoint="calls"),
        Rule("/control/faults", methods=["GET", "POST", "DELETE"], endpoint="faults"),
        Rule("/control/settings", methods=["POST"], endpoint="settings"),
        Rule("/control/clock", methods=["POST"], endpoint="clock"),
        Rule("/control/requests/<int:pk>", methods=["POST"], endpoint="decide"),
        Rule("/control/bookings/<int:pk>", methods=["POST"], endpoint="booking"),
        Rule("/control/evses/<int:pk>", methods=["POST"], endpoint="evse"),
    ]
)
SETTINGS = (
    "decision_delay",
    "manual",
    "shape",
    "evse_list_forbidden",
    "ignores_external_id",
    "no_show_share",
    "failed_share",
    "rate_limit",
)


def answer(world: World, request: Request) -> Response:
    """Carry out one control call."""
    if not (request.remote_addr or "127.").startswith(LOOPBACK):
        raise Forbidden
    endpoint, arguments = ROUTES.bind_to_environ(request.environ).match()
    with world.lock:
        try:
            result = HANDLERS[endpoint](world, request, **arguments)
        except Invalid as error:
            return _json(error.payload(), status=422)
        except KeyError:
            raise NotFound from None
    return _json(result)


def _json(payload: Any, *, status: int = 200) -> Response:
    return Response(json.dumps(payload, default=str), status=status, mimetype="application/json")


def _world(world: World, request: Request) -> Any:
    world.tick()
    return {
        "now": payloads.instant(world.clock.now()),
        "requests": [payloads.request(world, each) for each in world.requests.values()],
        "bookings": [payloads.booking(world, each, evses=True) for each in world.bookings.values()],
    }


def _calls(world: World, request: Request) -> Any:
    counted = dict(world.calls)
    if request.method == "DELETE":
        world.calls.clear()
    return counted


def _faults(world: World, request: Request) -> Any:
    if request.method == "DELETE":
        world.faults.clear()
    if request.method == "POST":
        fields = body_of(request)
        try:
            world.faults.add(**fields)
        except (TypeError, ValueError) as error:
            raise Invalid({"kind": [str(error)]}) from None
    return [asdict(fault) for fault in world.faults.active]


def _settings(world: World, request: Request) -> Any:
    for name, value in body_of(request).items():
        if name not in SETTINGS:
            raise Invalid({name: ["There is no such setting."]})
        setattr(world, name, value)
    world.save()
    return {name: getattr(world, name) for name in SETTINGS}


def _clock(world: World, request: Request) -> Any:
    seconds = body_of(request).get("advance_seconds")
    if seconds is None:
        world.clock.reset()
    else:
        world.clock.advance(timedelta(seconds=float(seconds)))
    world.tick()
    world.save()
    return {"now": payloads.instant(world.clock.now())}


def _decide(world: World, request: Request, pk: int) -> Any:
    body = body_of(request)
    asked = world.requests[pk]
    if body.get("approve"):
        world.decide(asked)
    else:
        world.reject(asked, str(body.get("reason") or "Rejected by the operator."))
    return payloads.request(world, asked)


def _booking(world: World, request: Request, pk: int) -> Any:
    body = body_of(request)
    booking = world.bookings[pk]
    if body.get("startAt"):
        booking.start_at = parse_instant(body["startAt"], "startAt")
    if body.get("endAt"):
        booking.end_at = parse_instant(body["endAt"], "endAt")
    world.set_booking_status(booking, str(body.get("status") or booking.status))
    return payloads.booking(world, booking, evses=True)


def _evse(world: World, request: Request, pk: int) -> Any:
    world.set_evse_status(pk, str(body_of(request).get("status", "enabled")))
    return {"id": pk, "status": world.evses[pk].status}


HANDLERS: dict[str, Any] = {
    "world": _world,
    "calls": _calls,
    "faults": _faults,
    "settings": _settings,
    "clock": _clock,
    "decide": _decide,
    "booking": _booking,
    "evse": _evse,
}
