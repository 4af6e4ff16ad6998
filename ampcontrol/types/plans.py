"""What is planned: series of values, optimizations, routes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a time series; its unit is that of the call that gave it."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Optimization:
    """The power that Ampcontrol means to give a connector, in kW, in steps from now on."""

    id: str
    network_id: str
    charge_point_id: str
    connector_id: str
    session_id: str
    start_at: datetime | None
    end_at: datetime | None
    points: tuple[Point, ...]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Route:
    """All trips between two charging events: it begins with the departure, ends with the return."""

    id: str
    external_id: str
    vehicle_id: str
    vehicle_group: str
    starts_at: datetime | None
    ends_at: datetime | None
    distance_km: Decimal | None
    energy_kwh: Decimal | None
    target_percent: Decimal | None
    # future, live, past.
    status: str
