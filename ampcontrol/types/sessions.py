"""Charging sessions as Ampcontrol sees them."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Self

from ampcontrol.types.reading import (
    first_of,
    positive,
    priority,
    record_id,
    yes,
)
from upstream.readers import (
    Payload,
    UnreadablePayload,
    instant,
    plain_text,
    whole_number,
)
from upstream.tag_keys import tag_key


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

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a session; raises UnreadablePayload for one without an id."""
        found = record_id(payload.get("id"))
        if not found:
            raise UnreadablePayload("“id” is missing or not an id.")
        ended_at = instant(payload.get("sessionEnd"))
        active = yes(payload.get("active"))
        return cls(
            id=found,
            charge_point_id=record_id(first_of(payload, "chargePointId", "chargepointId")),
            connector_id=record_id(first_of(payload, "connectorId", "connector")),
            vehicle_id=record_id(first_of(payload, "vehicleId", "vehicle")),
            tag_key=tag_key(plain_text(payload.get("idTag"))),
            transaction_id=whole_number(payload.get("transactionId")),
            priority=priority(payload.get("priority")),
            energy_wanted_kwh=positive(payload.get("energyToCharge")),
            energy_kwh=positive(first_of(payload, "energyConsumption", "energyDelivered")),
            active=ended_at is None if active is None else active,
            started_at=instant(payload.get("sessionStart")),
            ended_at=ended_at,
            updated_at=instant(payload.get("updated")),
        )
