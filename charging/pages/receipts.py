"""The operator's receipt for a session: its number, and where it is had."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.cache import cache

from ampeco.connection import get_client
from ampeco.types import Receipt
from charging.models import Session
from upstream.errors import UpstreamError

KEPT_SECONDS = 600
FAILED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a page shows of a receipt: its address is for a short while, and never kept."""

    number: str
    can_be_had: bool


def receipt_facts(session: Session) -> ReceiptFacts | None:
    """Return what is known of a session's receipt; None without one, or where it may not be read.

    Asks the operator, unless somebody has just looked at it.
    """
    if session.ampeco_receipt_id is None:
        return None
    key = f"session-receipt:{session.ampeco_receipt_id}"
    kept = cache.get(key)
    if kept is not None:
        return ReceiptFacts(*kept) if kept else None
    receipt = _read(session)
    if receipt is None:
        cache.set(key, (), FAILED_SECONDS)
        return None
    facts = (receipt.number, bool(_address(receipt)))
    cache.set(key, facts, KEPT_SECONDS)
    return ReceiptFacts(*facts)


def receipt_address(session: Session) -> str:
    """Return the operator's own address of a session's receipt; "" where it cannot be had now."""
    receipt = _read(session)
    return _address(receipt) if receipt else ""


def _read(session: Session) -> Receipt | None:
    if session.ampeco_receipt_id is None:
        return None
    try:
        return get_client().read_receipt(session.ampeco_receipt_id)
    except UpstreamError:
        return None


def _address(receipt: Receipt) -> str:
    """Return where a receipt is had, if that is an address of the web."""
    address = receipt.download_url
    return address if urlsplit(address).scheme in {"https", "http"} else ""
