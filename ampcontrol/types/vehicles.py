"""What is charged: vehicles, what they tell of themselves, the tags that start a charge."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

from ampcontrol.types.reading import (
    decimal,
    first_of,
    latitude,
    longitude,
    percent,
    positive,
    priority,
    record_id,
    text,
    text_up_to,
    whole,
    word_of,
    yes,
)
from upstream.readers import Payload, Table, UnreadablePayload, instant, plain_text, read_fields
from upstream.tag_keys import last_digits, tag_key

CHARGING_STATES = frozenset({"Charging", "ChargingAC", "ChargingDC", "NotCharging"})
SOURCES = frozenset({"thirdPartyTelematics", "chargePoint"})
TAG_GROUPS = frozenset({"RFID", "credit card reader", "VID or MAC address"})
YEARS = range(1900, 3000)
# In the area of a network of which the id is not told.
SOMEWHERE = "somewhere"


def network_inside(value: object) -> str:
    """Return the network in whose area a vehicle is; it is told of as a yes, and typed as a uuid.

    SOMEWHERE for a yes. "" for none and for a no, which may also be of a vehicle that never tells
    where it is.
    """
    is_inside = yes(value)
    if is_inside is not None:
        return SOMEWHERE if is_inside else ""
    return record_id(value)


VEHICLE_FIELDS: Table = {
    "id": ("id", lambda value: record_id(value) or None),
    "name": ("name", text),
    "vin": ("VIN", text_up_to(64)),
    "customer_number": ("customerVehicleId", text),
    "plate": ("licensePlate", text_up_to(64)),
    "group": ("group", text),
    "make": ("make", text),
    "model": ("model", text),
    "year": ("year", whole),
    "battery_kwh": ("batteryCapacity", positive),
    "max_power_kw": ("maxChargingPower", positive),
    "state_of_charge": ("stateOfCharge", percent),
    "target_percent": ("targetStateOfCharge", percent),
    "departs_at": ("departureTime", instant),
    "inside_network_id": ("insideDepot", network_inside),
    "active": ("active", yes),
    "updated_at": ("updated", instant),
}
TELEMATICS_FIELDS: Table = {
    "at": ("timestamp", instant),
    "state_of_charge": ("stateOfCharge", percent),
    "plugged_in": ("plugConnected", yes),
    "charging_state": ("chargingState", word_of(CHARGING_STATES, "charging state")),
    "charging_kw": ("chargingPower", decimal),
    "odometer_km": ("odometer", positive),
    "range_km": ("rangeRemaining", positive),
    "latitude": ("latitude", latitude),
    "longitude": ("longitude", longitude),
    "source": ("source", word_of(SOURCES, "telematics source")),
}

read_group = word_of(TAG_GROUPS, "tag group")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as Ampcontrol knows it. It belongs to a customer, never to a fleet of ours.

    `state_of_charge` alone is not to be believed: 0.0 also stands for “never told”. `departs_at`
    stays once it was set, also when it is past.
    """

    id: str
    name: str
    vin: str = field(repr=False)
    # The customer's own number of it.
    customer_number: str
    plate: str = field(repr=False)
    group: str
    make: str
    model: str
    year: int | None
    battery_kwh: Decimal | None
    # One figure: AC and DC are not told apart.
    max_power_kw: Decimal | None
    state_of_charge: Decimal | None
    target_percent: Decimal | None
    departs_at: datetime | None
    # The network whose area it is in, or SOMEWHERE.
    inside_network_id: str
    active: bool
    updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a vehicle; raises UnreadablePayload for one without an id."""
        found = read_fields(payload, VEHICLE_FIELDS)
        found["active"] = bool(found["active"])
        if found["year"] not in YEARS:
            found["year"] = None
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Telematics:
    """What a vehicle told of itself at one instant."""

    vehicle_id: str
    at: datetime
    state_of_charge: Decimal | None
    plugged_in: bool | None
    # Charging, ChargingAC, ChargingDC, NotCharging.
    charging_state: str
    charging_kw: Decimal | None
    odometer_km: Decimal | None
    range_km: Decimal | None
    latitude: float | None = field(repr=False)
    longitude: float | None = field(repr=False)
    # thirdPartyTelematics, chargePoint.
    source: str

    @classmethod
    def from_payload(cls, payload: Payload, *, vehicle_id: str = "") -> Self:
        """Read what a vehicle told; `vehicle_id` is that of the call where the payload has none.

        Raises UnreadablePayload for what has no vehicle or no instant: it is worth nothing.
        """
        found = read_fields(payload, TELEMATICS_FIELDS, required=("at",))
        told = record_id(first_of(payload, "vehicleId", "vehicle_id", "vehicle"))
        if not (told or vehicle_id):
            raise UnreadablePayload("“vehicleId” is missing or not an id.")
        return cls(vehicle_id=told or vehicle_id, **found)


@dataclass(frozen=True, slots=True)
class IdTag:
    """What starts a charge. Of its number the end and a key to compare it by are kept.

    `key` is that of `upstream.tag_keys.tag_key`, the same as of AMPECO's tags.
    """

    id: str
    key: str = field(repr=False)
    last_digits: str = field(repr=False)
    group: str
    custom_group: str
    priority: int | None
    vehicle_id: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a tag, of its number what is kept; raises UnreadablePayload without an id."""
        found = record_id(payload.get("id"))
        if not found:
            raise UnreadablePayload("“id” is missing or not an id.")
        number = plain_text(payload.get("value"))
        return cls(
            id=found,
            key=tag_key(number),
            last_digits=last_digits(number),
            group=read_group(payload.get("group")),
            custom_group=text(payload.get("customGroup")),
            priority=priority(payload.get("priority")),
            vehicle_id=record_id(first_of(payload, "vehicleId", "vehicle")),
        )
