"""What the operator has agreed with partners, and what each of the two gets and owes."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from upstream.readers import (
    Payload,
    choice,
    decimal_number,
    flag,
    instant,
    objects,
    plain_text,
    required_id,
    section,
    whole_number,
)

REVENUE_ORIGINS = frozenset({"session-cpo", "electricity-tax-reimbursement"})
EXPENSE_ORIGINS = frozenset(
    {"platform-fee-emsp", "platform-fee-cpo", "user-custom-fee", "session-emsp"}
)


@dataclass(frozen=True, slots=True)
class PartnerContract:
    """A contract with a partner; shares in percent, fees without tax.

    AMPECO names no currency. It runs from the first of a month until the last of another, or on.
    """

    id: int
    partner_id: int
    title: str
    start_at: datetime | None
    end_at: datetime | None
    renews_itself: bool
    may_control_sessions: bool
    share_ac_percent: Decimal | None
    share_dc_percent: Decimal | None
    fee_per_charge_point: Decimal | None
    fee_per_ac_evse: Decimal | None
    fee_per_dc_evse: Decimal | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a contract as AMPECO gives it; what is not said is not allowed."""
        shares, fees = section(payload, "revenueSharing"), section(payload, "monthlyPlatformFees")
        allowed = section(payload, "accessAndPermissions")
        return cls(
            id=required_id(payload),
            partner_id=required_id(payload, "partnerId"),
            title=plain_text(payload.get("title")),
            start_at=instant(payload.get("startDate")),
            end_at=instant(payload.get("endDate")),
            renews_itself=flag(payload.get("autoRenewal")) or False,
            may_control_sessions=flag(allowed.get("sessionsRemoteControl")) or False,
            share_ac_percent=decimal_number(shares.get("partnerSharePercentageAcEvse")),
            share_dc_percent=decimal_number(shares.get("partnerSharePercentageDcEvse")),
            fee_per_charge_point=decimal_number(fees.get("perChargePoint")),
            fee_per_ac_evse=decimal_number(fees.get("perAcEvse")),
            fee_per_dc_evse=decimal_number(fees.get("perDcEvse")),
        )


@dataclass(frozen=True, slots=True)
class PartnerRevenue:
    """What was taken for a charge at a partner's charger, without tax, and who gets what of it."""

    id: int
    at: datetime | None
    origin: str
    amount: Decimal | None
    operator_share: Decimal | None
    partner_share: Decimal | None
    currency: str
    session_id: int | None
    charge_point: str
    is_collected: bool

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a revenue as AMPECO gives it."""
        return cls(
            id=required_id(payload),
            at=instant(payload.get("date")),
            origin=choice(payload.get("origin"), REVENUE_ORIGINS, field="origin of a revenue"),
            amount=decimal_number(section(payload, "totalAmount").get("withoutTax")),
            operator_share=decimal_number(payload.get("operatorShare")),
            partner_share=decimal_number(payload.get("partnerShare")),
            currency=plain_text(payload.get("currencyCode")),
            session_id=whole_number(payload.get("chargingSessionId")),
            charge_point=plain_text(payload.get("chargePointName")),
            is_collected=instant(payload.get("collectedAt")) is not None,
        )


@dataclass(frozen=True, slots=True)
class PartnerExpense:
    """What a partner owes the operator, without tax.

    `charge_points` is how many a platform fee was reckoned for, where AMPECO says so.
    """

    id: int
    at: datetime | None
    origin: str
    period: str
    amount: Decimal | None
    currency: str
    session_id: int | None
    charge_point: str
    charge_points: int | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an expense as AMPECO gives it, with the breakdown that was asked for."""
        counts = [
            whole_number(part.get("numberOfChargePoints"))
            for part in objects(payload.get("breakdown"))
        ]
        known = [count for count in counts if count is not None]
        return cls(
            id=required_id(payload),
            at=instant(payload.get("date")),
            origin=choice(payload.get("origin"), EXPENSE_ORIGINS, field="origin of an expense"),
            period=plain_text(payload.get("period")),
            amount=decimal_number(section(payload, "totalAmount").get("withoutTax")),
            currency=plain_text(payload.get("currencyCode")),
            session_id=whole_number(payload.get("chargingSessionId")),
            charge_point=plain_text(payload.get("chargePointName")),
            charge_points=sum(known) if known else None,
        )
