"""What the simulated operator knows of."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HOLDING = frozenset({"accepted", "reserved"})
BOOKING_STATUSES = HOLDING | {"completed", "cancelled", "no-show", "failed"}
REQUEST_STATUSES = frozenset({"pending", "approved", "rejected"})
ID_TAG_STATUSES = frozenset({"enabled", "disabled", "suspended"})
SESSION_STATUSES = frozenset({"unknown", "pending", "active", "finished", "expired", "failed"})
EVSE_STATUSES = frozenset({"enabled", "disabled", "out of order"})
CURRENT_TYPES = frozenset({"ac", "dc"})
VEHICLE_TYPES = frozenset(
    {
        "two_and_three_wheel_vehicles_and_quadricycles",
        "passenger_vehicles",
        "passenger_vehicles_with_trailer",
        "light_duty_vans",
        "heavy_duty_tractor_units_without_trailer",
        "heavy_duty_trucks_without_articulation_point",
        "heavy_duty_trucks_with_trailer_attached",
        "buses_or_motor_coaches",
    }
)
CONNECTOR_TYPES = frozenset(
    (
        *("type1", "type2", "type3", "chademo", "ccs1", "ccs2", "schuko", "nacs", "cee16", "cee32"),
        *("j1772", "inductive", "nema-5-20", "type-e-french", "type-g-british", "type-j-swiss"),
        *("avcon", "gb-t-ac", "gb-t-dc", "chaoji", "nema-6-30", "nema-6-50"),
    )
)


@dataclass(slots=True)
class Location:
    """A site. `extra` holds fields of the payload that the rules do not look at."""

    id: int
    name: dict[str, str]
    country: str
    latitude: float
    longitude: float
    timezone: str | None
    updated_at: datetime
    address: str = ""
    street: str = ""
    city: str | None = None
    region: str | None = None
    state: str | None = None
    post_code: str | None = None
    status: str = "enabled"
    hours: dict[str, list[tuple[str, str]]] | None = None
    how_to_get_in: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    charge_point_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class ChargePoint:
    """Hardware with EVSEs; a personal one may have no location."""

    id: int
    name: str
    location_id: int | None
    updated_at: datetime
    type: str = "public"
    status: str = "enabled"
    network_status: str = "available"
    partner_id: int | None = None
    access_type: str = "private_view_private_use"
    evse_ids: list[int] = field(default_factory=list)
    rate_id: int | None = None

    @property
    def ocpp_id(self) -> str:
        """Return what it calls itself over OCPP."""
        return f"net-{self.id}"

    @property
    def serial_number(self) -> str:
        return f"SB{self.id * 7919:08}"


@dataclass(slots=True)
class Connector:
    id: int
    type: str


@dataclass(slots=True)
class Evse:
    id: int
    charge_point_id: int
    physical_reference: str
    label: str
    current_type: str
    power_kw: int
    connectors: list[Connector]
    updated_at: datetime
    network_id: str = "1"
    status: str = "enabled"
    hardware_status: str | None = "available"
    booking_enabled: bool = True
    tariff_group_id: int | None = None


@dataclass(slots=True)
class ParkingSpace:
    """Where vehicles stand at some EVSEs. Its `limits` are the operator's, the API tells none.

    By the names of a request's criteria: the most of a measure, the types that it takes, and
    whether one drives through, has an outlet or may carry dangerous goods.
    """

    id: int
    label: str
    location_id: int
    evse_ids: list[int]
    updated_at: datetime
    limits: dict[str, Any] = field(default_factory=dict)
    status: str = "enabled"
    occupancy: str = "unknown"


@dataclass(slots=True)
class IdTag:
    """A card that starts a charge; `token_id` is what a booking's tokens name it by."""

    id: int
    uid: str
    label: str
    user_id: int
    updated_at: datetime
    token_id: int
    type: str = "rfid"
    status: str = "enabled"


@dataclass(slots=True)
class Invite:
    id: int
    partner_id: int
    user_id: int | None
    email: str
    status: str
    private: bool
    created_at: datetime


@dataclass(slots=True)
class User:
    id: int
    email: str
    first_name: str
    last_name: str
    locale: str
    status: str
    updated_at: datetime
    invites: list[Invite] = field(default_factory=list)
    # User groups, and the subscription plans that are active.
    group_ids: list[int] = field(default_factory=list)
    plan_ids: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Request:
    """A booking request, as it was asked for and what became of it."""

    id: int
    type: str
    status: str
    created_at: datetime
    updated_at: datetime
    user_id: int | None = None
    location_id: int | None = None
    evse_id: int | None = None
    criteria: dict[str, Any] | None = None
    parking: dict[str, Any] | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    external_id: str | None = None
    booking_id: int | None = None
    token_ids: list[int] = field(default_factory=list)
    reason: str | None = None
    # Where it is known beforehand what the operator will say, and when.
    decide_at: datetime | None = None
    planned_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What will become of a request that has not come yet: a rejection if there is a reason."""

    after_seconds: float
    reason: str | None = None


@dataclass(slots=True)
class Booking:
    """A booking. Where it `waits_for_start` the driver is there, but no card of theirs works."""

    id: int
    location_id: int
    evse_id: int
    start_at: datetime
    end_at: datetime
    status: str
    created_at: datetime
    updated_at: datetime
    user_id: int | None = None
    session_id: int | None = None
    token_ids: list[int] = field(default_factory=list)
    # As the site's were when it was made.
    access_methods: list[str] | None = None
    waits_for_start: bool = False

    @property
    def holds(self) -> bool:
        return self.status in HOLDING


@dataclass(slots=True)
class Session:
    """A charging session, mostly one that fulfils a booking; its energy grows until it stops.

    `wants_kwh` is what the battery takes, and `power_kw` the most with which it does, where nobody
    measures it; `cpo` the operator of another network whose charger it was; `tariff_snapshot_id`
    the tariff as it was when it began. States that are older know no need of booked ones.
    """

    id: int
    booking_id: int | None
    user_id: int | None
    evse_id: int
    charge_point_id: int
    started_at: datetime
    stops_at: datetime
    power_kw: float
    wants_kwh: float | None = None
    cpo: str = ""
    tariff_snapshot_id: int | None = None


@dataclass(slots=True)
class Downtime:
    """When an EVSE is out of use, or without one a whole charge point; `entry_mode` says who says.

    What is `exempt` does not lower a charger's uptime.
    """

    id: int
    charge_point_id: int
    evse_id: int | None
    started_at: datetime
    ended_at: datetime | None
    entry_mode: str
    type: str
    updated_at: datetime
    notice_id: int | None = None
    system: str = "enabled"
    network: str = "available"
    hardware: str | None = "available"


@dataclass(slots=True)
class Keepsake:
    """What another part of the simulation wants to be remembered, as JSON."""

    id: str
    content: Any
