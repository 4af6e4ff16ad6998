"""Every call of the client satisfies the vendor's document, and so do the hand-made answers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from ampeco.client import AmpecoClient
from ampeco.types import (
    CancelBookingRequest,
    ChangeBookingRequest,
    EvseCriteria,
    NewBookingRequest,
    NewDowntime,
    ParkingSpaceCriteria,
)
from ampeco.types.downtime import OF_CHARGE_POINT, OF_EVSE
from tests.contract.checker import ContractChecker
from tests.scripted_operator import BASE_URL, TOKEN, page, payload
from upstream.rate_gate import MemoryGate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
NEW = NewBookingRequest(
    user_id=42, location_id=7, start_at=NOON, end_at=LATER, external_id="ours", evse_id=15
)
ANY_THAT_FITS = NewBookingRequest(
    user_id=42,
    location_id=7,
    start_at=NOON,
    end_at=LATER,
    external_id="ours",
    criteria=EvseCriteria(
        current_type="dc",
        connector_type="type-e-french",
        min_power_kw=Decimal("22.5"),
        max_power_kw=Decimal(350),
    ),
    parking=ParkingSpaceCriteria(
        weight_kg=18000,
        height_cm=400,
        length_cm=1200,
        width_cm=255,
        vehicle_type="heavy_duty_trucks_without_articulation_point",
        drive_through=True,
        refrigeration_outlet=True,
        dangerous_goods=True,
    ),
    authorized_token_ids=(11, 12),
)
TIMES: dict[str, Any] = {
    "start_after": NOON,
    "start_before": NOON,
    "end_after": NOON,
    "end_before": NOON,
}

OF_DOWNTIME: dict[str, Any] = {
    "location_id": 7,
    "entry_mode": "manual",
    "kind": "exempt",
    "started_after": NOON,
    "stopped_before": LATER,
    "longer_than_minutes": 10,
    "shorter_than_minutes": 100,
    "updated_after": NOON,
}

SUBSCRIPTION = {
    "id": 3,
    "via": "webhook",
    "notifications": ["evse.changed"],
    "webhook": {"callbackUrl": "https://here.example"},
}

Call = Callable[[AmpecoClient], Any]
CALLS: dict[str, tuple[str, Any, Call]] = {
    "location_pages": (
        "locationsListing",
        [payload("location", "3.110")],
        lambda c: c.location_pages(updated_after=NOON),
    ),
    "read_location": (
        "locationRead",
        payload("location", "3.110"),
        lambda c: c.read_location(7),
    ),
    "charge_point_pages": (
        "chargePointsListing",
        [payload("charge_point", "3.110")],
        lambda c: c.charge_point_pages(location_id=7, updated_after=NOON),
    ),
    "read_charge_point": (
        "chargePointRead",
        payload("charge_point", "3.110"),
        lambda c: c.read_charge_point(70),
    ),
    "evse_pages": (
        "evsesListing",
        [payload("evse", "3.110")],
        lambda c: c.evse_pages(updated_after=NOON),
    ),
    "evse_pages_of_charge_point": (
        "chargePointEvsesListing",
        [payload("evse", "3.110")],
        lambda c: c.evse_pages_of_charge_point(70),
    ),
    "check_availability": (
        "locationCheckBookingAvailability",
        [
            {
                "evseId": 15,
                "availableSlots": [
                    {"startAt": "2026-03-01T12:00:00Z", "endAt": "2026-03-01T13:00:00Z"}
                ],
            }
        ],
        lambda c: c.check_availability(7, start_after=NOON, end_before=LATER),
    ),
    "find_users_by_email": (
        "usersListing",
        [payload("user", "3.110")],
        lambda c: c.find_users_by_email("Anna.Kovacs@hudson.example", partner_id=501),
    ),
    "users_of_partner": (
        "usersListing",
        [payload("user", "3.110")],
        lambda c: c.users_of_partner(501),
    ),
    "partner_user_pages": (
        "usersListing",
        [payload("user", "3.110")],
        lambda c: c.partner_user_pages(501),
    ),
    "partner_invites": (
        "partnerInvitesListing",
        payload("user", "3.110")["partnerInvites"],
        lambda c: c.partner_invites(partner_id=501, user_id=42, status="accepted"),
    ),
    "read_partner": ("partnerRead", payload("partner", "3.110"), lambda c: c.read_partner(501)),
    "create_booking_request": (
        "bookingRequestCreate",
        payload("booking_request", "create approved"),
        lambda c: c.create_booking_request(NEW),
    ),
    "create_booking_request by criteria": (
        "bookingRequestCreate",
        payload("booking_request", "create pending"),
        lambda c: c.create_booking_request(ANY_THAT_FITS),
    ),
    "change_booking_request": (
        "bookingRequestCreate",
        payload("booking_request", "update rejected"),
        lambda c: c.change_booking_request(
            ChangeBookingRequest(
                booking_id=100, external_id="ours", user_id=42, start_at=NOON, end_at=LATER
            )
        ),
    ),
    "cancel_booking_request": (
        "bookingRequestCreate",
        payload("booking_request", "cancel pending"),
        lambda c: c.cancel_booking_request(
            CancelBookingRequest(booking_id=100, external_id="ours")
        ),
    ),
    "read_booking_request": (
        "bookingRequestRead",
        payload("booking_request", "create pending"),
        lambda c: c.read_booking_request(1),
    ),
    "booking_request_pages": (
        "bookingRequestsListing",
        [payload("booking_request", "update rejected")],
        lambda c: c.booking_request_pages(
            status="rejected",
            user_id=42,
            location_id=7,
            external_id="ours",
            created_after=NOON,
            created_before=NOON,
            **TIMES,
        ),
    ),
    "find_booking_requests": (
        "bookingRequestsListing",
        [payload("booking_request", "create pending")],
        lambda c: c.find_booking_requests("ours"),
    ),
    "booking_pages": (
        "bookingsListing",
        [{k: v for k, v in payload("booking", "3.110").items() if k != "bookedEvses"}],
        lambda c: c.booking_pages(status="no-show", user_id=42, location_id=7, **TIMES),
    ),
    "read_booking": ("bookingRead", payload("booking", "3.110"), lambda c: c.read_booking(100)),
    "session_pages": (
        "sessionsListing",
        [payload("session", "3.110")],
        lambda c: c.session_pages(
            status="active",
            user_id=42,
            evse_id=15,
            charge_point_id=70,
            partner_id=501,
            started_after=NOON,
            started_before=NOON,
            ended_after=NOON,
            ended_before=NOON,
            updated_after=NOON,
        ),
    ),
    "session_pages with breakdown": (
        "sessionsListing",
        [payload("session", "with all")],
        lambda c: c.session_pages(updated_after=NOON, with_price_breakdown=True),
    ),
    "read_session with breakdown": (
        "sessionRead",
        payload("session", "with all"),
        lambda c: c.read_session("5002", with_price_breakdown=True),
    ),
    "consumption_stats": (
        "sessionsConsumptionStatsRead",
        [payload("billing", "consumption")],
        lambda c: c.consumption_stats("5002"),
    ),
    "transaction_pages": (
        "transactionsListing",
        [payload("billing", "transaction")],
        lambda c: c.transaction_pages(
            status="finalized",
            user_id=42,
            session_id=5001,
            created_after=NOON,
            updated_after=NOON,
            finalized_after=NOON,
        ),
    ),
    "read_receipt": ("receiptRead", payload("billing", "receipt"), lambda c: c.read_receipt(91)),
    "sessions_of_charge_point": (
        "sessionsListing",
        [payload("session", "3.110")],
        lambda c: c.sessions_of_charge_point(70, started_after=NOON),
    ),
    "parking_space_pages": (
        "listParkingSpace",
        [payload("parking_space", "3.110")],
        lambda c: c.parking_space_pages(updated_after=NOON),
    ),
    "circuit_pages": (
        "circuitsListing",
        [payload("circuit", "3.110")],
        lambda c: c.circuit_pages(),
    ),
    "electricity_rate_pages": (
        "electricityRatesListing",
        [payload("electricity_rate", "3.110")],
        lambda c: c.electricity_rate_pages(),
    ),
    "price_days": (
        "electricityRatePricePeriodsListing",
        [payload("price_days", "weekdays"), payload("price_days", "date")],
        lambda c: c.price_days(3),
    ),
    "id_tags_of": ("idTagsListing", [payload("id_tag", "3.110")], lambda c: c.id_tags_of(42)),
    "start_charge": (
        "evseStartChargingWithEvseId",
        {"success": True, "sessionId": 5001, "authorizationId": 7},
        lambda c: c.start_charge(15, user_id=42, booking_id=100),
    ),
    "stop_charge": (
        "chargePointStopChargingSession",
        None,
        lambda c: c.stop_charge(70, "5001"),
    ),
    "unlock_connector": (
        "chargePointEvseUnlock",
        {"success": True},
        lambda c: c.unlock_connector(70, "1"),
    ),
    "read_session": ("sessionRead", payload("session", "3.110"), lambda c: c.read_session("5001")),
    "tariff_pages": ("tariffsListing", [payload("tariff", "3.110")], lambda c: c.tariff_pages()),
    "tariff_for_user": (
        "tariffsListing",
        [payload("tariff", "3.110")],
        lambda c: c.tariff_for_user(9, 42),
    ),
    "tariff_group_pages": (
        "tariffGroupsListing",
        [payload("tariff", "group")],
        lambda c: c.tariff_group_pages(),
    ),
    "read_tariff_snapshot": (
        "tariffSnapshotRead",
        payload("tariff", "snapshot"),
        lambda c: c.read_tariff_snapshot(9001),
    ),
    "downtime_pages": (
        "chargePointDowntimePeriodsListing",
        [payload("downtime", "of a charge point")],
        lambda c: c.downtime_pages(OF_CHARGE_POINT, charge_point_id=70, **OF_DOWNTIME),
    ),
    "downtime_pages of EVSEs": (
        "evseDowntimePeriodsListing",
        [payload("downtime", "of an EVSE")],
        lambda c: c.downtime_pages(OF_EVSE, evse_id=15, charge_point_id=70, **OF_DOWNTIME),
    ),
    "read_downtime": (
        "chargePointDowntimePeriodRead",
        payload("downtime", "of a charge point"),
        lambda c: c.read_downtime(OF_CHARGE_POINT, 31),
    ),
    "read_downtime of an EVSE": (
        "evseDowntimePeriodRead",
        payload("downtime", "of an EVSE"),
        lambda c: c.read_downtime(OF_EVSE, 31),
    ),
    "create_downtime": (
        "chargePointDowntimePeriodCreate",
        payload("downtime", "of a charge point"),
        lambda c: c.create_downtime(NewDowntime(OF_CHARGE_POINT, 70, 4, NOON, LATER)),
    ),
    "create_downtime of an EVSE": (
        "evseDowntimePeriodCreate",
        payload("downtime", "of an EVSE"),
        lambda c: c.create_downtime(NewDowntime(OF_EVSE, 15, 4, NOON, LATER)),
    ),
    "change_downtime": (
        "chargePointDowntimePeriodUpdate",
        payload("downtime", "of a charge point"),
        lambda c: c.change_downtime(
            OF_CHARGE_POINT, 31, started_at=NOON, ended_at=LATER, notice_id=4
        ),
    ),
    "change_downtime of an EVSE": (
        "evseDowntimePeriodUpdate",
        payload("downtime", "of an EVSE"),
        lambda c: c.change_downtime(OF_EVSE, 31, ended_at=LATER),
    ),
    "delete_downtime": (
        "chargePointDowntimePeriodDelete",
        None,
        lambda c: c.delete_downtime(OF_CHARGE_POINT, 31),
    ),
    "delete_downtime of an EVSE": (
        "evseDowntimePeriodDelete",
        None,
        lambda c: c.delete_downtime(OF_EVSE, 31),
    ),
    "downtime_notices": (
        "getDowntimePeriodNotices",
        [payload("downtime", "notice")],
        lambda c: c.downtime_notices(kind="exempt"),
    ),
    "read_hardware": (
        "chargePointRead",
        payload("charge_point", "3.110"),
        lambda c: c.read_hardware(70),
    ),
    "network_log_pages": (
        "listChargePointNetworkStatusLogs",
        [payload("status_log", "network")],
        lambda c: c.network_log_pages(70, after=NOON),
    ),
    "evse_log_pages": (
        "listEvseHardwareStatusLogs",
        [payload("status_log", "hardware")],
        lambda c: c.evse_log_pages(15, after=NOON),
    ),
    "vendor_error_code_pages": (
        "vendorErrorCodesListing",
        [payload("vendor_error_code", "3.110")],
        lambda c: c.vendor_error_code_pages(),
    ),
    "firmware_version_pages": (
        "firmwareVersionsListing",
        [payload("firmware_version", "3.110")],
        lambda c: c.firmware_version_pages(),
    ),
    "partner_contract_pages": (
        "partnerContractsListing",
        [payload("partner_contract", "3.110")],
        lambda c: c.partner_contract_pages(updated_after=NOON),
    ),
    "partner_revenue_pages": (
        "revenuesListing",
        [payload("partner_revenue", "3.110")],
        lambda c: c.partner_revenue_pages(501, after=NOON, before=LATER),
    ),
    "partner_expense_pages": (
        "expensesListing",
        [payload("partner_expense", "3.110")],
        lambda c: c.partner_expense_pages(501, after=NOON, before=LATER),
    ),
    "roaming_connection_pages": (
        "listRoamingConnections",
        [payload("roaming_connection", "3.110")],
        lambda c: c.roaming_connection_pages(),
    ),
    "roaming_operator_pages": (
        "roamingOperatorsListing",
        [payload("roaming_operator", "3.110")],
        lambda c: c.roaming_operator_pages(),
    ),
    "roaming_tariff_pages": (
        "roamingTariffsListing",
        [payload("roaming_tariff", "3.110")],
        lambda c: c.roaming_tariff_pages(),
    ),
    "cdr_pages": (
        "cdrsListing",
        [payload("cdr", "OCPI"), payload("cdr", "Hubject")],
        lambda c: c.cdr_pages(received_after=NOON),
    ),
    "notification_subscriptions": (
        "notificationsListing",
        [SUBSCRIPTION],
        lambda c: c.notification_subscriptions(),
    ),
    "subscribe_to_notifications": (
        "notificationsSubscribe",
        SUBSCRIPTION,
        lambda c: c.subscribe_to_notifications("https://here.example", ["evse.changed"]),
    ),
    "unsubscribe_from_notifications": (
        "notificationsUnsubscribe",
        None,
        lambda c: c.unsubscribe_from_notifications(3),
    ),
}
STATUSES = {
    "bookingRequestCreate": 201,
    "notificationsSubscribe": 201,
    "notificationsUnsubscribe": 204,
    "evseStartChargingWithEvseId": 202,
    "chargePointStopChargingSession": 202,
    "chargePointEvseUnlock": 202,
    "chargePointDowntimePeriodCreate": 201,
    "evseDowntimePeriodCreate": 201,
    "chargePointDowntimePeriodDelete": 204,
    "evseDowntimePeriodDelete": 204,
}


@pytest.fixture(scope="module")
def checker() -> ContractChecker:
    return ContractChecker()


@pytest.mark.parametrize("call", CALLS)
def test_call_satisfies_the_document(checker, call):
    operation, data, make = CALLS[call]
    answered: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        checker.check_request(request)
        status = STATUSES.get(operation, 200)
        # What is accepted is told without the frame of other answers.
        body: dict[str, Any] = data if status == 202 else {"data": data}
        if request.method == "GET" and isinstance(data, list):
            body |= {
                "links": {"first": f"{BASE_URL}/x", "last": f"{BASE_URL}/x", "next": None},
                "meta": {"path": f"{BASE_URL}/x", "per_page": 100},
            }
        response = httpx.Response(status, json=None if data is None else body)
        checker.check_response(request, response)
        answered.append(request.url.path)
        return response

    client = AmpecoClient(
        base_url=BASE_URL,
        token=TOKEN,
        transport=httpx.MockTransport(answer),
        gate=MemoryGate(),
        max_retry_seconds=0,
    )
    result = make(client)
    if isinstance(result, Iterator):
        list(result)
    assert answered
    assert operation in checker.operations


def test_every_call_of_the_client_is_checked():
    methods = {
        name
        for name in dir(AmpecoClient)
        if callable(getattr(AmpecoClient, name)) and not name.startswith("_")
    }
    assert methods - {"close", "held_back_for"} == {call.split()[0] for call in CALLS}


def get(path: str, **changes: Any) -> httpx.Request:
    headers = changes.pop("headers", {"Authorization": "Bearer t"})
    return httpx.Request("GET", f"{BASE_URL}/{path}", headers=headers, **changes)


def post(body: dict[str, Any]) -> httpx.Request:
    return httpx.Request(
        "POST",
        f"{BASE_URL}/resources/booking-requests/v1.0",
        headers={"Authorization": "Bearer t"},
        json=body,
    )


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        (get("resources/nothing/v1.0"), "no such operation"),
        (get("resources/locations/v2.0", headers={}), "bearerAuth"),
        (get("resources/bookings/v1.0?per_page=500"), "500"),
        (get("resources/bookings/v1.0?filter[status]=lost"), "status"),
        (get("resources/bookings/v1.0?filter[startAfter]=noon"), "startAfter"),
        (get("resources/bookings/v1.0?filter[userId]=abc"), "abc"),
        (get("resources/bookings/v1.0?filter[evseId]=1"), r"filter\[evseId\] is unknown"),
        (get("resources/bookings/v1.0?include[]=bookedEvses"), r"include\[\] is unknown"),
        (get("resources/evses/v2.1?include[]=secrets"), "secrets cannot be included"),
        (get("resources/bookings/v1.0/abc"), "booking"),
        (post({"type": "create", "userId": 1}), "body"),
        (post({"type": "cancel"}), "body"),
        (post({"type": "cancel", "bookingId": 1, "bookingID": 1}), "unknown members"),
        (post(NEW.to_payload() | {"userId": "42"}), "body"),
        (post(NEW.to_payload() | {"startAt": "noon"}), "body"),
        (post(NEW.to_payload() | {"evseCriteria": {"connectorType": "plug"}}), "body"),
    ],
)
def test_checker_complains_about_bad_requests(checker, request_, complaint):
    with pytest.raises(AssertionError, match=complaint):
        checker.check_request(request_)


def bookings_answer(**changes: Any) -> httpx.Response:
    booking = payload("booking", "3.110") | changes
    del booking["bookedEvses"]
    return page([booking])


@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        (bookings_answer(id="100"), "data/0/id"),
        (bookings_answer(status="lost"), "data/0/status"),
        (bookings_answer(startAt="noon"), "data/0/startAt"),
        (bookings_answer(startAt=None), "data/0/startAt"),
        (httpx.Response(200, json={"data": [{"id": 1}]}), "data/0"),
        (httpx.Response(200, text="<html>"), "text/plain"),
        (httpx.Response(418), "418: the document has no such status"),
    ],
)
def test_checker_complains_about_bad_responses(checker, response, complaint):
    with pytest.raises(AssertionError, match=complaint):
        checker.check_response(get("resources/bookings/v1.0"), response)


def test_checker_lets_nullable_be_null(checker):
    location = payload("location", "3.110") | {"parkingType": None, "timezone": None, "city": None}
    checker.check_response(
        get("resources/locations/v2.0/7"), httpx.Response(200, json={"data": location})
    )
    evse = payload("evse", "3.110") | {"hardwareStatus": None}
    checker.check_response(get("resources/evses/v2.1/15"), httpx.Response(200, json={"data": evse}))
