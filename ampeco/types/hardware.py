"""How chargers are doing: status logs, error codes, and what runs in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from upstream.readers import (
    Payload,
    UnreadablePayload,
    instant,
    plain_text,
    required_id,
    section,
    whole_number,
)

# What chargers say while nothing is wrong.
NO_ERROR = "NoError"


@dataclass(frozen=True, slots=True)
class StatusLog:
    """A status that a charge point (network, hardware) or an EVSE (hardware) took on.

    Of the network only status and instant are told.
    """

    id: str
    status: str
    at: datetime
    error_code: str
    vendor_id: str
    vendor_error_code: str
    info: str
    description: str
    customer_action: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an entry as AMPECO gives it, which has no id: status and instant tell them apart.

        Raises UnreadablePayload for one without them.
        """
        status, at = plain_text(payload.get("status")), instant(payload.get("timestamp"))
        if not status or at is None:
            raise UnreadablePayload("“status” or “timestamp” is missing or cannot be read.")
        error = plain_text(payload.get("errorCode"))
        return cls(
            id=f"{at.isoformat()}/{status}",
            status=status,
            at=at,
            error_code="" if error == NO_ERROR else error,
            vendor_id=plain_text(payload.get("vendorId")),
            vendor_error_code=plain_text(payload.get("vendorErrorCode")),
            info=plain_text(payload.get("info")),
            description=plain_text(payload.get("errorCodeDescription")),
            customer_action=plain_text(payload.get("errorCodeCustomerAction")),
        )


@dataclass(frozen=True, slots=True)
class VendorErrorCode:
    """What a vendor's error code means, and what a customer may do."""

    id: str
    vendor_id: str
    code: str
    description: str
    customer_action: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read an error code as AMPECO gives it; its own id may be missing."""
        vendor, code = plain_text(payload.get("vendorId")), plain_text(payload.get("errorCode"))
        if not vendor or not code:
            raise UnreadablePayload("“vendorId” or “errorCode” is missing or cannot be read.")
        return cls(
            id=f"{vendor}/{code}",
            vendor_id=vendor,
            code=code,
            description=plain_text(payload.get("errorCodeDescription")),
            customer_action=plain_text(payload.get("errorCodeCustomerAction")),
        )


@dataclass(frozen=True, slots=True)
class FirmwareVersion:
    """A version of the firmware for some models; the address of its file is not read."""

    id: int
    version: str
    details: str
    model_ids: tuple[int, ...]
    created_at: datetime | None

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a version as AMPECO gives it, with the models that were asked for."""
        models = payload.get("models")
        found = [
            whole_number(one.get("id") if isinstance(one, dict) else one)
            for one in (models if isinstance(models, list) else ())
        ]
        return cls(
            id=required_id(payload),
            version=plain_text(payload.get("firmwareVersion")),
            details=plain_text(payload.get("details")),
            model_ids=tuple(one for one in found if one is not None),
            created_at=instant(payload.get("createdAt")),
        )


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a charge point is made of, as it said when it started last."""

    id: int
    model_id: int | None
    vendor: str
    model: str
    firmware_version: str

    @classmethod
    def from_payload(cls, payload: Payload) -> Self:
        """Read a charge point with its last boot notification."""
        boot = section(payload, "lastBootNotification")
        return cls(
            id=required_id(payload),
            model_id=whole_number(payload.get("modelId")),
            vendor=plain_text(boot.get("vendor")),
            model=plain_text(boot.get("model")),
            firmware_version=plain_text(boot.get("firmwareVersion")),
        )
