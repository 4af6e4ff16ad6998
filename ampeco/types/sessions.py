"""What was charged, and what it came to."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

from upstream.readers import (
    Payload,
    Table,
    UnreadablePayload,
    decimal_number,
    instant,
    objects,
    one_of,
    plain_text,
    read_fields,
    section,
    text_or_none,
    whole_number,
)
from upstream.tag_keys import last_digits

SESSION_STATUSES = frozenset({"unknown", "pending", "active", "finished", "failed", "expired"})
BILLING_STATUSES = frozenset({"pending", "suspended", "completed"})
PAYMENT_STATUSES = frozenset({"pending", "paid", "partially", "failed"})
PRICE_TYPES = frozenset(
    (
        *("flat", "connection", "energy", "charging_time", "idle_time", "power_levels_time"),
        *("min_price", "service_fee", "energy_flat_fee", "duration_flat_fee", "idle_flat_fee"),
    )
)
PRICE_UNITS = frozenset({"kwh", "minute", "session"})
# AMPECO counts Wh and W.
THOUSAND = 1000
# How AMPECO spells the id tag of a charge that was started remotely; it holds the session's id.
REMOTE = "*"

SESSION_FIELDS: Table = {
    "id": ("id", text_or_none),
    "status": ("status", one_of(SESSION_STATUSES, "session status")),
    "reason": ("reason", plain_text),
    "booking_id": ("bookingId", whole_number),
    "user_id": ("userId", whole_number),
    "evse_id": ("evseId", whole_number),
    "charge_point_id": ("chargePointId", whole_number),
    "started_at": ("startedAt", instant),
    "stopped_at": ("stoppedAt", instant),
    "currency": ("currency", plain_text),
    "billing_status": ("billingStatus", one_of(BILLING_STATUSES, "billing status", absent="")),
    "payment_status": ("paymentStatus", one_of(PAYMENT_STATUSES, "payment status", absent="")),
    "receipt_id": ("receiptId", whole_number),
    "tariff_snapshot_id": ("tariffSnapshotId", whole_number),
    "extended_by_id": ("extendedBySessionId", whole_number),
    "last_updated_at": ("lastUpdatedAt", instant),
}
PART_FIELDS: Table = {
    "type": ("type", one_of(PRICE_TYPES, "part of a price")),
    "unit": ("unit", one_of(PRICE_UNITS, "unit of a price")),
    "quantity": ("quantity", decimal_number),
    "tax_percent": ("taxPercentage", decimal_number),
}


@dataclass(frozen=True, slots=True)
class PricePart:
    """A part of what a session costs, in the session's currency; with tax if not said otherwise."""

    type: str
    unit: str
    quantity: Decimal | None
    price_per_unit: Decimal | None
    price_per_unit_without_tax: Decimal | None
    price: Decimal
    price_without_tax: Decimal | None
    tax_percent: Decimal | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a part as AMPECO gives it; raises UnreadablePayload where it has no price."""
        price, each = section(payload, "price"), section(payload, "pricePerUnit")
        with_tax = decimal_number(price.get("withTax"))
        if with_tax is None:
            with_tax = decimal_number(payload.get("totalPrice"))
        if with_tax is None:
            raise UnreadablePayload("“price” is missing or cannot be read.")
        return cls(
            price=with_tax,
            price_without_tax=decimal_number(price.get("withoutTax")),
            price_per_unit=decimal_number(each.get("withTax")),
            price_per_unit_without_tax=decimal_number(each.get("withoutTax")),
            **read_fields(payload, PART_FIELDS, required=()),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A charge. Energy is in kWh (AMPECO counts Wh), power in kW, `amount` the total with tax.

    `billing_status` and `payment_status` are empty where AMPECO does not say (3.108).
    `price_breakdown` is empty unless it was asked for. `extends_id` is the session of which this
    one holds what came later, after the charger had been silent; `extended_by_id` the other way
    round. Of the card's number only the end is kept, nothing of what started it remotely.
    """

    id: str
    status: str
    reason: str
    booking_id: int | None
    user_id: int | None
    evse_id: int | None
    charge_point_id: int | None
    started_at: datetime | None
    stopped_at: datetime | None
    energy_kwh: Decimal | None
    power_kw: Decimal | None
    peak_kw: Decimal | None
    amount: Decimal | None
    amount_without_tax: Decimal | None
    tax_percent: Decimal | None
    currency: str
    billing_status: str
    payment_status: str
    id_tag_end: str = field(repr=False)
    receipt_id: int | None
    tariff_snapshot_id: int | None
    extends_id: int | None
    extended_by_id: int | None
    is_roaming: bool
    last_updated_at: datetime | None
    price_breakdown: tuple[PricePart, ...] = ()

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a session as AMPECO gives it."""
        total, power = section(payload, "totalAmount"), section(payload, "power")
        with_tax = decimal_number(total.get("withTax"))
        latest = _thousandth(power.get("latest"))
        tag = plain_text(payload.get("idTag"))
        extends = whole_number(payload.get("originalSessionId"))
        return cls(
            energy_kwh=_thousandth(payload.get("energy")),
            power_kw=decimal_number(payload.get("powerKw")) if latest is None else latest,
            peak_kw=_thousandth(power.get("peak")),
            amount=decimal_number(payload.get("amount")) if with_tax is None else with_tax,
            amount_without_tax=decimal_number(total.get("withoutTax")),
            tax_percent=decimal_number(section(payload, "tax").get("taxPercentage")),
            id_tag_end="" if tag.startswith(REMOTE) else last_digits(tag),
            extends_id=whole_number(payload.get("extendingSessionId"))
            if extends is None
            else extends,
            is_roaming=section(payload, "roaming").get("roamingOperatorCpoId") is not None,
            price_breakdown=_parts(payload.get("priceBreakdown")),
            **read_fields(payload, SESSION_FIELDS),
        )


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a session had drawn by an instant, in kWh, and what it drew then, in kW."""

    at: datetime
    energy_kwh: Decimal | None
    power_kw: Decimal | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a point of a session's curve as AMPECO gives it."""
        at = instant(payload.get("timestamp"))
        if at is None:
            raise UnreadablePayload("“timestamp” is missing or cannot be read.")
        return cls(
            at=at,
            energy_kwh=_thousandth(payload.get("energy")),
            power_kw=_thousandth(payload.get("power")),
        )


def _thousandth(value: Any) -> Decimal | None:
    number = decimal_number(value)
    return None if number is None else number / THOUSAND


def _parts(value: object) -> tuple[PricePart, ...]:
    parts = []
    for entry in objects(value):
        try:
            parts.append(PricePart.from_payload(entry))
        except UnreadablePayload:
            continue
    return tuple(parts)
