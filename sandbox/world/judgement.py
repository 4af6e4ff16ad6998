"""How the operator judges a booking request."""

from datetime import datetime
from typing import Any

from sandbox.world.holdings import Holdings
from sandbox.world.records import ChargePoint, Evse, Request, User

DISABLED = "The driver's account is disabled."
PAST = "The start is in the past."
OUT_OF_SERVICE = "The charger is out of service."
NO_ACCESS = "The driver has no access to this charger."
TAKEN = "The charger is taken at this time."
NO_ROOM = "No parking space is known that meets the request."


def objection(world: Holdings, request: Request) -> str | None:
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
    if end <= start:
        return "The end is not after the start."
    if (request.start_at or end) <= world.now():
        return PAST
    user = world.users.get(request.user_id or booking.user_id or 0)
    evse = world.evses[booking.evse_id]
    return _objection(world, user, evse, start, end, but=booking.id)


def _objection_to_new(world: Holdings, request: Request) -> str | None:
    assert request.start_at and request.end_at and request.location_id is not None
    user = world.users.get(request.user_id or 0)
    if user is None or user.status != "enabled":
        return DISABLED
    if request.start_at <= world.now():
        return PAST
    if request.parking and not any(
        _has_room(world, evse, request) for evse in _meant(world, request)
    ):
        return NO_ROOM
    if request.evse_id is None:
        if pick_evse(world, request) is None:
            return "No charger is free that meets the request."
        return None
    evse = world.evses.get(request.evse_id)
    if evse is None or not world.is_bookable(evse):
        return OUT_OF_SERVICE
    if world.charge_points[evse.charge_point_id].location_id != request.location_id:
        return "The charger is not at this location."
    return _objection(world, user, evse, request.start_at, request.end_at)


def _objection(
    world: Holdings,
    user: User | None,
    evse: Evse,
    start: datetime,
    end: datetime,
    *,
    but: int | None = None,
) -> str | None:
    if user is None or user.status != "enabled":
        return DISABLED
    if not world.is_bookable(evse):
        return OUT_OF_SERVICE
    if not may_use(user, world.charge_points[evse.charge_point_id]):
        return NO_ACCESS
    return None if world.is_free(evse, start, end, but=but) else TAKEN


def may_use(user: User, charge_point: ChargePoint) -> bool:
    """Return whether a user may charge here: private charge points want an invite for it."""
    if charge_point.type == "public":
        return True
    if charge_point.type == "personal":
        return False
    return charge_point.access_type == "private_view_public_use" or any(
        invite.partner_id == charge_point.partner_id
        and invite.status == "accepted"
        and invite.private
        for invite in user.invites
    )


def pick_evse(world: Holdings, request: Request) -> Evse | None:
    """Return the EVSE for a request: the one asked for, or the first free one that fits."""
    assert request.start_at and request.end_at and request.location_id is not None
    if request.evse_id is not None:
        return world.evses.get(request.evse_id)
    user = world.users.get(request.user_id or 0)
    for evse in world.evses_at(world.locations[request.location_id]):
        if (
            fits(evse, request)
            and _has_room(world, evse, request)
            and not _objection(world, user, evse, request.start_at, request.end_at)
        ):
            return evse
    return None


def _meant(world: Holdings, request: Request) -> list[Evse]:
    assert request.location_id is not None
    if request.evse_id is not None:
        return [world.evses[request.evse_id]] if request.evse_id in world.evses else []
    return list(world.evses_at(world.locations[request.location_id]))


def _has_room(world: Holdings, evse: Evse, request: Request) -> bool:
    """Return whether a vehicle finds room there; where no space is known it finds none."""
    if not request.parking:
        return True
    return any(_meets(space.limits, request.parking) for space in world.spaces_at(evse))


def _meets(limits: dict[str, Any], needs: dict[str, Any]) -> bool:
    for name in ("vehicleWeightKg", "vehicleHeightCm", "vehicleLengthCm", "vehicleWidthCm"):
        if name in needs and needs[name] > limits.get(name, needs[name]):
            return False
    kind = needs.get("vehicleType")
    if kind and kind not in limits.get("vehicleTypes", [kind]):
        return False
    return all(
        limits.get(name, True) or not needs.get(name)
        for name in (
            "driveThroughRequired",
            "refrigerationOutletRequired",
            "dangerousGoodsAllowed",
        )
    )


def fits(evse: Evse, request: Request) -> bool:
    """Return whether an EVSE meets the criteria of a request; powers are in kW."""
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
