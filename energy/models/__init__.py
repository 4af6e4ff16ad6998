"""What the portal keeps of smart charging. Instants in UTC, kW, kWh, percent from 0 to 100."""

from energy.models.departures import Departure, WeeklyDeparture
from energy.models.lines import Line, LinePoint
from energy.models.links import Link, PastLink
from energy.models.mirrored import (
    Alert,
    Network,
    RemoteChargePoint,
    RemoteConnector,
    RemoteRoute,
    RemoteTag,
    RemoteVehicle,
    Session,
)
from energy.models.readings import Reading
from energy.models.states import VehicleNow, VehicleState
from energy.models.told import PassedOn, Telling

__all__ = [
    "Alert",
    "Departure",
    "Line",
    "LinePoint",
    "Link",
    "Network",
    "PassedOn",
    "PastLink",
    "Reading",
    "RemoteChargePoint",
    "RemoteConnector",
    "RemoteRoute",
    "RemoteTag",
    "RemoteVehicle",
    "Session",
    "Telling",
    "VehicleNow",
    "VehicleState",
    "WeeklyDeparture",
]
