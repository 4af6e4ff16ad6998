"""When drivers charge: what is free, asked for and decided."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from ampeco.types.places import ACCESS_METHODS, CONNECTOR_TYPES, CURRENT_TYPES, VEHICLE_TYPES
from upstream.readers import (
    Payload,
    Table,
    UnreadablePayload,
    choice,
    choices,
    decimal_number,
    flag,
    instant,
    objects,
    one_of,
    plain_text,
    read_fields,
    required_id,
    rows_of,
    section,
    text_or_none,
    whole_number,
    wire_instant,
)
from upstream.tag_keys import last_digits

REQUEST_TYPES = frozenset({"create", "update", "cancel"})
DECISIONS = frozenset({"approved", "rejected"})
REQUEST_STATUSES = DECISIONS | {"pending"}
BOOKING_STATUSES = frozenset(
    {"accepted", "reserved", "completed", "cancelled", "no-show", "failed"}
)

REQUEST_FIELDS: Table = {
    "id": ("id", whole_number),
    "type": ("type", one_of(REQUEST_TYPES, "booking request type")),
    "status": ("status", one_of(REQUEST_STATUSES, "booking request status")),
    "user_id": ("userId", whole_number),
    "location_id": ("locationId", whole_number),
    "start_at": ("startAt", instant),
    "end_at": ("endAt", instant),
    "evse_id": ("evseId", whole_number),
    "booking_id": ("bookingId", whole_number),
    "rejection_reason": ("rejectionReason", text_or_none),
    "external_id": ("externalId", text_or_none),
    "created_at": ("createdAt", instant),
    "last_updated_at": ("lastUpdatedAt", instant),
}
BOOKING_FIELDS: Table = {
    "id": ("id", whole_number),
    "user_id": ("userId", whole_number),
    "location_id": ("locationId", whole_number),
    "start_at": ("startAt", instant),
    "end_at": ("endAt", instant),
    "status": ("status", one_of(BOOKING_STATUSES, "booking status")),
    "session_id": ("sessionId", whole_number),
    "created_at": ("createdAt", instant),
    "last_updated_at": ("lastUpdatedAt", instant),
}
SLOT_FIELDS: Table = {"start_at": ("startAt", instant), "end_at": ("endAt", instant)}
AVAILABILITY_FIELDS: Table = {
    "evse_id": ("evseId", whole_number),
    "slots": ("availableSlots", rows_of(SLOT_FIELDS, required=("start_at", "end_at"))),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """A time in which an EVSE is free, from `start_at` until just before `end_at`."""

    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class EvseAvailability:
    """When an EVSE is free: its slots in order, none touching the next, none empty."""

    evse_id: int
    slots: tuple[Slot, ...]

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read one EVSE's availability; what is outside all slots is not available."""
        found = read_fields(payload, AVAILABILITY_FIELDS, required=("evse_id",))
        return cls(found["evse_id"], _merged([Slot(**row) for row in found["slots"]]))


@dataclass(frozen=True, slots=True)
class EvseCriteria:
    """What any EVSE that fits must offer; power in kW, None where it does not matter."""

    current_type: str | None = None
    connector_type: str | None = None
    min_power_kw: Decimal | None = None
    max_power_kw: Decimal | None = None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read criteria as AMPECO repeats them in its answers."""
        return cls(
            current_type=choice(
                payload.get("currentType"), CURRENT_TYPES, field="current type", absent=""
            )
            or None,
            connector_type=choice(
                payload.get("connectorType"), CONNECTOR_TYPES, field="connector type", absent=""
            )
            or None,
            min_power_kw=decimal_number(payload.get("minPower")),
            max_power_kw=decimal_number(payload.get("maxPower")),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what AMPECO is sent: only what is set."""
        return _without_unset(
            currentType=self.current_type,
            connectorType=self.connector_type,
            minPower=_json_number(self.min_power_kw),
            maxPower=_json_number(self.max_power_kw),
        )


@dataclass(frozen=True, slots=True)
class ParkingSpaceCriteria:
    """The vehicle for which an EVSE's parking space must do; what is None or false matters not."""

    weight_kg: int | None = None
    height_cm: int | None = None
    length_cm: int | None = None
    width_cm: int | None = None
    vehicle_type: str = ""
    drive_through: bool = False
    refrigeration_outlet: bool = False
    dangerous_goods: bool = False

    def __bool__(self) -> bool:
        return bool(self.to_payload())

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read criteria as AMPECO repeats them in its answers, and as we keep them."""
        if not payload:
            return cls()
        return cls(
            weight_kg=whole_number(payload.get("vehicleWeightKg")),
            height_cm=whole_number(payload.get("vehicleHeightCm")),
            length_cm=whole_number(payload.get("vehicleLengthCm")),
            width_cm=whole_number(payload.get("vehicleWidthCm")),
            vehicle_type=choice(
                payload.get("vehicleType"), VEHICLE_TYPES, field="vehicle type", absent=""
            ),
            drive_through=flag(payload.get("driveThroughRequired")) or False,
            refrigeration_outlet=flag(payload.get("refrigerationOutletRequired")) or False,
            dangerous_goods=flag(payload.get("dangerousGoodsAllowed")) or False,
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what AMPECO is sent: only what is set."""
        return _without_unset(
            vehicleWeightKg=self.weight_kg,
            vehicleHeightCm=self.height_cm,
            vehicleLengthCm=self.length_cm,
            vehicleWidthCm=self.width_cm,
            vehicleType=self.vehicle_type or None,
            driveThroughRequired=self.drive_through or None,
            refrigerationOutletRequired=self.refrigeration_outlet or None,
            dangerousGoodsAllowed=self.dangerous_goods or None,
        )


