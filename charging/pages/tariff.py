"""The tariff by which a session is reckoned: read from the operator as somebody looks."""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from ampeco.connection import get_client
from ampeco.types import Tariff
from charging.models import Session
from tariffs.engine import terms
from upstream.errors import UpstreamError

# The operator keeps it as it was when the session began.
KEPT_SECONDS = 24 * 3600
FAILED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TariffFacts:
    """What a page shows of a tariff: its name, and in sentences what charging costs by it."""

    name: str
    terms: tuple[str, ...]


def tariff_of(session: Session) -> TariffFacts | None:
    """Return a session's tariff as it was when the session began; None where it is not known.

    Asks the operator, unless somebody has just looked at it.
    """
    pk = session.ampeco_tariff_snapshot_id
    if pk is None:
        return None
    key = f"tariff-snapshot:{pk}"
    kept = cache.get(key)
    if kept is None:
        kept = _read(pk)
        cache.set(key, kept, KEPT_SECONDS if kept else FAILED_SECONDS)
    if not kept:
        return None
    tariff = Tariff.from_payload(kept)
    return TariffFacts(tariff.name, terms(tariff))


def _read(pk: int) -> dict[str, Any]:
    """Return a tariff as the cache keeps it; nothing where the operator does not tell."""
    try:
        return get_client().read_tariff_snapshot(pk).tariff.to_payload()
    except UpstreamError:
        return {}
