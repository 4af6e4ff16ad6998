"""Availability, booking requests and bookings over HTTP."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeVar

from werkzeug.wrappers import Request as HttpRequest

from sandbox.api import payloads
from sandbox.api.errors import Invalid
from sandbox.api.filters import (
    body_of,
    choice,
    found,
    includes,
    number,
    parse_instant,
    required_id,
    required_instant,
    text,
    window,
)
from sandbox.api.paging import page_of
from sandbox.world.records import (
    BOOKING_STATUSES,
    CONNECTOR_TYPES,
    CURRENT_TYPES,
    REQUEST_STATUSES,
    VEHICLE_TYPES,
    Booking,
    Request,
)
from sandbox.world.world import World

LONGEST_WINDOW = timedelta(days=7)
LONGEST_EXTERNAL_ID = 255
Placed = TypeVar("Placed", Request, Booking)


def check_availability(world: World, request: HttpRequest, location: int) -> dict[str, Any]:
    """Tell when each bookable EVSE of a location is free within a window."""
    site = found(world.locations, location)
    body = body_of(request)
    start, end = required_instant(body, "startAfter"), required_instant(body, "endBefore")
    if end <= start:
        raise Invalid({"endBefore": ["The end before must be a date after start after."]})
    if end - start > LONGEST_WINDOW:
        raise Invalid({"endBefore": ["The time frame is limited to 7 days."]})
    return {
        "data": [
            {
                "evseId": evse.id,
                "availableSlots": [
                    {"startAt": payloads.instant(begin), "endAt": payloads.instant(finish)}
                    for begin, finish in world.free_slots(evse, start, end)
                ],
            }
            for evse in world.evses_at(site)
            if world.is_bookable(evse)
        ]
    }


def list_requests(world: World, request: HttpRequest) -> dict[str, Any]:
    status = choice(request, "status", REQUEST_STATUSES)
    external_id = text(request, "externalId")
    if external_id is not None and not world.ignores_external_id:
        named = [] if world.drops_external_id else world.by_external_id.get(external_id, [])
        asked = [world.requests[pk] for pk in named]
    else:
        asked = list(world.requests.values())
    created = window(request, "createdAfter", "createdBefore")
    rows = [each for each in _wanted(request, asked, status) if created(each.created_at)]
    return page_of(request, rows, lambda each: payloads.request(world, each))


def create_request(world: World, request: HttpRequest) -> dict[str, Any]:
    """Take a request to make, change or cancel a booking. Not idempotent, as AMPECO's is not."""
    body = body_of(request)
    takers = {"create": _ask_for_new, "update": _ask_for_change, "cancel": _ask_for_cancel}
    taker = takers.get(str(body.get("type")))
    if taker is None:
        raise Invalid({"type": ["The selected type is invalid."]})
    external_id = body.get("externalId")
    if external_id is not None and (
        not isinstance(external_id, str) or len(external_id) > LONGEST_EXTERNAL_ID
    ):
        raise Invalid({"externalId": ["The external id may not exceed 255 characters."]})
    return {"data": payloads.request(world, taker(world, body, external_id))}


def _ask_for_new(world: World, body: dict[str, Any], external_id: str | None) -> Request:
    start, end = required_instant(body, "startAt"), required_instant(body, "endAt")
    user, location = required_id(body, "userId"), required_id(body, "locationId")
    errors: dict[str, list[str]] = {}
    if end <= start:
        errors["endAt"] = ["The end at must be a date after start at."]
    if user not in world.users:
        errors["userId"] = ["The selected user is invalid."]
    if location not in world.locations:
        errors["locationId"] = ["The selected location is invalid."]
    evse = None
    if body.get("evseId") is not None:
        evse = required_id(body, "evseId")
        if evse not in world.evses:
            errors["evseId"] = ["The selected EVSE is invalid."]
    criteria = _criteria(body, errors)
    parking = _parking(body, errors)
    tokens = _tokens(world, body, errors)
    if errors:
        raise Invalid(errors)
    return world.ask(
        type="create",
        user_id=user,
        location_id=location,
        evse_id=evse,
        criteria=None if evse else criteria,
        parking=parking,
        token_ids=tokens,
        start_at=start,
        end_at=end,
        external_id=external_id,
    )


