"""Where power is shared out: networks, their charge points and connectors."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


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
