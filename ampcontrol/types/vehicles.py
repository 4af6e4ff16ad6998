"""What is charged: vehicles, what they tell of themselves, the tags that start a charge."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


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
    # The network whose area it is in.
    inside_network_id: str
    active: bool
    updated_at: datetime | None


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
