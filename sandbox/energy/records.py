"""What the simulated Ampcontrol keeps records of."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.energy.cast import Car, Site
from sandbox.world.records import Session

SPACE = uuid.UUID("6f1c7f6e-0d7b-4a5e-9a51-3a1f5c0de015")
CUSTOMER = "Simulated operator"


def id_of(kind: str, key: object) -> str:
    """Return the id of a record, the same in every world."""
    return str(uuid.uuid5(SPACE, f"{kind}/{key}"))


@dataclass(slots=True)
class Network:
    id: str
    site: Site
    latitude: float
    longitude: float
    updated_at: datetime


@dataclass(slots=True)
class Charger:
    """A charge point; `ampeco_id` is that of AMPECO's, if it has it."""

    id: str
    network: Network
    ocpp_id: str | None
    name: str
    serial_number: str | None
    max_kw: float
    updated_at: datetime
    ampeco_id: int | None = None


@dataclass(slots=True)
class Plug:
    """A connector; `evse_id` is AMPECO's EVSE, if it has one."""

    id: str
    charger: Charger
    number: int
    current: str  # ac, dc
    plug_type: str
    max_kw: float
    updated_at: datetime
    evse_id: int | None = None
    priority: int | None = 3


@dataclass(slots=True)
class Vehicle:
    """A vehicle's record. `car` is the one that drives; one that the portal made has none.

    `told` is what it was said to be by the API: (when, departure, target), the last one counts.
    """

    id: str
    name: str
    created_at: datetime
    updated_at: datetime
    car: Car | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[datetime, datetime | None, float]] = field(default_factory=list)
    # A state of charge that the API was told, and when.
    told_charge: tuple[datetime, float] | None = None


@dataclass(slots=True)
class Tag:
    id: str
    value: str
    custom_group: str
    vehicle_id: str | None
    updated_at: datetime


@dataclass(slots=True)
class Route:
    id: str
    external_id: str
    vehicle_id: str | None
    vehicle_group: str | None
    start_at: datetime
    end_at: datetime
    demand: dict[str, float]
    updated_at: datetime
    ours: bool = False


@dataclass(slots=True)
class Charge:
    """A charging session at a plug of a network; `session` is AMPECO's, if it has one."""

    key: str
    id: str
    number: int
    plug: Plug
    car: Car
    # Whether Ampcontrol knows which vehicle this is.
    vehicle_id: str | None
    tag: str | None
    started_at: datetime
    ends_at: datetime
    session: Session | None = None
    ghost: bool = False
    # (when, priority), the last one counts.
    priorities: list[tuple[datetime, int | None]] = field(default_factory=list)

    @property
    def stops_at(self) -> datetime:
        return self.session.stops_at if self.session else self.ends_at


@dataclass(frozen=True, slots=True)
class Step:
    """What a charge took in one step: mean power at the meter, and the battery at the end in %."""

    kw: float
    kwh: float
    percent: float
    limit_kw: float


@dataclass(slots=True)
class Alert:
    id: str
    network: Network
    name: str
    category: str
    urgency: str
    status: str
    description: str
    raised_at: datetime
    updated_at: datetime
    ends_at: datetime | None = None
    charger: Charger | None = None
    plug: Plug | None = None
    vehicle_id: str | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Tripped:
    """A call over the tripwire: nobody may send it."""

    at: datetime
    method: str
    path: str
    why: str
