"""Status logs, error codes and firmware over HTTP."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.errors import Missing
from sandbox.api.filters import found, includes, window
from sandbox.api.operations import Operation, Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import instant
from sandbox.world.hardware import (
    ERROR_CODES,
    FIRMWARE,
    MODEL_ID,
    OCPP_CODES,
    VENDOR,
    Entry,
    evse_log,
    network_log,
)
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Numbered:
    id: int
    what: str


def list_network_logs(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "status-logs")
    found(world.charge_points, pk)
    return page_of(request, _within(request, network_log(world, pk)), _of_network)


def list_charge_point_logs(world: World, request: Request, pk: int) -> dict[str, Any]:
    """List the states of a charge point as a whole, which are those of its first EVSE here."""
    check_allowed(world, "status-logs")
    evses = found(world.charge_points, pk).evse_ids
    entries = evse_log(world, evses[0]) if evses else []
    return page_of(request, _within(request, entries), _of_hardware)


def list_evse_logs(world: World, request: Request, pk: int) -> dict[str, Any]:
    check_allowed(world, "status-logs")
    found(world.evses, pk)
    return page_of(request, _within(request, evse_log(world, pk)), _of_hardware)


def list_error_codes(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "vendor-error-codes")
    rows = [Numbered(number, code) for number, code in enumerate(sorted(ERROR_CODES), start=1)]

    def write(one: Numbered) -> dict[str, Any]:
        description, action = ERROR_CODES[one.what]
        return {
            "id": one.id,
            "vendorId": VENDOR,
            "errorCode": one.what,
            "errorCodeDescription": description,
            "errorCodeCustomerAction": action,
        }

    return page_of(request, rows, write, numbered=True, cursors=False)


def list_firmware(world: World, request: Request) -> dict[str, Any]:
    """List the versions of the firmware, with the models that they are for where asked."""
    check_allowed(world, "firmware-versions")
    with_models = includes(request, "models")
    rows = [Numbered(number, version) for number, (version, _age) in enumerate(FIRMWARE, start=1)]

    def write(one: Numbered) -> dict[str, Any]:
        made = instant(world.clock.now() - timedelta(days=FIRMWARE[one.id - 1][1]))
        payload = {
            "id": one.id,
            "firmwareVersion": one.what,
            "details": "",
            "chargePointVendorId": 3,
            "fileUrl": "https://files.example/firmware.bin?signature=never-store-this",
            "createdAt": made,
            "updatedAt": made,
        }
        return payload | ({"models": [MODEL_ID]} if with_models else {})

    return page_of(request, rows, write)


def latest(entries: Callable[[World, int], list[Entry]], kind: str) -> Operation:
    """Return what answers with the last entry of a log."""

    def read(world: World, _request: Request, pk: int) -> dict[str, Any]:
        check_allowed(world, "status-logs")
        found(getattr(world, kind), pk)
        known = entries(world, pk)
        if not known:
            raise Missing
        write = _of_network if entries is network_log else _of_hardware
        return {"data": write(known[-1])}

    return read


def _within(request: Request, entries: Iterable[Entry]) -> list[Entry]:
    made = window(request, "createdAfter", "createdBefore")
    return [one for one in entries if made(one.at)]


def _of_network(one: Entry) -> dict[str, Any]:
    return {"status": one.status, "timestamp": instant(one.at)}


def _of_hardware(one: Entry) -> dict[str, Any]:
    payload = _of_network(one) | {
        "errorCode": OCPP_CODES.get(one.error, "NoError"),
        "vendorId": VENDOR,
        "info": "",
    }
    return payload | ({"vendorErrorCode": one.error} if one.error else {})


OPERATIONS: Operations = {
    ("GET", "/resources/charge-points/v2.0/<int:pk>/network-status-logs"): list_network_logs,
    ("GET", "/resources/charge-points/v2.0/<int:pk>/hardware-status-logs"): list_charge_point_logs,
    ("GET", "/resources/evses/v2.0/<int:pk>/hardware-status-logs"): list_evse_logs,
    ("GET", "/resources/charge-points/v2.0/<int:pk>/latest-network-status-log"): latest(
        network_log, "charge_points"
    ),
    ("GET", "/resources/evses/v2.0/<int:pk>/latest-hardware-status-log"): latest(evse_log, "evses"),
    ("GET", "/resources/vendor-error-codes/v2.0"): list_error_codes,
    ("GET", "/resources/firmware-versions/v1.0"): list_firmware,
}
