"""Tariffs, their groups and snapshots over HTTP."""

from typing import Any

from werkzeug.wrappers import Request

from sandbox.api import payloads
from sandbox.api.errors import Invalid, Missing
from sandbox.api.filters import found, number, text
from sandbox.api.operations import Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.world.tariffs import Tariff, TariffGroup, held, tariff_in
from sandbox.world.world import World

RESOURCE = "tariffs"


def list_tariffs(world: World, request: Request) -> dict[str, Any]:
    """List tariffs. With a user it is the one of a group that applies, and not a page of a list."""
    check_allowed(world, RESOURCE)
    group_id, kind = number(request, "tariffGroupId"), text(request, "type")
    partner = number(request, "partnerId")
    if "filter[userId]" in request.args:
        if group_id is None:
            raise Invalid({"filter.userId": ["The userId can only be used with tariffGroupId."]})
        group = world.tariff_groups.get(group_id)
        tariff = tariff_in(world, group, number(request, "userId")) if group else None
        return {"data": [_tariff(tariff)] if tariff else []}
    rows = list(world.tariffs.values())
    if group_id is not None:
        group = world.tariff_groups.get(group_id)
        rows = [world.tariffs[pk] for pk in group.tariff_ids] if group else []
    rows = [
        each
        for each in rows
        if (kind is None or each.type == kind) and (partner is None or each.partner_id == partner)
    ]
    return page_of(request, rows, lambda each: _tariff(each), numbered=True)


def read_tariff(world: World, _request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, RESOURCE)
    return {"data": _tariff(found(world.tariffs, pk))}


def list_groups(world: World, request: Request) -> dict[str, Any]:
    """List tariff groups; their pages are numbered unless a cursor is sent."""
    check_allowed(world, RESOURCE)
    partner = number(request, "partnerId")
    rows = [
        each
        for each in world.tariff_groups.values()
        if partner is None or each.partner_id == partner
    ]
    return page_of(request, rows, lambda each: _group(each), numbered=True)


def read_group(world: World, _request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, RESOURCE)
    return {"data": _group(found(world.tariff_groups, pk))}


def read_snapshot(world: World, _request: Request, pk: int) -> dict[str, Any]:
    """Read what a tariff's prices were when somebody began to charge by it."""
    check_allowed(world, RESOURCE)
    known = held(world, pk)
    if known is None:
        raise Missing
    tariff, pricing = known
    payload = _tariff(tariff) | {"id": pk, "tariffId": tariff.id}
    return {"data": payload | {"pricing": pricing}}


def _tariff(record: Tariff) -> dict[str, Any]:
    payload = {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "description": None,
        "additionalInformation": None,
        "learnMoreUrl": None,
        "pricing": record.pricing,
        "currency": record.currency,
        "stopSession": {"timeLimitMinutes": None, "stopWhenEnergyExceedsKwh": None},
        "restrictions": {
            "applyToUsersOfChargePointOwner": False,
            "applyToUsersOfChargePointPartner": False,
            "applyToUsersOfAllRoamingEmsps": False,
            "applyToAdHocUsers": False,
            "applyToUsersOfPartners": [],
            "applyToUserGroupIds": [],
            "applyToUsersWithSubscriptions": [],
            "startDate": None,
            "endDate": None,
            **record.restrictions,
        },
        "partner": {"id": record.partner_id},
        "lastUpdatedAt": payloads.instant(record.updated_at),
        "integrationId": None,
        "externalId": None,
    }
    if record.day_start:
        payload |= {"dayTariffStart": record.day_start, "nightTariffStart": record.night_start}
    return payload


def _group(record: TariffGroup) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "tariffIds": list(record.tariff_ids),
        "partnerId": record.partner_id,
        "lastUpdatedAt": payloads.instant(record.updated_at),
    }


OPERATIONS: Operations = {
    ("GET", "/resources/tariffs/v1.0"): list_tariffs,
    ("GET", "/resources/tariffs/v1.0/<int:pk>"): read_tariff,
    ("GET", "/resources/tariff-groups/v1.0"): list_groups,
    ("GET", "/resources/tariff-groups/v1.0/<int:pk>"): read_group,
    ("GET", "/resources/tariff-snapshots/v1.0/<int:pk>"): read_snapshot,
}
