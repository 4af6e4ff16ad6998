"""What was paid, and the papers about it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from upstream.readers import (
    Payload,
    Table,
    decimal_number,
    instant,
    one_of,
    plain_text,
    read_fields,
    whole_number,
)

TRANSACTION_STATUSES = frozenset(
    {"pending", "finalized", "failed", "reversed", "refunded", "authorized", "initialized"}
)
RECEIPT_STATUSES = frozenset({"pending", "paid", "partially_paid"})

TRANSACTION_FIELDS: Table = {
    "id": ("id", whole_number),
    "number": ("number", plain_text),
    "status": ("status", one_of(TRANSACTION_STATUSES, "transaction status")),
    "made_at": ("date", instant),
    "finalized_at": ("finalizedAt", instant),
    "user_id": ("userId", whole_number),
    "session_id": ("sessionId", whole_number),
    "amount": ("totalAmount", decimal_number),
    "currency": ("currency", plain_text),
    "invoice_number": ("invoiceNo", plain_text),
    "invoice_id": ("invoiceId", whole_number),
    "receipt_id": ("receiptId", whole_number),
    "last_updated_at": ("lastUpdatedAt", instant),
}
RECEIPT_FIELDS: Table = {
    "id": ("id", whole_number),
    "number": ("receiptNo", plain_text),
    "user_id": ("userId", whole_number),
    "energy_kwh": ("totalKwh", decimal_number),
    "amount": ("totalAmount", decimal_number),
    "payment_status": ("paymentStatus", one_of(RECEIPT_STATUSES, "receipt status", absent="")),
    "period_start": ("periodStart", instant),
    "period_end": ("periodEnd", instant),
    "download_url": ("downloadUrl", plain_text),
}


@dataclass(frozen=True, slots=True)
class Transaction:
    """A payment. Only one that is “finalized” says that something is paid.

    `session_id` is None for what was not paid for a session. Whose card paid is left out.
    """

    id: int
    number: str
    status: str
    made_at: datetime | None
    finalized_at: datetime | None
    user_id: int | None
    session_id: int | None
    amount: Decimal | None
    currency: str
    invoice_number: str
    invoice_id: int | None
    receipt_id: int | None
    last_updated_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a transaction as AMPECO gives it."""
        return cls(**read_fields(payload, TRANSACTION_FIELDS))


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt; the address from which it is had is for a short while and never kept.

    AMPECO does not say in which currency it is.
    """

    id: int
    number: str
    user_id: int | None
    energy_kwh: Decimal | None
    amount: Decimal | None
    payment_status: str
    period_start: datetime | None
    period_end: datetime | None
    download_url: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a receipt as AMPECO gives it."""
        return cls(**read_fields(payload, RECEIPT_FIELDS))
