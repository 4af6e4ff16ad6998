"""Contracts, revenues and expenses of partners over HTTP."""

from collections.abc import Iterable
from typing import Any

from werkzeug.wrappers import Request

from sandbox.api.filters import choice, number, text, updated_between, window
from sandbox.api.operations import Operations, check_allowed
from sandbox.api.paging import page_of
from sandbox.api.payloads import instant
from sandbox.world.partners import (
    CURRENCY,
    FEE_PER_CHARGE_POINT,
    PARTNER_SHARE,
    Entry,
    expenses,
    revenues,
)
from sandbox.world.world import World

REVENUES = ("electricity-tax-reimbursement", "session-cpo")
EXPENSES = ("platform-fee-emsp", "platform-fee-cpo", "user-custom-fee", "session-emsp")


def list_contracts(world: World, request: Request) -> dict[str, Any]:
    """List the contracts with partners, one each."""
    check_allowed(world, "partner-contracts")
    since = world.clock.now().replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = [Entry(pk, pk, since, "", 0) for pk in world.partners]
    updated = updated_between(request)
    rows = [each for each in rows if updated(each.at)]

    def write(record: Entry) -> dict[str, Any]:
        return {
            "id": record.id,
            "title": f"Fleet agreement {world.partners[record.partner_id]}",
            "partnerId": record.partner_id,
            "startDate": instant(record.at),
            "endDate": None,
            "autoRenewal": True,
            "accessAndPermissions": {
                "sessionsRemoteControl": True,
                "startReservation": True,
                "stopReservation": True,
                "resetChargePoint": False,
                "firmwareUpdate": False,
            },
            "revenueSharing": {
                "partnerSharePercentageAcEvse": PARTNER_SHARE,
                "partnerSharePercentageDcEvse": PARTNER_SHARE,
                "excludeConnectionFee": True,
                "deductElectricityCost": False,
            },
            "monthlyPlatformFees": {
                "perChargePoint": FEE_PER_CHARGE_POINT,
                "perAcEvse": 0,
                "perDcEvse": 0,
            },
            "lastUpdatedAt": instant(record.at),
        }

    return page_of(request, rows, write, numbered=True, cursors=False)


def list_revenues(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "partner-revenues")
    rows = _asked_for(request, revenues(world), origins=REVENUES)

    def write(record: Entry) -> dict[str, Any]:
        share = round(record.amount * PARTNER_SHARE / 100, 2)
        return _entry(world, record) | {
            "operatorShare": round(record.amount - share, 2),
            "partnerShare": share,
            "remainingRevenue": 0,
            "collectedAt": instant(record.at),
        }

    return page_of(request, rows, write)


def list_expenses(world: World, request: Request) -> dict[str, Any]:
    check_allowed(world, "partner-expenses")
    rows = _asked_for(request, expenses(world), origins=EXPENSES)
    with_breakdown = request.args.get("withBreakdown") in {"true", "1"}

    def write(record: Entry) -> dict[str, Any]:
        payload = _entry(world, record) | {"period": f"{record.at:%m.%Y}"}
        if with_breakdown:
            payload["breakdown"] = [
                {
                    "partnerContractId": record.partner_id,
                    "numberOfChargePoints": record.charge_points,
                    "totalPlatformFeeChargePoints": record.amount,
                    "numberOfAcEvses": 0,
                    "totalPlatformFeeAcEvses": 0,
                    "numberOfDcEvses": 0,
                    "totalPlatformFeeDcEvses": 0,
                }
            ]
        return payload

    return page_of(request, rows, write)


def _asked_for(
    request: Request, entries: Iterable[Entry], *, origins: tuple[str, ...]
) -> list[Entry]:
    partner, currency = number(request, "partnerId"), text(request, "currencyCode")
    origin = choice(request, "origin", origins)
    dated = window(request, "dateAfter", "dateBefore")
    return [
        each
        for each in entries
        if partner in {None, each.partner_id}
        and origin in {None, each.origin}
        and currency in {None, CURRENCY}
        and dated(each.at)
    ]


def _entry(world: World, record: Entry) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id": record.id,
        "partnerId": record.partner_id,
        "partnerName": world.partners[record.partner_id],
        "date": instant(record.at),
        "origin": record.origin,
        "totalAmount": {"withoutTax": record.amount},
        "currencyCode": CURRENCY,
        "settlementReportId": None,
    }
    if record.session_id is not None:
        payload["chargingSessionId"] = record.session_id
        payload["chargePointName"] = record.charge_point
    return payload


OPERATIONS: Operations = {
    ("GET", "/resources/partner-contracts/v1.0"): list_contracts,
    ("GET", "/resources/partner-revenues/v1.1"): list_revenues,
    ("GET", "/resources/partner-expenses/v1.1"): list_expenses,
}
