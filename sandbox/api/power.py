"""Circuits and electricity rates over HTTP."""

from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Forbidden
from sandbox.api.filters import found, includes
from sandbox.api.paging import page_of
from sandbox.world.power import Circuit, Rate
from sandbox.world.world import World


def list_circuits(world: World, request: Request) -> dict[str, Any]:
    """List circuits, unless this token may not."""
    _check_allowed(world)
    members = includes(request, "chargePointPriorities")
    return page_of(request, list(world.circuits.values()), lambda one: _circuit(one, members))


def read_circuit(world: World, request: Request, pk: int) -> dict[str, Any]:
    _check_allowed(world)
    members = includes(request, "chargePointPriorities")
    return {"data": _circuit(found(world.circuits, pk), members)}


def list_rates(world: World, request: Request) -> dict[str, Any]:
    """List electricity rates, unless this token may not."""
    _check_allowed(world)
    return page_of(request, list(world.rates.values()), _rate)


def read_rate(world: World, _request: Request, pk: int) -> dict[str, Any]:
    _check_allowed(world)
    return {"data": _rate(found(world.rates, pk))}


def list_price_periods(world: World, request: Request, pk: int) -> dict[str, Any]:
    """List the prices of a rate; there are so few that they come on one page."""
    _check_allowed(world)
    days = found(world.rates, pk).days
    return {
        "data": days,
        "links": dict.fromkeys(("first", "last", "prev", "next")),
        "meta": {"path": request.base_url, "per_page": 100},
    }


def _check_allowed(world: World) -> None:
    if world.power_forbidden:
        raise Forbidden


def _circuit(record: Circuit, members: bool) -> dict[str, Any]:
    elsewhere = record.limited_elsewhere
    payload: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "parentCircuitId": record.parent_id,
        "phases": "three_phase",
        "phaseRotation": "RST",
        "electricalConfiguration": "star",
        "maxVoltage": record.max_voltage,
        "maxCurrent": record.max_current,
        "minChargePointCurrent": None,
        "electricityMeterId": None,
        "offlineReservedCurrent": None,
        "loadBalancingIntegration": None if elsewhere is None else {"id": elsewhere},
    }
    if members:
        payload["chargePointPriorities"] = [
            {"id": pk, "priority": 1, "evses": []} for pk in record.charge_point_ids
        ]
    return payload


def _rate(record: Rate) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "utilityId": None,
        "type": record.type,
        "defaultPrice": record.default_price,
        "taxPercentage": None,
    }
