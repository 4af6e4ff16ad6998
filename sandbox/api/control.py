"""Charges started and stopped from afar over HTTP, and plugs let go."""

from contextlib import suppress
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Invalid, Missing, Refused
from sandbox.api.filters import body_of, found, required_id
from sandbox.api.operations import Operations, check_allowed
from sandbox.faults import ConnectionCut
from sandbox.world.control import (
    DONE,
    ERROR_CODES,
    REFUSED,
    UNANSWERED,
    Told,
    fate,
    objection_to_start,
    session_has_ended,
    start_remotely,
    stop_remotely,
)
from sandbox.world.records import Evse
from sandbox.world.world import World

RESOURCE = "control"


def start_on_evse(world: World, request: Request, evse: int) -> dict[str, Any]:
    """Begin a charge on an EVSE for a user, as part of a booking."""
    check_allowed(world, RESOURCE)
    place = found(world.evses, evse)
    return _start(world, request, place)


def start_at_charge_point(
    world: World, request: Request, charge_point: int, network_id: int
) -> dict[str, Any]:
    """Do the same where the EVSE is named as the charge point knows it."""
    check_allowed(world, RESOURCE)
    return _start(world, request, _evse_of(world, charge_point, network_id))


def _start(world: World, request: Request, evse: Evse) -> dict[str, Any]:
    body = body_of(request)
    user_id, booking_id = required_id(body, "userId"), required_id(body, "bookingId")
    told = Told("start", evse.id, world.now(), user_id=user_id, booking_id=booking_id)
    world.told.append(told)
    booking = world.bookings.get(booking_id)
    told.outcome = "422"
    if user_id not in world.users:
        raise Invalid({"userId": ["The selected user is invalid."]})
    if booking is None or not booking.holds:
        raise Invalid({"bookingId": ["The selected booking is invalid."]})
    outcome = told.outcome = fate(world, "start", evse)
    if outcome == UNANSWERED:
        raise ConnectionCut("The charger does not answer.")
    objection = objection_to_start(world, evse, user_id=user_id)
    if outcome not in DONE:
        objection = outcome if outcome in ERROR_CODES else "INTERNAL_ISSUE"
    if objection:
        told.outcome = objection
        return {
            "success": False,
            "sessionId": None,
            "authorizationId": None,
            "errorCode": objection,
            "message": "The charge could not be started.",
        }
    session = start_remotely(world, booking, evse=evse, user_id=user_id)
    told.session_id = session.id
    _answer_or_lose(outcome)
    return {"success": True, "sessionId": session.id, "authorizationId": session.id}


def stop(world: World, request: Request, charge_point: int, session: int) -> dict[str, Any]:
    """End a charge; 406 where the charge point does not, as of one that is over."""
    check_allowed(world, RESOURCE)
    if request.get_data():
        body_of(request)
    charge = found(world.sessions, session)
    if charge.charge_point_id != charge_point:
        raise Missing
    evse = world.evses[charge.evse_id]
    told = Told("stop", evse.id, world.now(), session_id=session, booking_id=charge.booking_id)
    world.told.append(told)
    outcome = told.outcome = fate(world, "stop", evse)
    if outcome == UNANSWERED:
        raise ConnectionCut("The charger does not answer.")
    if outcome not in DONE or session_has_ended(world, charge):
        told.outcome = REFUSED
        raise Refused
    stop_remotely(world, charge)
    _answer_or_lose(outcome)
    return {}


def unlock(world: World, _request: Request, charge_point: int, network_id: int) -> dict[str, Any]:
    """Let the plug go at an EVSE, which ends a charge that runs there."""
    check_allowed(world, RESOURCE)
    evse = _evse_of(world, charge_point, network_id)
    told = Told("unlock", evse.id, world.now())
    world.told.append(told)
    outcome = told.outcome = fate(world, "unlock", evse)
    if outcome == UNANSWERED:
        raise ConnectionCut("The charger does not answer.")
    if outcome == REFUSED or evse.status != "enabled":
        told.outcome = REFUSED
        raise Refused
    if outcome not in DONE:
        return {"success": False}
    for session in list(world.sessions.values()):
        if session.evse_id == evse.id and not session_has_ended(world, session):
            stop_remotely(world, session)
    _answer_or_lose(outcome)
    return {"success": True}


def _answer_or_lose(outcome: str) -> None:
    if outcome != DONE[0]:
        raise ConnectionCut("The answer was lost.")


def _evse_of(world: World, charge_point: int, network_id: int) -> Evse:
    with suppress(KeyError):
        for pk in world.charge_points[charge_point].evse_ids:
            if world.evses[pk].network_id == str(network_id):
                return world.evses[pk]
    raise Missing


OPERATIONS: Operations = {
    ("POST", "/actions/evse/v1.0/<int:evse>/start"): start_on_evse,
    (
        "POST",
        "/actions/charge-point/v1.0/<int:charge_point>/start/<int:network_id>",
    ): start_at_charge_point,
    ("POST", "/actions/charge-point/v1.0/<int:charge_point>/stop/<int:session>"): stop,
    ("POST", "/actions/charge-point/v1.0/<int:charge_point>/unlock/<int:network_id>"): unlock,
}
