"""How the operator judges a booking request."""

from typing import TYPE_CHECKING

from sandbox.records import ChargePoint, Evse, Request, User

if TYPE_CHECKING:
    from sandbox.world import World


def objection(world: "World", request: Request) -> str | None:
    """Return the operator's reason against a request, or None."""
    if request.type == "create":
        return _objection_to_new(world, request)
    booking = world.bookings.get(request.booking_id or 0)
    if booking is None:
        return "The booking does not exist."
    if not booking.holds:
        return "The booking is over or cancelled."
    if request.type == "cancel":
        return None
    start, end = request.start_at or booking.start_at, request.end_at or booking.end_at
    if start <= world.clock.now():
        return "The start is in the past."
    user = world.users.get(request.user_id or booking.user_id or 0)
    if user is None or user.status != "enabled":
        return "The driver's account is disabled."
    if not world.is_free(world.evses[booking.evse_id], start, end, but=booking.id):
        return "The charger is taken at this time."
    return None


def _objection_to_new(world: "World", request: Request) -> str | None:
    assert request.start_at and request.end_at and request.location_id is not None
    user = world.users.get(request.user_id or 0)
    if user is None or user.status != "enabled":
        return "The driver's account is disabled."
    if request.start_at <= world.clock.now():
        return "The start is in the past."
    if request.evse_id is None:
        if pick_evse(world, request) is None:
            return "No charger is free that meets the request."
        return None
    evse = world.evses.get(request.evse_id)
    if evse is None or not world.is_bookable(evse):
        return "The charger is out of service."
    charge_point = world.charge_points[evse.charge_point_id]
    if charge_point.location_id != request.location_id:
        return "The charger is not at this location."
    if not may_use(user, charge_point):
        return "The driver has no access to this charger."
    if not world.is_free(evse, request.start_at, request.end_at):
        return "The charger is taken at this time."
    return None


def may_use(user: User, charge_point: ChargePoint) -> bool:
    """Return whether a user may charge here: private charge points want an invite for it."""
    if charge_point.type != "private" or charge_point.access_type == "private_view_public_use":
        return True
    return any(
        invite.partner_id == charge_point.partner_id
        and invite.status == "accepted"
        and invite.private
        for invite in user.invites
    )


def pick_evse(world: "World", request: Request) -> Evse | None:
    """Return the EVSE for a request: the one asked for, or the first free one that fits."""
    assert request.start_at and request.end_at and request.location_id is not None
    if request.evse_id is not None:
        return world.evses[request.evse_id]
    user = world.users.get(request.user_id or 0)
    for evse in world.evses_at(world.locations[request.location_id]):
        if (
            user is not None
            and world.is_bookable(evse)
            and may_use(user, world.charge_points[evse.charge_point_id])
            and fits(evse, request)
            and world.is_free(evse, request.start_at, request.end_at)
        ):
            return evse
    return None


def fits(evse: Evse, request: Request) -> bool:
    """Return whether an EVSE meets the criteria of a request."""
    criteria = request.criteria or {}
    current, connector = criteria.get("currentType"), criteria.get("connectorType")
    least, most = criteria.get("minPower"), criteria.get("maxPower")
    if current and evse.current_type != current:
        return False
    if connector and all(each.type != connector for each in evse.connectors):
        return False
    if least is not None and evse.power_kw < least:
        return False
    return most is None or evse.power_kw <= most
