"""What Ampcontrol tells, in our words and units.

Instants are aware and in UTC, power is in kW, energy in kWh, states of charge in percent (0-100),
shares from 0 to 1. Ids are Ampcontrol's UUIDs, as text; `number` of a connector is its OCPP number.
What an answer does not say is None, or "" for a text; a word that we do not know is “unknown”.
"""

from ampcontrol.types.happenings import Alert, Event
from ampcontrol.types.plans import Optimization, Point, Route
from ampcontrol.types.sessions import Session
from ampcontrol.types.sites import ChargePoint, Connector, Network
from ampcontrol.types.vehicles import IdTag, Telematics, Vehicle
from ampcontrol.types.who import Account

__all__ = [
    "Account",
    "Alert",
    "ChargePoint",
    "Connector",
    "Event",
    "IdTag",
    "Network",
    "Optimization",
    "Point",
    "Route",
    "Session",
    "Telematics",
    "Vehicle",
]
