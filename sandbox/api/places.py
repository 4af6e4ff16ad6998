"""Locations, charge points and EVSEs over HTTP."""

from typing import Any

from werkzeug.wrappers import Request

from sandbox.api import payloads
from sandbox.api.errors import Forbidden
from sandbox.api.filters import found, includes, number, text, updated_between
from sandbox.api.paging import page_of
from sandbox.world.world import World


def list_locations(world: World, request: Request) -> dict[str, Any]:
    country, city = text(request, "country"), text(request, "city")
    updated = updated_between(request)
    rows = [
        each
        for each in world.locations.values()
        if (country is None or each.country == country)
        and (city is None or each.city == city)
        and updated(each.updated_at)
    ]
    return page_of(request, rows, lambda each: payloads.location(world, each))


def list_charge_points(world: World, request: Request) -> dict[str, Any]:
    location, partner = number(request, "locationId"), number(request, "partnerId")
    kind = text(request, "type")
    updated = updated_between(request)
    rows = [
        each
        for each in world.charge_points.values()
        if (location is None or each.location_id == location)
        and (partner is None or each.partner_id == partner)
        and (kind is None or each.type == kind)
        and updated(each.updated_at)
    ]
    return page_of(request, rows, lambda each: payloads.charge_point(world, each))


def list_evses_of_charge_point(world: World, request: Request, pk: int) -> dict[str, Any]:
    rows = [world.evses[evse_id] for evse_id in found(world.charge_points, pk).evse_ids]
    connectors = includes(request, "connectors")
    return page_of(
        request,
        rows,
        lambda each: payloads.evse(world, each, connectors=connectors, nested=True),
    )


def list_evses(world: World, request: Request) -> dict[str, Any]:
    """List all EVSEs, unless this token may not."""
    if world.evse_list_forbidden:
        raise Forbidden
    charge_point = number(request, "chargePointId")
    updated = updated_between(request)
    rows = [
        each
        for each in world.evses.values()
        if (charge_point is None or each.charge_point_id == charge_point)
        and updated(each.updated_at)
    ]
    connectors = includes(request, "connectors")
    return page_of(request, rows, lambda each: payloads.evse(world, each, connectors=connectors))


def read_evse(world: World, request: Request, pk: int) -> dict[str, Any]:
    connectors = includes(request, "connectors")
    return {"data": payloads.evse(world, found(world.evses, pk), connectors=connectors)}


def list_parking_spaces(world: World, request: Request) -> dict[str, Any]:
    """List parking spaces, unless this token may not."""
    if world.parking_forbidden:
        raise Forbidden
    evse, external_id = number(request, "evseId"), text(request, "externalId")
    updated = updated_between(request)
    rows = [
        each
        for each in world.parking_spaces.values()
        if (evse is None or evse in each.evse_ids)
        and external_id is None
        and updated(each.updated_at)
    ]
    evses = includes(request, "evses")
    return page_of(request, rows, lambda each: payloads.parking_space(world, each, evses=evses))


def read_parking_space(world: World, request: Request, pk: int) -> dict[str, Any]:
    if world.parking_forbidden:
        raise Forbidden
    evses = includes(request, "evses")
    return {"data": payloads.parking_space(world, found(world.parking_spaces, pk), evses=evses)}
