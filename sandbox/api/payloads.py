"""Records as AMPECO's JSON: the shapes of version 3.110, and of 3.108 where they differ."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.world.hardware import FIRMWARE, MODEL_ID
from sandbox.world.records import (
    Booking,
    ChargePoint,
    Evse,
    IdTag,
    Invite,
    Location,
    ParkingSpace,
    Request,
    Session,
    User,
)
from sandbox.world.world import World

Payload = dict[str, Any]
OLDER = "3.108"
# AMPECO's document demands a roaming operator's id of every location and EVSE, but local ones
# have none.
NO_ROAMING_OPERATOR = 0
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def instant(at: datetime) -> str:
    """Return an instant as AMPECO writes it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def localized(texts: dict[str, str]) -> list[Payload]:
    return [{"locale": locale, "translation": text} for locale, text in texts.items()]


def location(world: World, record: Location) -> Payload:
    payload: Payload = {
        "id": record.id,
        "externalId": None,
        "name": localized(record.name),
        "geoposition": {"latitude": record.latitude, "longitude": record.longitude},
        "address": localized({"en": record.address}) if record.address else [],
        "country": record.country,
        "timezone": record.timezone,
        "status": record.status,
        "lastUpdatedAt": instant(record.updated_at),
        "workingHours": _hours(record),
        "roamingOperatorId": NO_ROAMING_OPERATOR,
        **record.extra,
    }
    if record.how_to_get_in:
        payload["additionalDescription"] = localized(record.how_to_get_in)
    if world.shape == OLDER:
        payload["city"] = localized({"en": record.city}) if record.city else []
        payload["state"] = localized({"en": record.state}) if record.state else []
        payload["postalCode"] = record.post_code or ""
        return payload
    payload["streetAddress"] = localized({"en": record.street}) if record.street else []
    payload["city"] = record.city
    payload["postCode"] = record.post_code
    if record.state:
        payload["state"] = record.state
    else:
        payload["region"] = record.region
    return payload


def _hours(record: Location) -> Payload:
    if record.hours is None:
        return {"isAlwaysOpen": True}
    hours = {
        day: [{"start": start, "end": end} for start, end in record.hours.get(day, [])]
        for day in WEEKDAYS
    }
    return {"isAlwaysOpen": False, "hours": hours}


def charge_point(world: World, record: ChargePoint) -> Payload:
    """Return a charge point, with the secrets that AMPECO gives out beside it."""
    payload: Payload = {
        "id": record.id,
        "name": record.name,
        "type": record.type,
        "status": record.status,
        "networkStatus": record.network_status,
        "hardwareStatus": "available",
        "network": {
            "id": record.ocpp_id,
            "protocol": "ocpp 1.6",
            "password": f"never-store-{record.id}",
        },
        "capabilities": ["remote_start_stop_capable", "meter_values"],
        "communicationMode": "direct_ocpp",
        "security": {"currentProfile": 1},
        "autoStartWithoutAuthorization": False,
        "disableAutoStartEmulation": False,
        "enableAutoFaultRecovery": False,
        "modelId": MODEL_ID,
        "lastBootNotification": {
            "model": "SB 2",
            "vendor": "Simulated",
            "chargePointSerialNumber": record.serial_number,
            "chargeBoxSerialNumber": None,
            "firmwareVersion": FIRMWARE[0][0],
            "lastUpdatedAt": instant(record.updated_at),
        },
        "lastUpdatedAt": instant(record.updated_at),
    }
    if record.location_id is not None:
        payload["locationId"] = record.location_id
    if record.rate_id is not None:
        payload["electricityRateId"] = record.rate_id
    if record.type == "personal":
        payload["pin"] = "0000"
        payload["sharingCode"] = f"never-store-{record.id}"
    if record.partner_id is not None:
        payload["partner"] = {"id": record.partner_id, "accessType": record.access_type}
    return payload


