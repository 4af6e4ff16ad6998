"""What charging costs: tariffs, the groups that EVSEs are given, and the snapshots of sessions.

Prices are Decimals in the currency of their tariff, times of day are on the site's clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from ampeco.types.pricing import Pricing, as_json, day_of
from upstream.readers import (
    Payload,
    choice,
    clock,
    decimal_number,
    instant,
    plain_text,
    required_id,
    section,
    whole_number,
)

FREE = "free"
NOT_ALLOWED = "charging not allowed"
FLAT = "flat rate"
DURATION_ENERGY = "duration+energy"
DAY_NIGHT = "duration+energy time of day"
ENERGY_TOU = "energy tou"
STANDARD = "standard"
STANDARD_TOD = "standard_tod"
AVERAGE_POWER = "average power levels"
PEAK_POWER = "peak power levels"
OPTIMISED = "optimised dynamic pricing"
TARIFF_TYPES = frozenset(
    {
        FREE,
        NOT_ALLOWED,
        FLAT,
        DURATION_ENERGY,
        DAY_NIGHT,
        ENERGY_TOU,
        STANDARD,
        STANDARD_TOD,
        AVERAGE_POWER,
        PEAK_POWER,
        OPTIMISED,
    }
)


@dataclass(frozen=True, slots=True)
class Tariff:
    """A tariff. `by_user` says that it is not for everybody: who gets it, the operator resolves.

    `start_date` and `end_date`, which counts too, say when it is valid. `additional_information` is
    by language.
    """

    id: int
    name: str
    type: str
    currency: str
    day_start: str | None
    night_start: str | None
    pricing: Pricing
    most_minutes: Decimal | None
    most_kwh: Decimal | None
    by_user: bool
    start_date: date | None
    end_date: date | None
    additional_information: Mapping[str, str]
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a tariff as AMPECO gives it; one of a type we do not know is “unknown”."""
        limits, restrictions = section(payload, "stopSession"), section(payload, "restrictions")
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("name")),
            type=choice(payload.get("type"), TARIFF_TYPES, field="tariff type"),
            currency=plain_text(payload.get("currency")).upper()[:3],
            day_start=clock(payload.get("dayTariffStart")),
            night_start=clock(payload.get("nightTariffStart")),
            pricing=Pricing.from_payload(section(payload, "pricing")),
            most_minutes=decimal_number(limits.get("timeLimitMinutes")),
            most_kwh=decimal_number(limits.get("stopWhenEnergyExceedsKwh")),
            by_user=any(restrictions.get(key) for key in _BY_USER),
            start_date=day_of(restrictions.get("startDate")),
            end_date=day_of(restrictions.get("endDate")),
            additional_information={
                locale: text
                for locale, value in section(payload, "additionalInformation").items()
                if (text := plain_text(value))
            },
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )

    def to_payload(self) -> dict[str, Any]:
        """Return what `from_payload` reads, as JSON can hold it: to be kept, not to be sent."""
        written = {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "currency": self.currency,
            "dayTariffStart": self.day_start,
            "nightTariffStart": self.night_start,
            "pricing": self.pricing.to_payload(),
            "stopSession": {
                "timeLimitMinutes": as_json(self.most_minutes),
                "stopWhenEnergyExceedsKwh": as_json(self.most_kwh),
            },
            "restrictions": {
                _BY_USER[0]: self.by_user,
                "startDate": as_json(self.start_date),
                "endDate": as_json(self.end_date),
            },
            "additionalInformation": dict(self.additional_information),
            "lastUpdatedAt": as_json(self.last_updated_at),
        }
        return {key: value for key, value in written.items() if value not in (None, "", {})}


@dataclass(frozen=True, slots=True)
class TariffGroup:
    """The tariffs of some EVSEs. Of those that may apply to a user the last one does."""

    id: int
    name: str
    tariff_ids: tuple[int, ...]
    partner_id: int | None
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a tariff group as AMPECO gives it."""
        ids = payload.get("tariffIds")
        found = [whole_number(each) for each in ids] if isinstance(ids, list) else []
        return cls(
            id=required_id(payload),
            name=plain_text(payload.get("name")),
            tariff_ids=tuple(dict.fromkeys(each for each in found if each is not None)),
            partner_id=whole_number(payload.get("partnerId")),
            last_updated_at=instant(payload.get("lastUpdatedAt")),
        )


@dataclass(frozen=True, slots=True)
class TariffSnapshot:
    """A tariff as it was when a session began; what the session costs is reckoned by it."""

    id: int
    tariff_id: int | None
    tariff: Tariff

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a snapshot as AMPECO gives it; the id of `tariff` is the snapshot's."""
        return cls(
            id=required_id(payload),
            tariff_id=whole_number(payload.get("tariffId")),
            tariff=Tariff.from_payload(payload),
        )


# What makes a tariff one for some users only; the first stands for all in what is kept.
_BY_USER = (
    "applyToUsersOfPartners",
    "applyToUserGroupIds",
    "applyToUsersWithGroups",
    "applyToUsersWithSubscriptions",
    "applyToUsersOfChargePointOwner",
    "applyToUsersOfChargePointPartner",
    "applyToUsersOfAllRoamingEmsps",
    "applyToAdHocUsers",
)
