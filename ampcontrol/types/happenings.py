"""What happened: alerts and events."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that wants attention, such as CHARGER_DISCONNECTED."""

    id: str
    network_id: str
    charge_point_id: str
    connector_id: str
    vehicle_id: str
    # One of the names that the document lists, else “unknown”.
    name: str
    category: str
    # Very High, High, Medium, Low, Very Low.
    urgency: str
    # Triggered, Acknowledged, Resolved, Pending.
    status: str
    description: str
    raised_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of Ampcontrol's log of optimizing and delivering, for staff."""

    id: str
    network_id: str
    charge_point_id: str
    connector_id: str
    category: str
    severity: str
    description: str
    at: datetime | None