def evse(world: World, record: Evse, *, connectors: bool, nested: bool = False) -> Payload:
    """Return an EVSE; `nested` is how it stands under its charge point."""
    payload: Payload = {
        "id": record.id,
        "physicalReference": record.physical_reference,
        "label": record.label,
        "currentType": record.current_type,
        "networkId": record.network_id,
        "status": record.status,
        "hardwareStatus": record.hardware_status,
        "bookingEnabled": record.booking_enabled,
        "allowsReservation": True,
        "roamingOperatorId": NO_ROAMING_OPERATOR,
        # Watts, although the contract says Wh.
        "powerOptions": {"maxPower": record.power_kw * 1000},
        "createdAt": instant(record.updated_at),
        "lastUpdatedAt": instant(record.updated_at),
    }
    if not nested:
        payload["chargePointId"] = record.charge_point_id
    if connectors:
        payload["connectors"] = [
            {"id": plug.id, "type": plug.type, "maxPowerWh": record.power_kw * 1000}
            if world.shape == OLDER
            else {"id": plug.id, "type": plug.type, "format": "cable", "status": "enabled"}
            for plug in record.connectors
        ]
    return payload


def parking_space(world: World, record: ParkingSpace, *, evses: bool) -> Payload:
    """Return a parking space. How large it is, AMPECO does not say."""
    payload: Payload = {
        "id": record.id,
        "label": record.label,
        "locationId": record.location_id,
        "externalId": None,
        "status": record.status,
        "occupancyStatus": record.occupancy,
        "disabilitiesAccessible": False,
        "lastUpdatedAt": instant(record.updated_at),
    }
    return payload | ({"evses": list(record.evse_ids)} if evses else {})


def id_tag(world: World, record: IdTag) -> Payload:
    return {
        "id": record.id,
        "idTagUid": record.uid,
        "idLabel": record.label,
        "expireAt": None,
        "createdAt": instant(record.updated_at),
        "status": record.status,
        "type": record.type,
        "vehicleType": None,
        "paymentMethodId": None,
        "userId": record.user_id,
        "externalId": None,
        "partnerId": None,
        "lastUpdatedAt": instant(record.updated_at),
    }


def _tokens(world: World, token_ids: list[int]) -> Payload:
    """Return what a booking or a request says of its tokens: nothing where it has none."""
    tags = [tag for tag in world.id_tags.values() if tag.token_id in token_ids]
    tokens = [
        {
            "id": tag.token_id,
            "uid": tag.uid,
            "type": "RFID",
            "emspCountryCode": "DE",
            "emspPartyId": "SIM",
        }
        for tag in tags
    ]
    return {"authorizedTokens": tokens} if tokens else {}


def user(world: World, record: User, *, invites: bool) -> Payload:
    """Return a user. The id is a string, as AMPECO's is."""
    payload: Payload = {
        "id": str(record.id),
        "email": record.email,
        "emailVerified": "2022-11-12 12:00:00",
        "firstName": record.first_name,
        "lastName": record.last_name,
        "phone": None,
        "locale": record.locale,
        "status": record.status,
        "balance": 0,
        "userGroupIds": [],
        "lastUpdatedAt": instant(record.updated_at),
        "createdAt": instant(record.updated_at),
    }
    if invites:
        payload["partnerInvites"] = [invite(world, each) for each in record.invites]
    return payload


def invite(world: World, record: Invite) -> Payload:
    return {
        "id": record.id,
        "partnerId": record.partner_id,
        "sendViaEmail": True,
        "email": record.email,
        "language": "en",
        "acceptUrl": None,
        "options": {
            "allowCorporateAccountBilling": False,
            "limitCorporateAccountBillingToPartnerChargePoints": False,
            "allowAccessToPrivateChargePoints": record.private,
        },
        "status": record.status,
        "createdAt": instant(record.created_at),
        "acceptedAt": instant(record.created_at) if record.status == "accepted" else None,
        "userId": record.user_id if record.status == "accepted" else None,
        "lastUpdatedAt": instant(record.created_at),
    }