@dataclass(frozen=True, slots=True)
class AuthorizedToken:
    """A token with which a booking's charge may be started; its whole number is not read."""

    id: int
    type: str
    last_digits: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a token as AMPECO gives it with a booking or a request."""
        return cls(
            id=required_id(payload),
            type=plain_text(payload.get("type")),
            last_digits=last_digits(payload.get("uid")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBookingRequest:
    """Asks for a booking: of a certain EVSE, of any that meets the criteria, or of any at all.

    `authorized_token_ids` are tokens that the operator has named; none leaves that open.
    """

    user_id: int
    location_id: int
    start_at: datetime
    end_at: datetime
    external_id: str
    evse_id: int | None = None
    criteria: EvseCriteria | None = None
    parking: ParkingSpaceCriteria | None = None
    authorized_token_ids: tuple[int, ...] = ()

    def to_payload(self) -> dict[str, Any]:
        """Return what AMPECO is sent: only what is set."""
        return _without_unset(
            type="create",
            userId=self.user_id,
            locationId=self.location_id,
            startAt=wire_instant(self.start_at),
            endAt=wire_instant(self.end_at),
            externalId=self.external_id,
            evseId=self.evse_id,
            evseCriteria=(self.criteria.to_payload() if self.criteria else None) or None,
            parkingSpaceCriteria=self.parking.to_payload() if self.parking else None,
            authorizedTokenIds=list(self.authorized_token_ids) or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBookingRequest:
    """Asks for other times or another driver; AMPECO cannot change the EVSE or the location."""

    booking_id: int
    external_id: str
    user_id: int | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    authorized_token_ids: tuple[int, ...] = ()

    def to_payload(self) -> dict[str, Any]:
        """Return what AMPECO is sent: only what is set."""
        return _without_unset(
            type="update",
            bookingId=self.booking_id,
            externalId=self.external_id,
            userId=self.user_id,
            startAt=wire_instant(self.start_at) if self.start_at else None,
            endAt=wire_instant(self.end_at) if self.end_at else None,
            authorizedTokenIds=list(self.authorized_token_ids) or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBookingRequest:
    """Asks for the end of a booking."""

    booking_id: int
    external_id: str

    def to_payload(self) -> dict[str, Any]:
        """Return what AMPECO is sent."""
        return {"type": "cancel", "bookingId": self.booking_id, "externalId": self.external_id}


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What the operator makes of an ask: pending, then approved or rejected.

    `booking_id` comes with the approval (or is the booking to change or cancel), `evse_id` only if
    one was asked for. An update has no location, a cancellation no location, user or times.
    """

    id: int
    type: str
    status: str
    user_id: int | None
    location_id: int | None
    start_at: datetime | None
    end_at: datetime | None
    evse_id: int | None
    criteria: EvseCriteria | None
    booking_id: int | None
    rejection_reason: str | None
    external_id: str | None
    created_at: datetime | None
    last_updated_at: datetime | None
    parking: ParkingSpaceCriteria | None = None
    authorized_tokens: tuple[AuthorizedToken, ...] = ()

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a booking request of any type as AMPECO gives it."""
        criteria = section(payload, "evseCriteria")
        parking = section(payload, "parkingSpaceCriteria")
        return cls(
            criteria=EvseCriteria.from_payload(criteria) if criteria else None,
            parking=ParkingSpaceCriteria.from_payload(parking) if parking else None,
            authorized_tokens=_tokens(payload),
            **read_fields(payload, REQUEST_FIELDS),
        )

    @property
    def is_decided(self) -> bool:
        return self.status in DECISIONS


@dataclass(frozen=True, slots=True)
class Booking:
    """AMPECO's record of an approved request.

    `evse_ids` is empty where AMPECO does not say (3.110 says it only when one booking is read);
    `user_id` is None for roaming bookings. “completed” means that a session has started.
    """

    id: int
    user_id: int | None
    location_id: int
    start_at: datetime
    end_at: datetime
    status: str
    evse_ids: tuple[int, ...]
    session_id: int | None
    access_methods: tuple[str, ...]
    created_at: datetime | None
    last_updated_at: datetime | None
    authorized_tokens: tuple[AuthorizedToken, ...] = ()

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a booking as AMPECO gives it, with `bookedEvses` (3.110) or `evse` (3.108)."""
        return cls(
            evse_ids=_evse_ids(payload),
            access_methods=choices(
                payload.get("accessMethods"), ACCESS_METHODS, field="access method"
            ),
            authorized_tokens=_tokens(payload),
            **read_fields(
                payload, BOOKING_FIELDS, required=("id", "location_id", "start_at", "end_at")
            ),
        )


def _evse_ids(payload: Payload) -> tuple[int, ...]:
    booked = [entry.get("id") for entry in objects(payload.get("bookedEvses"))]
    booked.append(section(payload, "evse").get("id"))
    found = (whole_number(entry) for entry in booked)
    return tuple(dict.fromkeys(evse_id for evse_id in found if evse_id is not None))


def _tokens(payload: Payload) -> tuple[AuthorizedToken, ...]:
    tokens: dict[int, AuthorizedToken] = {}
    for entry in objects(payload.get("authorizedTokens")):
        try:
            token = AuthorizedToken.from_payload(entry)
        except UnreadablePayload:
            continue
        tokens.setdefault(token.id, token)
    return tuple(tokens.values())


def _without_unset(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _json_number(value: Decimal | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def _merged(slots: list[Slot]) -> tuple[Slot, ...]:
    merged: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: slot.start_at):
        if slot.start_at >= slot.end_at:
            continue
        if merged and slot.start_at <= merged[-1].end_at:
            end_at = max(slot.end_at, merged[-1].end_at)
            merged[-1] = Slot(start_at=merged[-1].start_at, end_at=end_at)
        else:
            merged.append(slot)
    return tuple(merged)
