"""When charge points and EVSEs are out of use, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from upstream.readers import (
    Payload,
    choice,
    instant,
    plain_text,
    required_id,
    whole_number,
    wire_instant,
)

# Of what a period is; AMPECO keeps a list for each.
OF_CHARGE_POINT, OF_EVSE = "charge-point", "evse"
MANUAL, AUTOMATIC = "manual", "automatic"
# What lowers a charger's uptime, and what does not.
DOWNTIME, EXEMPT = "downtime", "exempt"
ENTRY_MODES = frozenset({MANUAL, AUTOMATIC})
DOWNTIME_TYPES = frozenset({DOWNTIME, EXEMPT})


@dataclass(frozen=True, slots=True)
class DowntimePeriod:
    """When a charge point, or one EVSE of it, is out of use; no `ended_at` while nobody knows.

    `started_at` is None where the operator does not tell it as it should. `evse_id` is None for a
    whole charge point. Each of the two kinds counts its ids by itself.
    """

    id: int
    charge_point_id: int | None
    evse_id: int | None
    location_id: int | None
    started_at: datetime | None
    ended_at: datetime | None
    entry_mode: str
    type: str
    notice_id: int | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a period as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            charge_point_id=whole_number(payload.get("chargePointId")),
            evse_id=whole_number(payload.get("evseId")),
            location_id=whole_number(payload.get("locationId")),
            started_at=instant(payload.get("startedAt")),
            ended_at=instant(payload.get("endedAt")),
            entry_mode=choice(payload.get("entryMode"), ENTRY_MODES, field="entry mode"),
            type=choice(payload.get("type"), DOWNTIME_TYPES, field="downtime type"),
            notice_id=whole_number(payload.get("noticeId")),
        )


@dataclass(frozen=True, slots=True)
class DowntimeNotice:
    """A reason that the operator has prepared for periods of one type."""

    id: int
    type: str
    notice: str
    description: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        return cls(
            id=required_id(payload),
            type=choice(payload.get("type"), DOWNTIME_TYPES, field="downtime type"),
            notice=plain_text(payload.get("notice")),
            description=plain_text(payload.get("description")),
        )


@dataclass(frozen=True, slots=True)
class NewDowntime:
    """A period to be made: of an EVSE, or of a whole charge point.

    AMPECO takes only notices of the type “exempt”, and wants to know the end.
    """

    of: str
    place_id: int
    notice_id: int
    started_at: datetime
    ended_at: datetime

    def to_payload(self) -> dict[str, Any]:
        name = "evseId" if self.of == OF_EVSE else "chargePointId"
        return {
            name: self.place_id,
            "noticeId": self.notice_id,
            "startedAt": wire_instant(self.started_at),
            "endedAt": wire_instant(self.ended_at),
        }


def downtime_changes(
    *,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    notice_id: int | None = None,
) -> Mapping[str, Any]:
    """Return the body of a change; times are taken of manual exempt periods only."""
    body: dict[str, Any] = {}
    if notice_id is not None:
        body["noticeId"] = notice_id
    if started_at is not None:
        body["startedAt"] = wire_instant(started_at)
    if ended_at is not None:
        body["endedAt"] = wire_instant(ended_at)
    return body
