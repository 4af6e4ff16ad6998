"""Who else's chargers the operator's drivers use, and who else's drivers use the operator's."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from upstream.readers import (
    Payload,
    decimal_number,
    flag,
    instant,
    plain_text,
    required_id,
    section,
    whole_number,
)


@dataclass(frozen=True, slots=True)
class RoamingConnection:
    """A connection to a roaming platform; its token is not read."""

    id: int
    protocol: str
    endpoint: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a connection as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            protocol=plain_text(payload.get("protocol")),
            endpoint=plain_text(payload.get("endpoint")),
        )


@dataclass(frozen=True, slots=True)
class RoamingOperator:
    """Another operator; `platform_id` is the connection over which it is reached."""

    id: int
    name: str
    role: str
    platform_id: int | None
    is_enabled: bool
    country: str
    party_id: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read another operator as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("businessName")),
            role=plain_text(payload.get("role")),
            platform_id=whole_number(payload.get("platformId")),
            is_enabled=flag(payload.get("enabled")) or False,
            country=plain_text(payload.get("countryCode")),
            party_id=plain_text(payload.get("partyId")),
        )


@dataclass(frozen=True, slots=True)
class RoamingTariff:
    """What another operator charges, in its words."""

    id: int
    operator_id: int | None
    text: str
    tariff_group_id: int | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a roaming tariff as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            operator_id=whole_number(payload.get("operatorId")),
            text=plain_text(payload.get("roamingTariffHumanReadable")),
            tariff_group_id=whole_number(payload.get("tariffGroupId")),
        )


@dataclass(frozen=True, slots=True)
class ChargeDetailRecord:
    """What one operator tells another of a charge; `cost` without tax where it is told (OCPI).

    `is_local` says that it is of a charge at the operator's own charger. Who charged, which the
    record says too, is not read.
    """

    id: int
    operator_id: int | None
    protocol: str
    start_at: datetime | None
    end_at: datetime | None
    energy_kwh: Decimal | None
    cost: Decimal | None
    currency: str
    is_local: bool
    is_credit: bool

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a charge detail record of either protocol as AMPECO gives it."""
        ocpi, oicp = section(payload, "ocpiData"), section(payload, "oicpData")
        energy = ocpi.get("totalEnergy") if ocpi else oicp.get("consumedEnergy")
        return cls(
            id=required_id(payload),
            operator_id=whole_number(payload.get("operatorId")),
            protocol=plain_text(payload.get("protocolType")),
            start_at=instant(payload.get("startTime")),
            end_at=instant(payload.get("endTime")),
            energy_kwh=decimal_number(energy),
            cost=decimal_number(ocpi.get("totalCost")),
            currency=plain_text(ocpi.get("currency")),
            is_local=flag(payload.get("isLocal")) or False,
            is_credit=flag(payload.get("credit")) or False,
        )
