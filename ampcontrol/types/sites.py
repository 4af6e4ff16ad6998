"""Where power is shared out: networks, their charge points and connectors."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from ampcontrol.types.reading import (
    decimal,
    latitude,
    longitude,
    ocpp_number,
    positive,
    priority,
    record_id,
    share,
    text,
    text_up_to,
    word_of,
    yes,
)
from upstream.readers import Payload, Table, instant, read_fields

OBJECTIVES = frozenset(
    {"load_sharing", "load_sharing_network_group", "fleet", "vehicle_to_grid", "off"}
)
CHARGE_POINT_STATUSES = frozenset({"Available", "Faulted", "Unavailable"})
CONNECTOR_STATUSES = CHARGE_POINT_STATUSES | {
    "Preparing",
    "Charging",
    "SuspendedEVSE",
    "SuspendedEV",
    "Finishing",
    "Reserved",
}
CONNECTIONS = frozenset({"ONLINE", "OFFLINE"})
CURRENT_TYPES = frozenset({"DC", "AC_phase3_LN", "AC_phase3_LL", "AC_phase1"})
PLUGS = frozenset({"CCS1", "CCS2", "CHAdeMO", "GB/T", "Type 1", "Type 2", "Tesla"})

# The document's default for a network that does not say.
DEFAULT_BUFFER = Decimal("0.02")

NETWORK_FIELDS: Table = {
    "id": ("id", lambda value: record_id(value) or None),
    "name": ("name", text),
    "objective": ("objective", word_of(OBJECTIVES, "objective")),
    "time_zone": ("timeZone", text_up_to(64)),
    "max_capacity_kw": ("maxCapacity", positive),
    "buffer": ("maxCapacityBuffer", share),
    "reserved_kw": ("reservedPower", positive),
    "baseload_active": ("baseloadActive", yes),
    "solar_active": ("solarActive", yes),
    "currency": ("currency", text_up_to(8)),
    "default_energy_price": ("defaultEnergyPrice", decimal),
    "current_load_kw": ("currentChargingLoad", decimal),
    "current_limit_kw": ("currentLimit", positive),
    "latitude": ("latitude", latitude),
    "longitude": ("longitude", longitude),
    "updated_at": ("updated", instant),
}
CHARGE_POINT_FIELDS: Table = {
    "id": ("id", lambda value: record_id(value) or None),
    "network_id": ("networkId", record_id),
    "ocpp_id": ("ocppId", text),
    "serial_number": ("serialNumber", text),
    "vendor": ("vendor", text),
    "model": ("modelName", text),
    "max_capacity_kw": ("maxCapacity", positive),
    "ocpp_status": ("ocppStatus", word_of(CHARGE_POINT_STATUSES, "charge point status")),
    "online_status": ("onlineStatus", word_of(CONNECTIONS, "online status")),
    "online_status_at": ("onlineStatusUpdate", instant),
    "active": ("active", yes),
    "latitude": ("latitude", latitude),
    "longitude": ("longitude", longitude),
    "updated_at": ("updated", instant),
}
CONNECTOR_FIELDS: Table = {
    "id": ("id", lambda value: record_id(value) or None),
    "charge_point_id": ("chargePointId", record_id),
    "number": ("connectorId", ocpp_number),
    "current_type": ("currentType", word_of(CURRENT_TYPES, "current type")),
    "plug": ("plugType", word_of(PLUGS, "plug type")),
    "max_capacity_kw": ("maxCapacity", positive),
    "ocpp_status": ("ocppStatus", word_of(CONNECTOR_STATUSES, "connector status")),
    "ocpp_status_at": ("ocppStatusUpdate", instant),
    "priority": ("priority", priority),
    "current_load_kw": ("currentChargingLoad", decimal),
    "updated_at": ("updated", instant),
}


@dataclass(frozen=True, slots=True)
class Network:
    """A place whose power is shared out among its charge points.

    Its webhook and the secret of that are not read.
    """

    id: str
    name: str
    # load_sharing, load_sharing_network_group, fleet, vehicle_to_grid, off; off steers nothing.
    objective: str
    time_zone: str
    max_capacity_kw: Decimal | None
    # The share of the capacity that is never given out.
    buffer: Decimal
    reserved_kw: Decimal | None
    baseload_active: bool
    solar_active: bool
    currency: str
    default_energy_price: Decimal | None
    current_load_kw: Decimal | None
    current_limit_kw: Decimal | None
    latitude: float | None
    longitude: float | None
    updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a network; raises UnreadablePayload for one without an id."""
        found = read_fields(payload, NETWORK_FIELDS)
        buffer = found.pop("buffer")
        found["baseload_active"] = bool(found["baseload_active"])
        found["solar_active"] = bool(found["solar_active"])
        return cls(buffer=DEFAULT_BUFFER if buffer is None else buffer, **found)


@dataclass(frozen=True, slots=True)
class ChargePoint:
    """A charge point as Ampcontrol knows it; `ocpp_id` is what it calls itself over OCPP."""

    id: str
    network_id: str
    ocpp_id: str
    name: str
    serial_number: str
    vendor: str
    model: str
    max_capacity_kw: Decimal | None
    # Available, Faulted, Unavailable.
    ocpp_status: str
    # ONLINE, OFFLINE, or "" where nobody knows.
    online_status: str
    online_status_at: datetime | None
    active: bool
    latitude: float | None
    longitude: float | None
    updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a charge point; raises UnreadablePayload for one without an id."""
        found = read_fields(payload, CHARGE_POINT_FIELDS)
        found["active"] = bool(found["active"])
        return cls(name=text(payload.get("customName")) or text(payload.get("name")), **found)


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector; over OCPP 1.6 what AMPECO calls an EVSE."""

    id: str
    charge_point_id: str
    number: int
    # DC, AC_phase3_LN, AC_phase3_LL, AC_phase1.
    current_type: str
    # CCS1, CCS2, CHAdeMO, GB/T, Type 1, Type 2, Tesla.
    plug: str
    max_capacity_kw: Decimal | None
    ocpp_status: str
    ocpp_status_at: datetime | None
    # 0 is “not steered: full power”, 1 very high … 5 very low.
    priority: int | None
    current_load_kw: Decimal | None
    updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a connector; raises UnreadablePayload for one without an id or an OCPP number."""
        return cls(**read_fields(payload, CONNECTOR_FIELDS, required=("id", "number")))
