"""What is planned: series of values, optimizations, routes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from ampcontrol.types.reading import (
    decimal,
    first_of,
    percent,
    positive,
    record_id,
    text,
    text_up_to,
    values_over_time,
    word_of,
)
from upstream.readers import (
    Payload,
    Table,
    UnreadablePayload,
    instant,
    objects,
    read_fields,
    section,
    wire_instant,
)

STATUSES = frozenset({"future", "live", "past"})
KILO = {"kw": 1.0, "w": 0.001}
LONGEST_SCHEDULE = 400 * 24 * 3600

ROUTE_FIELDS: Table = {
    "id": ("id", lambda value: record_id(value) or None),
    "external_id": ("externalId", text_up_to(128)),
    "vehicle_id": ("vehicleId", record_id),
    "vehicle_group": ("vehicleGroup", text),
    "starts_at": ("start", instant),
    "ends_at": ("end", instant),
    "status": ("status", word_of(STATUSES, "route status")),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a time series; its unit is that of the call that gave it."""

    at: datetime
    value: float

    @classmethod
    def series_from_payload(cls, data: object) -> list[Self]:
        """Read a time series, in order of time; raises UnreadablePayload for what is none."""
        values = values_over_time(data)
        if values is None:
            raise UnreadablePayload("There is no time series.")
        return [cls(at, value) for at, value in values]


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

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an optimization; raises UnreadablePayload for one without an id.

        Limits in amperes say nothing of power: they give no points.
        """
        found = record_id(payload.get("id"))
        if not found:
            raise UnreadablePayload("“id” is missing or not an id.")
        profile, told = section(payload, "profile"), section(payload, "csChargingProfiles")
        points = _profile_points(profile) or _schedule_points(told)
        return cls(
            id=found,
            network_id=record_id(first_of(payload, "networkId", "network")),
            charge_point_id=record_id(first_of(payload, "chargepointId", "chargePointId")),
            # `connectorId` is the OCPP number here.
            connector_id=record_id(payload.get("connector")),
            session_id=record_id(
                first_of(payload, "chargingSessionId", "chargingSession", "charging_session")
            ),
            start_at=instant(profile.get("start")) or instant(told.get("validFrom")),
            end_at=instant(profile.get("stop")) or instant(told.get("validTo")),
            points=points,
            created_at=instant(payload.get("created")),
        )


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

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a route; raises UnreadablePayload for one without an id."""
        demand = section(payload, "demand") or payload
        return cls(
            distance_km=positive(demand.get("distance")),
            energy_kwh=positive(demand.get("energy")),
            target_percent=percent(demand.get("stateOfCharge")),
            **read_fields(payload, ROUTE_FIELDS),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what Ampcontrol is sent: only what is set.

        Raises ValueError for a route that nobody could find again as ours, that has no times, no
        vehicle or that demands nothing: Ampcontrol takes none of these.
        """
        if not self.external_id:
            raise ValueError("A route of ours needs an external id.")
        if self.starts_at is None or self.ends_at is None:
            raise ValueError("A route needs a start and an end.")
        if not (self.vehicle_id or self.vehicle_group):
            raise ValueError("A route needs a vehicle or a group.")
        demand = {
            name: float(value)
            for name, value in (
                ("distance", self.distance_km),
                ("energy", self.energy_kwh),
                ("stateOfCharge", self.target_percent),
            )
            if value is not None
        }
        if not demand:
            raise ValueError("A route needs a distance, an energy or a state of charge.")
        whose = (
            {"vehicleId": self.vehicle_id}
            if self.vehicle_id
            else {"vehicleGroup": self.vehicle_group}
        )
        return {
            **whose,
            "externalId": self.external_id,
            "start": wire_instant(self.starts_at),
            "end": wire_instant(self.ends_at),
            "demand": demand,
        }


def _profile_points(profile: Payload) -> tuple[Point, ...]:
    factor = KILO.get(text(profile.get("unit")).lower() or "kw")
    if factor is None:
        return ()
    values = values_over_time(profile.get("data")) or []
    return tuple(Point(at, value * factor) for at, value in values)


def _schedule_points(told: Payload) -> tuple[Point, ...]:
    """Return the points of an OCPP schedule: limits, each so many seconds after its start."""
    schedule = section(told, "chargingSchedule")
    start = instant(schedule.get("startSchedule")) or instant(told.get("validFrom"))
    factor = KILO.get(text(schedule.get("chargingRateUnit")).lower())
    if start is None or factor is None:
        return ()
    points = {}
    for period in objects(schedule.get("chargingSchedulePeriod")):
        after, limit = positive(period.get("startPeriod")), decimal(period.get("limit"))
        if after is not None and limit is not None and after <= LONGEST_SCHEDULE:
            at = start + timedelta(seconds=float(after))
            points[at] = Point(at, float(limit) * factor)
    return tuple(points[at] for at in sorted(points))
