"""Roaming connections, operators, tariffs and CDRs over HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Missing
from sandbox.api.filters import window
from sandbox.api.operations import Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import instant
from sandbox.world.roaming import OPERATORS, PLATFORM, PRICE
from sandbox.world.world import World

# So many charges of others came since, one a day at most.
DAYS = 30


@dataclass(frozen=True, slots=True)
class Cdr:
    id: int
    operator_id: int
    start_at: datetime
    energy_kwh: float


def list_connections(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "roaming")

    def write(_one: Cdr) -> dict[str, Any]:
        return {
            "id": PLATFORM,
            "protocol": "OCPI",
            "endpoint": "https://hub.example/ocpi/versions",
            "ocpi": {"token": "never-store-this-either"},
            "lastUpdatedAt": instant(world.clock.now()),
        }

    return page_of(request, [Cdr(PLATFORM, 0, world.clock.now(), 0)], write)


def list_operators(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "roaming")
    rows = [Cdr(pk, pk, world.clock.now(), 0) for pk, *_rest in OPERATORS]
    named = {pk: rest for pk, *rest in OPERATORS}

    def write(one: Cdr) -> dict[str, Any]:
        name, country, party = named[one.id]
        return {
            "id": one.id,
            "role": "CPO",
            "hubjectId": None,
            "businessName": name,
            "platformId": PLATFORM,
            "partnerId": None,
            "enabled": True,
            "countryCode": country,
            "partyId": party,
            "lastUpdatedAt": instant(one.start_at),
        }

    return page_of(request, rows, write, numbered=True, cursors=False)


def list_tariffs(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "roaming")
    rows = [Cdr(pk + 800, pk, world.clock.now(), 0) for pk, *_rest in OPERATORS]

    def write(one: Cdr) -> dict[str, Any]:
        return {
            "id": one.id,
            "roamingIds": [f"T-{one.operator_id}"],
            "roamingTariffHumanReadable": f"{PRICE:.2f} EUR per kWh",
            "rawRoamingTariffs": [],
            "operatorId": one.operator_id,
            "tariffGroupId": None,
        }

    return page_of(request, rows, write, numbered=True, cursors=False)


def list_cdrs(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "roaming")
    received = window(request, "receivedAfter", "receivedBefore")
    rows = [each for each in _cdrs(world) if received(each.start_at + timedelta(hours=2))]
    return page_of(request, rows, _cdr)


def read_cdr(world: World, _request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "roaming")
    for each in _cdrs(world):
        if each.id == pk:
            return {"data": _cdr(each)}
    raise Missing


def _cdrs(world: World) -> list[Cdr]:
    today = world.clock.now().replace(hour=9, minute=0, second=0, microsecond=0)
    rows = []
    for back in range(1, DAYS + 1, 3):
        day = today - timedelta(days=back)
        rows.append(
            Cdr(
                id=day.toordinal(),
                operator_id=OPERATORS[back % len(OPERATORS)][0],
                start_at=day,
                energy_kwh=20 + day.toordinal() % 17,
            )
        )
    return rows


def _cdr(one: Cdr) -> dict[str, Any]:
    end = one.start_at + timedelta(minutes=50)
    return {
        "id": one.id,
        "operatorId": one.operator_id,
        "platformId": PLATFORM,
        "protocolType": "OCPI",
        "sessionId": f"R{one.id}",
        "receivedAt": instant(one.start_at + timedelta(hours=2)),
        "startTime": instant(one.start_at),
        "endTime": instant(end),
        "ocpiData": {
            "version": "2.2",
            "authMethod": "AUTH_REQUEST",
            "currency": "EUR",
            "totalCost": round(one.energy_kwh * PRICE, 2),
            "totalEnergy": one.energy_kwh,
            "totalTime": round(50 / 60, 4),
        },
        "credit": False,
        "isLocal": False,
        "lastUpdatedAt": instant(one.start_at + timedelta(hours=2)),
    }


OPERATIONS: Operations = {
    ("GET", "/resources/roaming-connections/v2.0"): list_connections,
    ("GET", "/resources/roaming-operators/v2.0"): list_operators,
    ("GET", "/resources/roaming-tariffs/v2.0"): list_tariffs,
    ("GET", "/resources/cdrs/v2.0"): list_cdrs,
    ("GET", "/resources/cdrs/v2.0/<int:pk>"): read_cdr,
}
