"""The strings that tests, benchmarks and chaos runs pull: `/control/…`, JSON, loopback only."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import timedelta
from math import isfinite
from typing import Any

from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox.api import payloads
from sandbox.api.errors import Invalid
from sandbox.api.filters import (
    body_of,
    parse_instant,
    refuse_other_sites,
    required_id,
    required_instant,
)
from sandbox.desk import charging_control, remote, session_control
from sandbox.world.holdings import RUNNING_CHANGES, SHAPES
from sandbox.world.records import BOOKING_STATUSES, EVSE_STATUSES, Booking, Plan
from sandbox.world.world import World

LOOPBACK = ("127.", "::1", "localhost")
SETTINGS: dict[str, Callable[[Any], bool]] = {
    "decision_delay": lambda value: _is_number(value) and value >= 0,
    "manual": lambda value: isinstance(value, bool),
    "shape": lambda value: isinstance(value, str) and value in SHAPES,
    "evse_list_forbidden": lambda value: isinstance(value, bool),
    "parking_forbidden": lambda value: isinstance(value, bool),
    "id_tags_forbidden": lambda value: isinstance(value, bool),
    "power_forbidden": lambda value: isinstance(value, bool),
    "forbidden": lambda value: (
        isinstance(value, list) and all(isinstance(name, str) for name in value)
    ),
    "names_tokens": lambda value: isinstance(value, bool),
    "ignores_external_id": lambda value: isinstance(value, bool),
    "drops_external_id": lambda value: isinstance(value, bool),
    "leaves_out_booking_id": lambda value: isinstance(value, bool),
    "downtime_blocks": lambda value: isinstance(value, bool),
    "rounds_to_minutes": lambda value: isinstance(value, bool),
    "no_show_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "late_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "failed_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "control_refused_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "control_unanswered_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "running_changes": lambda value: isinstance(value, str) and value in RUNNING_CHANGES,
    "rate_limit": lambda value: value is None or (type(value) is int and value >= 1),
    "walk_ins_a_day": lambda value: _is_number(value) and 0 <= value <= 1,
    "walk_in_months": lambda value: _is_number(value) and 0 <= value <= 60,
    "billing_delay": lambda value: _is_number(value) and value >= 0,
    "failed_payment_share": lambda value: _is_number(value) and 0 <= value <= 1,
    "refunded_share": lambda value: _is_number(value) and 0 <= value <= 1,
}
LONGEST_JUMP = 366 * 24 * 3600


def answer(world: World, request: Request) -> Response:
    """Carry out one control call."""
    if not (request.remote_addr or "127.").startswith(LOOPBACK):
        raise Forbidden
    refuse_other_sites(request)
    handler, arguments = ROUTES.bind_to_environ(request.environ).match()
    with world.lock:
        try:
            result = handler(world, request, **arguments)
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
        "requests": [payloads.whole_request(each) for each in world.requests.values()],
        "bookings": [payloads.booking(world, each, evses=True) for each in world.bookings.values()],
    }


def _calls(world: World, request: Request) -> Any:
    counted = dict(world.calls)
    if request.method == "DELETE":
        world.calls.clear()
    return counted


def _arrivals(world: World, request: Request) -> Any:
    return {"calls": world.arrivals}


def _faults(world: World, request: Request) -> Any:
    if request.method == "DELETE":
        world.faults.clear(request.args.get("path"))
    if request.method == "POST":
        fields = body_of(request)
        try:
            world.faults.add(**fields)
        except (TypeError, ValueError) as error:
            raise Invalid({"fault": [str(error)]}) from None
    return [asdict(fault) for fault in world.faults.active]


def _settings(world: World, request: Request) -> Any:
    changes = body_of(request)
    for name, value in changes.items():
        if name not in SETTINGS or not SETTINGS[name](value):
            raise Invalid({name: ["There is no such setting, or it cannot be this."]})
    for name, value in changes.items():
        setattr(world, name, value)
    world.save()
    return {name: getattr(world, name) for name in SETTINGS}


def _clock(world: World, request: Request) -> Any:
    seconds = body_of(request).get("advance_seconds")
    if seconds is None:
        world.clock.reset()
    elif _is_number(seconds) and abs(seconds) <= LONGEST_JUMP:
        world.clock.advance(timedelta(seconds=seconds))
    else:
        raise Invalid({"advance_seconds": ["This must be a number, of a year at most."]})
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


def _plan(world: World, request: Request) -> Any:
    body = body_of(request)
    external_id, seconds = body.get("externalId"), body.get("afterSeconds", 0)
    if not isinstance(external_id, str) or not _is_number(seconds):
        raise Invalid({"externalId": ["This must name a request, and the seconds be a number."]})
    world.plans[external_id] = Plan(seconds, body.get("reason"))
    return {}


def _book(world: World, request: Request) -> Any:
    body = body_of(request)
    evse = world.evses[required_id(body, "evseId")]
    location_id = world.charge_points[evse.charge_point_id].location_id
    start_at, end_at = required_instant(body, "startAt"), required_instant(body, "endAt")
    if end_at <= start_at or location_id is None:
        raise Invalid({"endAt": ["The end must be after the start, and the EVSE at a site."]})
    booking = world.add_booking(
        location_id=location_id,
        evse_id=evse.id,
        start_at=start_at,
        end_at=end_at,
        user_id=world.users[required_id(body, "userId")].id,
    )
    booking.waits_for_start = bool(body.get("waitsForStart"))
    answer: dict[str, Any] = {}
    if body.get("externalId"):
        asked = world.note_origin(
            booking,
            external_id=str(body["externalId"]),
            asked_at=required_instant(body, "askedAt"),
        )
        answer["requestId"] = asked.id
    if body.get("status"):
        _give_status(world, booking, _one_of(body["status"], BOOKING_STATUSES))
    world.save()
    return answer | payloads.booking(world, booking, evses=True)


def _give_status(world: World, booking: Booking, status: str) -> None:
    if status == "completed" and booking.session_id is None:
        world.start_session(booking)
    else:
        world.set_booking_status(booking, status)


def _booking(world: World, request: Request, pk: int) -> Any:
    booking = world.bookings[pk]
    if request.method == "DELETE":
        world.forget_booking(booking)
        return {}
    body = body_of(request)
    start_at, end_at = (
        parse_instant(body[name], name) if body.get(name) else old
        for name, old in (("startAt", booking.start_at), ("endAt", booking.end_at))
    )
    status = _one_of(body.get("status") or booking.status, BOOKING_STATUSES)
    if end_at <= start_at:
        raise Invalid({"endAt": ["The end must be after the start."]})
    world.move_booking(
        booking,
        start_at=start_at,
        end_at=end_at,
        evse_id=required_id(body, "evseId") if body.get("evseId") is not None else None,
        user_id=required_id(body, "userId") if body.get("userId") is not None else None,
    )
    _give_status(world, booking, status)
    return payloads.booking(world, booking, evses=True)


def _evse(world: World, request: Request, pk: int) -> Any:
    world.set_evse_status(pk, _one_of(body_of(request).get("status", "enabled"), EVSE_STATUSES))
    return {"id": pk, "status": world.evses[pk].status}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _one_of(value: Any, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise Invalid({"status": [f"The status must be one of {', '.join(sorted(choices))}."]})
    return value


ROUTES = Map(
    [
        Rule("/control/world", methods=["GET"], endpoint=_world),
        Rule("/control/calls", methods=["GET", "DELETE"], endpoint=_calls),
        Rule("/control/arrivals", methods=["GET"], endpoint=_arrivals),
        Rule("/control/faults", methods=["GET", "POST", "DELETE"], endpoint=_faults),
        Rule("/control/settings", methods=["POST"], endpoint=_settings),
        Rule("/control/clock", methods=["POST"], endpoint=_clock),
        Rule("/control/plans", methods=["POST"], endpoint=_plan),
        Rule("/control/requests/<int:pk>", methods=["POST"], endpoint=_decide),
        Rule("/control/bookings", methods=["POST"], endpoint=_book),
        Rule("/control/bookings/<int:pk>", methods=["POST", "DELETE"], endpoint=_booking),
        Rule("/control/evses/<int:pk>", methods=["POST"], endpoint=_evse),
        *charging_control.RULES,
        *session_control.RULES,
        *remote.RULES,
    ]
)
