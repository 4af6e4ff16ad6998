"""What matching looks at of each record, theirs by Ampcontrol's ids and ours by primary keys."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChargePointThere:
    id: str
    ocpp_id: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class ChargePointHere:
    id: int
    ocpp_id: str
    serial_number: str


@dataclass(frozen=True, slots=True)
class ConnectorThere:
    id: str
    charge_point: str
    number: int


@dataclass(frozen=True, slots=True)
class EvseHere:
    """An EVSE; `network_id` is its OCPP number as a text."""

    id: int
    charge_point: int
    network_id: str


@dataclass(frozen=True, slots=True)
class VehicleThere:
    id: str
    vin: str
    customer_number: str
    plate: str
    group: str


@dataclass(frozen=True, slots=True)
class VehicleHere:
    id: int
    vin: str
    number: str
    plate: str
    fleet: int


@dataclass(frozen=True, slots=True)
class TagThere:
    id: str
    key: str


@dataclass(frozen=True, slots=True)
class TagHere:
    id: int
    key: str
    short_key: str


@dataclass(frozen=True, slots=True)
class NetworkThere:
    id: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True)
class SiteHere:
    id: int
    latitude: float | None
    longitude: float | None
