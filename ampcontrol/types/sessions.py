"""Charging sessions as Ampcontrol sees them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Session:
    """A charging session; `connector_id` is the connector's UUID."""

    id: str
    charge_point_id: str
    connector_id: str
    vehicle_id: str
    tag_key: str = field(repr=False)
    transaction_id: int | None
    priority: int | None
    energy_wanted_kwh: Decimal | None
    energy_kwh: Decimal | None
    active: bool
    started_at: datetime | None
    ended_at: datetime | None
    updated_at: datetime | None