def partner(world: World, pk: int) -> Payload:
    return {"id": pk, "name": world.partners[pk], "businessName": world.partners[pk]}


def request(world: World, record: Request) -> Payload:
    """Return a booking request as callers of the API get it."""
    payload = whole_request(record) | _tokens(world, record.token_ids)
    if world.drops_external_id:
        payload.pop("externalId", None)
    if world.leaves_out_booking_id and record.type == "create":
        payload.pop("bookingId", None)
    return payload


def whole_request(record: Request) -> Payload:
    """Return all of a booking request; what does not apply to its type is left out."""
    payload: Payload = {
        "id": record.id,
        "type": record.type,
        "status": record.status,
        "createdAt": instant(record.created_at),
        "lastUpdatedAt": instant(record.updated_at),
    }
    optional = {
        "rejectionReason": record.reason,
        "userId": record.user_id,
        "locationId": record.location_id,
        "startAt": instant(record.start_at) if record.start_at else None,
        "endAt": instant(record.end_at) if record.end_at else None,
        "evseId": record.evse_id,
        "evseCriteria": record.criteria,
        "parkingSpaceCriteria": record.parking,
        "externalId": record.external_id,
        "bookingId": record.booking_id,
    }
    return payload | {name: value for name, value in optional.items() if value is not None}


def booking(world: World, record: Booking, *, evses: bool) -> Payload:
    """Return a booking; which EVSE it is for stands in it only in the older shape or if asked."""
    payload: Payload = {
        "id": record.id,
        "locationId": record.location_id,
        "startAt": instant(record.start_at),
        "endAt": instant(record.end_at),
        "status": record.status,
        "createdAt": instant(record.created_at),
        "lastUpdatedAt": instant(record.updated_at),
    }
    if record.user_id is not None:
        payload["userId"] = record.user_id
    if record.session_id is not None:
        payload["sessionId"] = record.session_id
    if record.access_methods is not None and world.shape != OLDER:
        payload["accessMethods"] = record.access_methods
    payload |= _tokens(world, record.token_ids)
    if world.shape == OLDER:
        payload["evse"] = evse(world, world.evses[record.evse_id], connectors=True, nested=True)
        payload.setdefault("authorizedTokens", [])
    elif evses:
        payload["bookedEvses"] = [{"id": record.evse_id}]
    return payload


def session_is_over(world: World, record: Session) -> bool:
    return world.clock.now() >= record.stops_at


def session_status(world: World, record: Session) -> str:
    return "finished" if session_is_over(world, record) else "active"


def session(world: World, record: Session) -> Payload:
    """Return a session; energy is in Wh and grows until it has stopped."""
    now = world.clock.now()
    until = min(now, record.stops_at)
    energy = _energy(world, record, until)
    over = session_is_over(world, record)
    return {
        "id": str(record.id),
        "chargePointId": record.charge_point_id,
        "evseId": record.evse_id,
        "status": session_status(world, record),
        "userId": record.user_id,
        "bookingId": record.booking_id,
        "startedAt": instant(record.started_at),
        "stoppedAt": instant(record.stops_at) if over else None,
        "energy": energy,
        "energyConsumption": {"total": energy, "grid": energy},
        "totalAmount": {"withTax": round(energy * 0.000339, 2)},
        "currency": "EUR",
        "authorizationId": None,
        "billingStatus": "completed" if over else "pending",
        "lastUpdatedAt": instant(until),
    }


def _energy(world: World, record: Session, until: datetime) -> int:
    """Return what was delivered in Wh: as measured, or else three fifths of the most."""
    measured = world.meter(record) if world.meter else None
    if measured is not None:
        return round(measured * 1000)
    hours = max(timedelta(0), until - record.started_at) / timedelta(hours=1)
    return round(hours * record.power_kw * 600)
