"""The strings of sessions: let one have been, or be otherwise than it was."""

from decimal import Decimal
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request

from sandbox.api import sessions
from sandbox.api.errors import Invalid
from sandbox.api.filters import body_of, required_id, required_instant
from sandbox.world import accounts
from sandbox.world.records import SESSION_STATUSES
from sandbox.world.world import World

PAYMENTS = frozenset({"pending", "finalized", "failed", "reversed", "refunded"})


def _add(world: World, request: Request) -> Any:
    """Let a driver charge without a booking."""
    body = body_of(request)
    start, end = required_instant(body, "startedAt"), required_instant(body, "stopsAt")
    if end <= start:
        raise Invalid({"stopsAt": ["The end must be after the start."]})
    session = world.add_session(
        user_id=required_id(body, "userId"),
        evse_id=required_id(body, "evseId"),
        started_at=start,
        stops_at=end,
        wants_kwh=float(_number(body.get("kwh", 20), "kwh")),
    )
    return sessions.payload(world, session, parts=True)


def _correct(world: World, request: Request, pk: int) -> Any:
    """Let something be otherwise of a session from now on; amounts are with tax."""
    session = accounts.find_session(world, pk)
    if session is None:
        raise KeyError(pk)
    body = body_of(request)
    said: dict[str, Any] = {}
    for key, name in (("kwh", "energy_kwh"), ("amount", "amount")):
        if key in body:
            said[name] = _number(body[key], key)
    if "currency" in body:
        said["currency"] = str(body["currency"])
    for key, known in (("status", SESSION_STATUSES), ("payment", PAYMENTS)):
        if key in body:
            if body[key] not in known:
                raise Invalid({key: [f"The {key} must be one of {', '.join(sorted(known))}."]})
            said[key] = body[key]
    if "extends" in body:
        said["extends"] = required_id(body, "extends")
    accounts.correct(world, session, **said)
    return sessions.payload(world, session, parts=True)


def _number(value: Any, name: str) -> Decimal:
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise Invalid({name: [f"The {name} must be a number that is not below zero."]})
    return Decimal(str(value))


RULES = [
    Rule("/control/sessions", methods=["POST"], endpoint=_add),
    Rule("/control/sessions/<int:pk>", methods=["POST"], endpoint=_correct),
]