def _criteria(body: dict[str, Any], errors: dict[str, list[str]]) -> dict[str, Any] | None:
    """Return what is asked of an EVSE; what is wrong with it is added to `errors`."""
    criteria = body.get("evseCriteria") or {}
    if not isinstance(criteria, dict):
        errors["evseCriteria"] = ["The evse criteria must be an object."]
        return None
    for name, known in (("currentType", CURRENT_TYPES), ("connectorType", CONNECTOR_TYPES)):
        if criteria.get(name) is not None and str(criteria[name]) not in known:
            errors[f"evseCriteria.{name}"] = [f"The selected {name} is invalid."]
    for name in ("minPower", "maxPower"):
        power = criteria.get(name)
        if not isinstance(power, int | float | None) or isinstance(power, bool):
            errors[f"evseCriteria.{name}"] = [f"The {name} must be a number."]
    return {name: value for name, value in criteria.items() if value is not None} or None


def _parking(body: dict[str, Any], errors: dict[str, list[str]]) -> dict[str, Any] | None:
    """Return what is asked of a parking space; what is wrong with it is added to `errors`."""
    parking = body.get("parkingSpaceCriteria")
    if not isinstance(parking, dict | None):
        errors["parkingSpaceCriteria"] = ["The parking space criteria must be an object."]
        return None
    wanted = {name: value for name, value in (parking or {}).items() if value is not None}
    for name, value in wanted.items():
        if name.startswith("vehicle") and name != "vehicleType":
            good = type(value) is int and value >= 1
        elif name == "vehicleType":
            good = value in VEHICLE_TYPES
        else:
            good = isinstance(value, bool)
        if not good:
            errors[f"parkingSpaceCriteria.{name}"] = [f"The {name} is invalid."]
    return wanted or None


def _tokens(world: World, body: dict[str, Any], errors: dict[str, list[str]]) -> list[int]:
    tokens = body.get("authorizedTokenIds") or []
    known = {tag.token_id for tag in world.id_tags.values()}
    if not isinstance(tokens, list) or any(token not in known for token in tokens):
        errors["authorizedTokenIds"] = ["The selected tokens are invalid."]
        return []
    return tokens


def _ask_for_change(world: World, body: dict[str, Any], external_id: str | None) -> Request:
    booking = _booking_named(world, body)
    if world.running_changes == "invalid" and booking.start_at <= world.now():
        raise Invalid({"endAt": ["A booking that has started cannot be changed."]})
    start = parse_instant(body["startAt"], "startAt") if body.get("startAt") else None
    end = parse_instant(body["endAt"], "endAt") if body.get("endAt") else None
    if (end or booking.end_at) <= (start or booking.start_at):
        raise Invalid({"endAt": ["The end at must be a date after start at."]})
    user = required_id(body, "userId") if body.get("userId") is not None else None
    if user is not None and user not in world.users:
        raise Invalid({"userId": ["The selected user is invalid."]})
    errors: dict[str, list[str]] = {}
    tokens = _tokens(world, body, errors)
    if errors:
        raise Invalid(errors)
    return world.ask(
        type="update",
        token_ids=tokens,
        booking_id=booking.id,
        user_id=user,
        start_at=start,
        end_at=end,
        external_id=external_id,
    )


def _ask_for_cancel(world: World, body: dict[str, Any], external_id: str | None) -> Request:
    booking = _booking_named(world, body)
    return world.ask(type="cancel", booking_id=booking.id, external_id=external_id)


def _booking_named(world: World, body: dict[str, Any]) -> Booking:
    booking = world.bookings.get(required_id(body, "bookingId"))
    if booking is None:
        raise Invalid({"bookingId": ["The selected booking is invalid."]})
    return booking


def list_bookings(world: World, request: HttpRequest) -> dict[str, Any]:
    status = choice(request, "status", BOOKING_STATUSES)
    rows = _wanted(request, world.bookings.values(), status)
    return page_of(request, rows, lambda each: payloads.booking(world, each, evses=False))


def read_booking(world: World, request: HttpRequest, pk: int) -> dict[str, Any]:
    evses = includes(request, "bookedEvses")
    return {"data": payloads.booking(world, found(world.bookings, pk), evses=evses)}


def _wanted(request: HttpRequest, records: Iterable[Placed], status: str | None) -> list[Placed]:
    user, location = number(request, "userId"), number(request, "locationId")
    starts = window(request, "startAfter", "startBefore")
    ends = window(request, "endAfter", "endBefore")
    return [
        each
        for each in records
        if (status is None or each.status == status)
        and (user is None or each.user_id == user)
        and (location is None or each.location_id == location)
        and starts(each.start_at)
        and ends(each.end_at)
    ]
